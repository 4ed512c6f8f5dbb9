"""What the functions work with. `shared/runtime/composition.py` puts it together."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.access.authentication import Authenticator
from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.http.page_token_keys import PageTokenKeys
from shared.http.rates import Rates
from shared.http.store_health import StoreHealth
from shared.notifications.deliverer import Deliverer
from shared.observability.request_log import log_bug
from shared.observability.request_record import Observer, RequestRecord
from shared.settings import Settings
from shared.store.port import Store
from shared.transactions.coordinator import Coordinator
from shared.transactions.overrides import OverrideTransactions


class Dependencies(Struct, frozen=True):
    """The dependencies of every function. `now` returns the present instant in UTC.

    `deliverer` is None where no sink is configured.
    """

    settings: Settings
    authenticator: Authenticator
    store: Store
    doctor_cache: DoctorCache
    clinic_cache: ClinicCache
    transactions: Coordinator
    overrides: OverrideTransactions
    page_token_keys: PageTokenKeys
    store_health: StoreHealth
    rates: Rates
    now: Callable[[], datetime]
    observers: tuple[Observer, ...]
    deliverer: Deliverer | None = None

    @property
    def patient_issuer(self) -> str:
        """The issuer of the accounts of patients; empty where nobody is asked for a token."""
        auth = self.settings.auth
        return auth.issuer if auth else ""

    def notify(self, record: RequestRecord) -> None:
        """Notify every observer of a completed request."""
        for observer in self.observers:
            try:
                observer(record)
            except Exception as error:  # noqa: BLE001 - the response must not be lost for it
                log_bug("a request was answered but not recorded", error)

    async def close(self) -> None:
        """Close the store, then every observer."""
        try:
            if self.deliverer:
                await self.deliverer.close()
            await self.store.close()
        finally:
            for observer in self.observers:
                observer.close()
