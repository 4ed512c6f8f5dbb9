"""A request that the store does not answer ends, and its record says which wait it was."""

from msgspec.structs import replace

from shared.observability.request_record import RequestRecord
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from tests.functions.api import NOW, Api, Clock
from tests.scripted_store import ScriptedStore, hangs
from tests.simulated_loop import now, simulated


class Observer:
    """Keeps the records of completed requests."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []

    def __call__(self, record: RequestRecord) -> None:
        self.records.append(record)

    def close(self) -> None:
        raise NotImplementedError


@simulated
async def test_a_transaction_that_is_not_answered_in_time_says_so_itself() -> None:
    store, observer = ScriptedStore(), Observer()
    store.on_load.append(hangs)
    opened = build_dependencies(read_settings({"DEADLINE_SECONDS": "4"}), store)
    api = Api(replace(opened, observers=(observer,)), Clock(NOW))
    response = await api.post("cancel_appointment", {"appointment_id": "strange.20501121.x"})
    assert (response.status_code, now()) == (503, 4)
    (record,) = observer.records
    assert str(record.error) == "no certain answer within 4 s"
