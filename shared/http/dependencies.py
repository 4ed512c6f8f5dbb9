"""What the functions work with."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.directory.doctor_cache import DoctorCache
from shared.observability.request_log import log_bug
from shared.observability.request_record import Observer, RequestRecord
from shared.settings import Settings
from shared.store.port import Store
from shared.transactions.coordinator import Coordinator


class Dependencies(Struct, frozen=True):
    """The dependencies of every function. `now` gives the present instant in UTC."""

    settings: Settings
    store: Store
    doctor_cache: DoctorCache
    transactions: Coordinator
    now: Callable[[], datetime]
    observers: tuple[Observer, ...]

    def tell(self, record: RequestRecord) -> None:
        """Let the log, and whoever else wants to know, note a request that was answered."""
        for observer in self.observers:
            try:
                observer(record)
            except Exception as error:  # noqa: BLE001 - the answer must not be lost for it
                log_bug("a request was answered, but not noted", error)

    async def close(self) -> None:
        """Let go of the store, once nobody asks any more."""
        try:
            await self.store.close()
        finally:
            for observer in self.observers:
                observer.close()
