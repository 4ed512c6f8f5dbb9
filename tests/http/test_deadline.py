"""A request that the store does not answer ends, and its record says which wait it was."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import pytest
from msgspec.structs import replace

from shared.model.doctor import Doctor
from shared.observability.request_record import RequestRecord
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from tests.builders import doctor
from tests.functions.api import NOW, Api, Clock
from tests.notifications import simulated_sinks as sinks
from tests.scripted_store import ScriptedStore, hangs
from tests.simulated_loop import now, simulated
from tests.simulated_store import SimulatedStore


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


@pytest.mark.parametrize(("size", "answer"), [(65_537, (413, 5)), (65_536, (503, 10.5))])
@simulated
async def test_a_body_that_never_arrives_is_refused_if_it_would_be_too_large(
    size: int, answer: tuple[int, float]
) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.get_running_loop().create_future()
        yield b""

    api = Api(build_dependencies(read_settings({}), ScriptedStore()), Clock(NOW))
    headers = {"Content-Type": "application/json", "Content-Length": str(size)}
    response = await api.client.post("/create_appointment", content=never(), headers=headers)
    assert (response.status_code, now()) == answer


class Clinic(ScriptedStore):
    """A store that knows a doctor."""

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:  # noqa: ARG002
        return {"strange": doctor()}


@simulated
async def test_an_override_may_take_as_long_as_three_bookings() -> None:
    store, observer = Clinic(), Observer()
    store.on_load.append(hangs)
    opened = build_dependencies(read_settings({"DEADLINE_SECONDS": "4"}), store)
    api = Api(replace(opened, observers=(observer,)), Clock(NOW))
    day = {"start": "2050-11-21", "end": "2050-11-21"}
    response = await api.post(
        "create_override", {"doctor_id": "strange", "kind": "time_off", **day}
    )
    assert (response.status_code, now()) == (503, 12)
    (record,) = observer.records
    assert str(record.error) == "no certain answer within 12 s"
    assert (record.function, record.booked) == ("create_override", False)


@pytest.mark.parametrize("deadline", ["0.1", "300"])
@simulated
async def test_a_run_of_deliveries_ends_in_time_whatever_the_setting(deadline: str) -> None:
    store, slow = SimulatedStore(), sinks.Slow(9)
    sinks.leave(store, *(sinks.record(f"n{number}") for number in range(200)))
    known = sinks.Clinic(store)
    opened = build_dependencies(read_settings({"DEADLINE_SECONDS": deadline}), known)
    api = Api(replace(opened, deliverer=sinks.deliverer(known, slow)), Clock(NOW))
    response = await api.post("deliver_events", {})
    # Sixteen at once, five times: the last ones begin after 36 s.
    assert (response.status_code, now()) == (200, 45)
    assert response.json() == {"delivered": 80, "failed": 0}
    assert (len(slow.tried), len(store.outbox)) == (80, 120)
