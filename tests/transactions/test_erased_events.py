"""An erasure deletes the events that name the patient, whoever waits for them. On both stores."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from shared.directory.doctor_cache import DoctorCache
from shared.model.outbox import Delivery, OutboxRecord
from shared.model.patient_key import patient_key
from shared.rules.erasing import ERASED
from shared.rules.events import Telling
from shared.store.port import OutboxWrite, Store, Writes
from shared.transactions.coordinator import Coordinator
from shared.transactions.erasure import Erasure
from tests.builders import ISSUER, at, doctor, patient
from tests.commands import command, granted, move
from tests.conftest import STORES, start_server_of
from tests.store.contract.conftest import OPENERS

ADA, BOB = patient("ada"), patient("bob")
HERS, HIS = "strange.20261130.000000000000000000000001", "strange.20261130.000000000000000000000002"
NOW, AFTER = at("2026-11-20T09:00Z"), at("2026-12-20T09:00Z")
SET_ASIDE = Delivery("set_aside", 21, NOW, None, "it answered 500")

How = Callable[[Erasure], Awaitable[object]]
HOW: dict[str, How] = {
    "an account": lambda it: it.erase_account(patient_key(ISSUER, "ada"), ADA, NOW),
    "an appointment": lambda it: it.erase_appointments([HERS], NOW),
    "what is past": lambda it: it.erase_past([HERS], AFTER),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each store, with two appointments, of which one was moved, and their events."""
    start_server_of(request.param, request)
    opened = OPENERS[request.param](tmp_path)
    await opened.put_doctors([doctor()])
    coordinator = telling(opened)
    for name, by, start in ((HERS, ADA, "2026-11-30T09:00Z"), (HIS, BOB, "2026-11-30T12:00Z")):
        granted(await coordinator.run(command(start, name, by=by)))
    granted(await coordinator.run(move("2026-11-30", "2026-11-30T10:00Z", HERS, by=ADA)))
    yield opened
    await opened.close()


def telling(store: Store) -> Coordinator:
    """A coordinator that tells of changes, and of appointments a day before."""
    jitter = Random(0)  # noqa: S311 - it is no secret
    return Coordinator(store, 10, jitter, Telling((timedelta(days=1),)))


async def erase(store: Store, how: str) -> None:
    jitter = Random(0)  # noqa: S311 - it is no secret
    await HOW[how](Erasure(store, telling(store), DoctorCache(store), jitter))


async def kept(store: Store, appointment_id: str = HERS) -> list[OutboxRecord]:
    return [each.value for each in await store.waiting_events([appointment_id])]


def told(records: list[OutboxRecord]) -> list[tuple[str, int]]:
    return [(each.event.type, each.event.version) for each in records]


BEFORE = [("booked", 1), ("reminder", 1), ("moved", 2), ("reminder", 2)]


@pytest.mark.parametrize(
    ("how", "erased_as"),
    [("an account", "cancelled"), ("an appointment", "cancelled"), ("what is past", "updated")],
)
async def test_what_is_left_names_nobody_and_tells_of_the_erasure(
    store: Store, how: str, erased_as: str
) -> None:
    assert told(await kept(store)) == BEFORE
    first = (await store.waiting_events([HERS]))[0]
    set_aside = replace(first.value, due_at=None, deliveries={"hook": SET_ASIDE})
    await store.commit(Writes(events=[OutboxWrite(set_aside, first.version)]))
    await erase(store, how)
    left = await kept(store)
    assert told(left) == [("reminder", 1), ("reminder", 2), (erased_as, 3)]
    assert [each.value for each in await store.set_aside_events(9)] == []
    *reminders, last = [each.event for each in left]
    assert [(each.appointment, each.personal) for each in reminders] == [(None, False)] * 2
    assert last.appointment
    assert (last.appointment.patient, last.appointment.owner) == (ERASED, None)
    assert not last.personal
    assert last.previous is None


@pytest.mark.parametrize("how", HOW)
async def test_events_of_others_stay_and_so_does_that_of_the_erasure_itself(
    store: Store, how: str
) -> None:
    for _ in range(2):
        await erase(store, how)
        assert told(await kept(store))[-1][1] == 3
        assert told(await kept(store, HIS)) == [("booked", 1), ("reminder", 1)]
        assert all(each.event.personal for each in (await kept(store, HIS))[:1])
