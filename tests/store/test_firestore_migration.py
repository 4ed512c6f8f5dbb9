"""A database of release 1.0 is brought over to doctor-days, while its instances still write."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.access.caller import ANYBODY
from shared.model.day import DayKey
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, list_window
from shared.queries.look_ups import find_appointment
from shared.store.firestore.migration import Migration
from shared.store.firestore.store import FirestoreStore
from shared.store.firestore.values import Document, Write, to_fields
from shared.store.port import Keys, StoreRefused
from tests.builders import key, span
from tests.firestore_emulator import emulated_store

if TYPE_CHECKING:
    from shared.store.firestore.messages import Message

AT_ONCE = timedelta()
SUMMER = span("2027-07-01T00:00Z", "2027-08-01T00:00Z")
WEEK = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "00:00", "closes": "24:00"}]
MADE = {"created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"}

# In New York, half an hour after midnight in summer is half an hour before it in winter.
AFTER_MIDNIGHT = "strange.20270706.a"
MOVED, CANCELLED, ABROAD = "strange.20270706.b", "strange.20270706.c", "strange.20270706.d"
DAMAGED = "strange.20270706.e"


def entry(name: str, start: str, end: str, **fields: str) -> dict[str, object]:
    """An entry as release 1.0 wrote it."""
    times = {"start": f"2027-07-{start}:00Z", "end": f"2027-07-{end}:00Z"}
    return {"id": name, **times, "patient": {"name": "Ada"}, **MADE, **fields}


def pointer(name: str, doctor_id: str, day: str) -> dict[str, object]:
    return {"id": name, "moved_to": {"doctor_id": doctor_id, "day": day}}


OLD_DAYS = {
    key("2027-07-06"): [
        entry(AFTER_MIDNIGHT, "06T04:30", "06T05:00"),
        pointer(MOVED, "strange", "2027-07-08"),
        entry(CANCELLED, "06T14:00", "06T14:30", cancelled_at="2026-11-02T00:00:00Z"),
        pointer(ABROAD, "who", "2027-07-07"),
    ],
    key("2027-07-08"): [entry(MOVED, "08T14:00", "08T14:30")],
    key("2027-07-07", "who"): [
        entry(ABROAD, "07T14:00", "07T14:30", cancelled_at="2026-11-02T00:00:00Z")
    ],
}


class Earlier:
    """What an instance of release 1.0 writes, on the store that is to be brought over."""

    def __init__(self, store: FirestoreStore) -> None:
        self.store = store
        self.calls = store._calls()  # noqa: SLF001 - past the port
        self.said: list[str] = []

    async def put(self, name: str, fields: Mapping[str, object]) -> None:
        document: Message = Document(name=f"{self.calls.root}/{name}", fields=to_fields(fields))
        await self.calls.commit([Write(update=document)])

    async def put_doctor(self, doctor_id: str) -> None:
        fields = {"name": "A doctor", "time_zone": "America/New_York", "working_hours": WEEK}
        await self.put(f"doctors/{doctor_id}", fields)

    async def put_day(self, day: DayKey, *texts: str) -> None:
        entries = {json.loads(text).get("id", DAMAGED): text for text in texts}
        await self.put(f"doctors/{day.doctor_id}/days/{day.day}", {"appointments": entries})

    async def migrate(self) -> Migration:
        migration = Migration(self.calls, self.said.append, AT_ONCE)
        await migration.run()
        return migration

    async def listed(self, doctor_id: str, bounds: Interval = SUMMER) -> dict[str, list[str]]:
        """The ids of a doctor's booked appointments, and of all."""
        doctor = (await self.store.doctors([doctor_id]))[doctor_id]
        found = {}
        async with self.store.snapshot() as snapshot:
            for name, with_cancelled in (("booked", False), ("all", True)):
                page = await list_window(
                    snapshot, ListQuery(doctor, bounds, with_cancelled, size=100)
                )
                found[name] = [appointment.id for appointment in page.entries]
        return found


@pytest.fixture
async def earlier(emulator: str) -> AsyncIterator[Earlier]:  # noqa: ARG001 - it has to run
    earlier = Earlier(emulated_store(f"demo-{uuid4()}", seconds=10))
    for doctor_id in ("strange", "who"):
        await earlier.put_doctor(doctor_id)
    for day, entries in OLD_DAYS.items():
        await earlier.put_day(day, *map(json.dumps, entries))
    yield earlier
    await earlier.store.close()


async def test_everything_is_found_where_it_belongs_from_now_on(earlier: Earlier) -> None:
    with pytest.raises(StoreRefused, match=r"run `python -m shared\.runtime\.migrate`"):
        await earlier.store.list_doctors(10)
    migration = await earlier.migrate()
    assert migration.left == []
    of_service = await earlier.store.list_doctors(10, service_id="x-ray")
    assert [d.id for d in of_service] == ["strange", "who"]
    assert [d.day_shift for d in await earlier.store.list_doctors(10)] == 2 * [timedelta(hours=-5)]
    assert await earlier.listed("strange") == {
        "booked": [AFTER_MIDNIGHT, MOVED],
        "all": [AFTER_MIDNIGHT, CANCELLED, MOVED],
    }
    assert await earlier.listed("who") == {"booked": [], "all": [ABROAD]}
    async with earlier.store.snapshot() as snapshot:
        for name in (AFTER_MIDNIGHT, MOVED, CANCELLED, ABROAD):
            found = await find_appointment(snapshot, name, ANYBODY)
            assert found
            assert found.id == name
        day = (await snapshot.load(Keys(days=[key("2027-07-05")]))).days[key("2027-07-05")].value
    (appointment,) = day.appointments
    assert (appointment.id, str(appointment.told_start)) == (AFTER_MIDNIGHT, "2027-07-06 00:30:00")


async def test_it_may_be_stopped_and_begun_again(earlier: Earlier) -> None:
    stopped = Migration(earlier.calls, earlier.said.append, timedelta(days=1))
    documents = await stopped._doctor_documents()  # noqa: SLF001 - as far as it came
    await stopped._mark(documents)  # noqa: SLF001
    (strange, *_) = [d for d in OLD_DAYS if d.doctor_id == "strange"]
    await earlier.put_day(strange._replace(day=strange.day.replace(day=20)), json.dumps(LATE))
    await earlier.migrate()
    assert (await earlier.listed("strange"))["booked"] == [AFTER_MIDNIGHT, MOVED, LATE["id"]]
    await earlier.migrate()
    assert earlier.said[-1] == "there is nothing to bring over"


LATE = entry("strange.20270720.l", "20T14:00", "20T14:30")


async def test_what_nobody_can_read_is_named_and_stays_where_it_was(earlier: Earlier) -> None:
    day = key("2027-07-09")
    await earlier.put_day(day, json.dumps({"id": DAMAGED, "start": "soon"}))
    migration = await earlier.migrate()
    (left,) = migration.left
    assert left.startswith("strange, 2027-07-09: ")
    name = f"{earlier.calls.root}/doctors/strange/days/2027-07-09"
    (answer,) = [answer async for answer in earlier.calls.batch_get([name], None)]
    assert DAMAGED in answer.found.fields["appointments"].map_value.fields


async def test_an_earlier_release_can_read_neither_doctors_nor_days_any_more(
    earlier: Earlier,
) -> None:
    """Release 1.0 refused a doctor with unknown members, and an entry that was no object."""
    await earlier.migrate()
    names = ["doctors/strange", "doctors/strange/days/2027-07-08"]
    found = earlier.calls.batch_get([f"{earlier.calls.root}/{name}" for name in names], None)
    doctor, day = sorted([a.found async for a in found], key=lambda document: document.name)
    assert "day_shift_minutes" in doctor.fields
    texts = [e.string_value for e in day.fields["appointments"].map_value.fields.values()]
    assert "closed, and moved" in texts
