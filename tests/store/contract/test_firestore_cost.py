"""What a request costs on Firestore: calls, documents read, writes."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.override import Override
from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.queries.appointments import ListQuery, list_window
from shared.queries.look_ups import find_appointment
from shared.queries.openings import first_openings
from shared.rules.booking import book
from shared.rules.events import Telling
from shared.rules.moving import move
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Accepted
from shared.store.firestore.calls import Calls
from shared.store.firestore.store import FirestoreStore
from shared.store.port import (
    DayWrite,
    Keys,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    Stored,
    Writes,
)
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import at, booking, doctor, key, span, to_move
from tests.commands import cancel
from tests.firestore_emulator import emulated_store
from tests.functions.api import Api, Clock, Json, calling
from tests.functions.calendars import feed, link_to

NOW = at("2026-11-20T12:00Z")
ADA = patient_key("https://issuer", "ada")
NO_PATIENT = Stored(PatientSchedule(ADA), None)
T = TypeVar("T")
MONTHS = ("10", "11", "12")


@dataclass
class Cost:
    """Calls by name, documents that were read, and writes that were sent."""

    calls: list[str] = field(default_factory=list)
    reads: int = 0
    writes: int = 0


class Counting:
    """The calls to Firestore, which are noted in `cost` on their way."""

    def __init__(self, calls: Calls) -> None:
        self.database, self.root = calls.database, calls.root
        self.close = calls.close
        self.cost = Cost()
        self._calls = calls

    async def commit(self, writes: Sequence[Any]) -> Sequence[Any]:
        self.cost.calls.append("commit")
        self.cost.writes += len(writes)
        return await self._calls.commit(writes)

    async def batch_get(self, *arguments: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        self.cost.calls.append("batch_get")
        async for response in self._calls.batch_get(*arguments):
            self.cost.reads += 1  # To look up a document that is not there is a read as well.
            yield response

    async def run_query(self, *arguments: Any, **bounds: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        self.cost.calls.append("run_query")
        async for response in self._calls.run_query(*arguments, **bounds):
            self.cost.reads += bool(response.document.name)
            yield response

    async def run_sum(self, *arguments: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        self.cost.calls.append("run_sum")
        async for response in self._calls.run_sum(*arguments):
            self.cost.reads += 1  # Of up to a thousand days.
            yield response


@pytest.fixture
async def store(emulator: str) -> AsyncIterator[FirestoreStore]:
    assert emulator
    opened = emulated_store(f"demo-{uuid4()}", seconds=10)
    await opened.put_doctors([doctor()])
    yield opened
    await opened.close()


@pytest.fixture
def connection(store: FirestoreStore) -> Counting:
    counting = Counting(store._calls())  # noqa: SLF001 - the only way to see what is called
    store._connected = counting  # type: ignore[assignment] # noqa: SLF001
    return counting


@pytest.fixture
def transactions(store: FirestoreStore) -> Coordinator:
    return Coordinator(store, 10, Random(1))  # noqa: S311 - jitter


async def cost_of(connection: Counting, transactions: Coordinator, command: Command) -> Cost:
    connection.cost = Cost()
    assert isinstance(await transactions.run(command), Accepted)
    return connection.cost


def command(start: str, end: str, name: str, idempotency_key: str | None = None) -> Command:
    wish, named = booking(start, end, name), None
    if idempotency_key is not None:
        named = Idempotency.of(idempotency_key, [start], ANYBODY)
    return Command(
        days=frozenset(wish.days),
        decide=partial(book, booking=wish, now=NOW),
        now=NOW,
        subject=name,
        births=frozenset({ElsewhereKey("strange", name)}),
        caller=ANYBODY,
        idempotency=named,
    )


async def test_a_booking_on_a_known_day_is_one_call(
    connection: Counting, transactions: Coordinator
) -> None:
    wishes = [
        command("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a"),
        command("2026-11-23T10:00Z", "2026-11-23T10:30Z", "b"),
        command("2026-11-23T11:00Z", "2026-11-23T11:30Z", "c", "key"),
    ]
    assert [await cost_of(connection, transactions, wish) for wish in wishes] == [
        Cost(["batch_get", "commit"], reads=1, writes=1),
        Cost(["commit"], reads=0, writes=1),
        Cost(["commit"], reads=0, writes=2),
    ]


async def test_to_tell_others_of_a_booking_costs_a_write_and_no_call(
    store: FirestoreStore, connection: Counting
) -> None:
    day_before = (timedelta(days=1),)
    for number, (telling, writes) in enumerate(((Telling(), 2), (Telling(day_before), 3))):
        told = Coordinator(store, 10, Random(1), telling)  # noqa: S311 - jitter
        day = f"2026-11-2{3 + number}"
        first, then = (
            command(f"{day}T{hour}:00Z", f"{day}T{hour}:30Z", f"{day}.{hour}")
            for hour in ("10", "11")
        )
        cost = Cost(["batch_get", "commit"], reads=1, writes=writes)
        assert await cost_of(connection, told, first) == cost
        assert await cost_of(connection, told, then) == Cost(["commit"], writes=writes)


async def fill(store: FirestoreStore, days: int) -> None:
    """Book every working day, so many in a row, from nine to five."""
    writes = []
    for number in range(days):
        day = date(2026, 11, 23) + timedelta(days=number)
        if day.weekday() < 5:
            wish = booking(f"{day}T09:00Z", f"{day}T17:00Z", f"full{number}")
            empty = DaySchedule(key(str(day)))
            after = empty.with_appointment(wish.appointment)
            writes.append(DayWrite(Stored(empty, None), after))
    await store.commit(Writes(writes))


async def test_an_opening_within_ten_days_is_one_call(
    store: FirestoreStore, connection: Counting
) -> None:
    await fill(store, days=9)
    connection.cost = Cost()
    search = OpeningSearch(
        span("2026-11-23T00:00Z", "2027-02-21T00:00Z"),
        timedelta(minutes=30),
        at("2026-11-23T00:00Z"),
    )
    async with store.snapshot() as snapshot:
        found = await first_openings(snapshot, [doctor()], search, 1)
    assert [opening.interval.start for opening in found.openings] == [at("2026-12-02T09:00Z")]
    assert connection.cost == Cost(["batch_get"], reads=10, writes=0)


async def test_a_page_is_one_query_that_reads_only_days_that_exist_now_or_at_an_earlier_instant(
    store: FirestoreStore, connection: Counting
) -> None:
    await fill(store, days=3)
    year = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    every = ListQuery(doctor(), year, with_cancelled=False, size=100)
    connection.cost = Cost()
    async with store.snapshot() as snapshot:
        page = await list_window(snapshot, every)
        instant = await snapshot.instant()
    assert [a.id for a in page.entries] == ["full0", "full1", "full2"]
    assert connection.cost == Cost(["run_query"], reads=3, writes=0)
    connection.cost = Cost()
    async with store.snapshot(instant) as snapshot:
        rest = await list_window(snapshot, replace(every, after=page.entries[1].position))
    assert [a.id for a in rest.entries] == ["full2"]
    # The last erasure is looked for meanwhile.
    assert connection.cost == Cost(["run_query", "batch_get"], reads=3, writes=0)


def patient_write(read: Stored[PatientSchedule], *appointments: Appointment) -> PatientWrite:
    return PatientWrite(read, PatientSchedule(ADA, appointments))


async def test_a_patient_costs_one_read_in_the_same_call_one_write_and_one_for_each_month(
    store: FirestoreStore, connection: Counting
) -> None:
    booked = [booking(f"2026-{m}-23T09:00Z", f"2026-{m}-23T17:00Z", m).appointment for m in MONTHS]
    monday = key("2026-11-23")
    for after in (booked, []):
        connection.cost = Cost()
        async with store.snapshot() as snapshot:
            state = await snapshot.load(Keys(days=[monday], patients=[ADA]))
        day = DayWrite(state.days[monday], state.days[monday].value)
        await store.commit(Writes([day], patients=[patient_write(state.patients[ADA], *after)]))
        writes = 2 if after else 2 + 3
        assert connection.cost == Cost(["batch_get", "commit"], reads=2, writes=writes)
    connection.cost = Cost()
    async with store.snapshot() as snapshot:
        past = await snapshot.history(ADA, date(2026, 1, 1), date(2026, 11, 1))
    assert [each.id for each in past] == ["10", "11"]
    assert connection.cost == Cost(["run_query"], reads=2, writes=0)


async def test_an_erasure_is_a_query_for_records_events_and_history_each_and_a_commit_of_each(
    store: FirestoreStore, connection: Counting
) -> None:
    wish = booking("2026-11-23T09:00Z", "2026-11-23T17:00Z", "a").appointment
    await store.commit(Writes(patients=[patient_write(NO_PATIENT, wish)]))
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    await store.commit(Writes(patients=[patient_write(read)]))
    record = IdempotencyRecord("key", "print", "a", at("2099-01-01T00:00Z"))
    await store.commit(Writes(records=[RecordWrite(record, None)]))
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    connection.cost = Cost()
    await store.erase_records(["a"])
    assert connection.cost == Cost(
        ["run_query", "run_query", "commit", "run_query"], reads=1, writes=1
    )
    series = Series("strange.series.a", "strange", "", "ada", NOW, ())
    await store.commit(
        Writes(records=[RecordWrite(replace(record, key="more"), None)], series=[series])
    )
    connection.cost = Cost()
    await store.erase_records(["a", series.id, "strange.series.b"])
    calls = ["run_query", "run_query", "batch_get", "commit", "run_query"]
    costs = Cost(calls, reads=4, writes=2)
    assert connection.cost == costs
    connection.cost = Cost()
    await store.erase_patient(read, PatientSchedule(ADA))
    assert connection.cost == Cost(["run_query", "commit"], reads=1, writes=2)
    connection.cost = Cost()
    await store.end_views()
    assert connection.cost == Cost(["commit"], reads=0, writes=1)


def moved(name: str, start: str) -> Command:
    """To move what was born on Monday to half an hour of any day."""
    target = span(start, (at(start) + timedelta(minutes=30)).isoformat())
    wish = to_move(name, key("2026-11-23"), doctor(), target)
    return Command(
        days=frozenset({wish.sought.home}),
        decide=partial(move, request=wish, now=NOW),
        now=NOW,
        subject=name,
        births=frozenset({ElsewhereKey("strange", name)}),
        caller=ANYBODY,
        idempotency=Idempotency.of(f"{name} to {start}", [start], ANYBODY),
    )


async def test_a_look_up_is_one_call_and_two_after_any_number_of_moves(
    store: FirestoreStore, connection: Counting, transactions: Coordinator
) -> None:
    name = "strange.20261123.a"
    await transactions.run(command("2026-11-23T09:00Z", "2026-11-23T09:30Z", name))
    costs = []
    for hour, day in enumerate("3345673", start=10):
        start = f"2026-11-2{day}T{hour}:00Z"
        await cost_of(connection, transactions, moved(name, start))
        connection.cost = Cost()
        async with store.snapshot() as snapshot:
            found = await find_appointment(snapshot, name, ANYBODY)
        assert found is not None
        assert found.interval.start == at(start)
        costs.append(connection.cost)
    at_home = Cost(["batch_get"], reads=2, writes=0)
    away = Cost(["batch_get"] * 2, reads=3, writes=0)
    assert costs == [at_home, at_home, *[away] * 4, at_home]


async def test_a_move_is_one_commit_of_the_days_the_whereabouts_and_the_record(
    connection: Counting, transactions: Coordinator
) -> None:
    name = "strange.20261123.a"
    await transactions.run(command("2026-11-23T09:00Z", "2026-11-23T09:30Z", name))
    await transactions.run(command("2026-11-24T09:00Z", "2026-11-24T09:30Z", "b"))
    moves = [
        moved(name, start)
        for start in ("2026-11-24T10:00Z", "2026-11-24T11:00Z", "2026-11-25T10:00Z")
    ]
    assert [await cost_of(connection, transactions, move) for move in moves] == [
        Cost(["commit"], reads=0, writes=4),
        # On the day where it stands, which its whereabouts tell; its home stays as it is.
        Cost(["batch_get"] * 2 + ["commit"], reads=2, writes=2),
        # Wednesday was not known.
        Cost(["batch_get"] * 3 + ["commit"], reads=4, writes=4),
    ]


async def test_a_cancellation_on_a_known_day_is_one_commit_of_the_day_and_the_whereabouts(
    connection: Counting, transactions: Coordinator
) -> None:
    name = "strange.20261123.a"
    await transactions.run(command("2026-11-23T09:00Z", "2026-11-23T09:30Z", name))
    assert await cost_of(connection, transactions, cancel("2026-11-23", name)) == Cost(
        ["commit"], reads=0, writes=2
    )


async def test_a_list_with_what_has_ended_is_one_query_more(
    store: FirestoreStore, connection: Counting, transactions: Coordinator
) -> None:
    for name in ("strange.20261123.a", "strange.20261123.b"):
        await transactions.run(command("2026-11-23T09:00Z", "2026-11-23T09:30Z", name))
        await transactions.run(cancel("2026-11-23", name))
    connection.cost = Cost()
    week = span("2026-11-23T00:00Z", "2026-11-30T00:00Z")
    async with store.snapshot() as snapshot:
        page = await list_window(snapshot, ListQuery(doctor(), week, with_cancelled=True, size=10))
    assert [a.id for a in page.entries] == ["strange.20261123.a", "strange.20261123.b"]
    assert connection.cost == Cost(["run_query"] * 2, reads=3, writes=0)


async def test_doctors_are_one_call_by_id_or_by_page_and_cost_those_that_are_asked_for_or_found(
    store: FirestoreStore, connection: Counting
) -> None:
    await store.put_doctors([doctor(doctor_id=name) for name in ("a", "b", "c")])
    connection.cost = Cost()
    await store.doctors(["a", "b", "nobody"])
    assert connection.cost == Cost(["batch_get"], reads=3, writes=0)
    connection.cost = Cost()
    await store.list_doctors(2, "a", "x-ray")
    assert connection.cost == Cost(["run_query"], reads=2, writes=0)


async def test_an_override_of_a_year_is_two_calls_and_a_look_at_the_versions_of_its_days_a_third(
    store: FirestoreStore, connection: Counting
) -> None:
    days = [DayKey("strange", date(2027, 1, 1) + timedelta(days=n)) for n in range(368)]
    year = span("2027-01-01T04:00Z", "2028-01-03T04:00Z")
    away = Override("strange.override.1", "strange", "time_off", year, NOW)
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=days, overrides=[away.key]))
    writes = [DayWrite(read, read.value.with_override(away.entry)) for read in state.days.values()]
    await store.commit(Writes(writes, overrides=[OverrideWrite(away, None)]))
    assert connection.cost == Cost(["batch_get", "commit"], reads=369, writes=369)
    connection.cost = Cost()
    async with store.snapshot() as snapshot:
        await snapshot.versions(days)
    assert connection.cost == Cost(["batch_get"], reads=368, writes=0)


async def test_a_doctor_s_overrides_are_one_query_that_reads_those_that_start_within(
    store: FirestoreStore, connection: Counting
) -> None:
    interval = span("2026-11-23T12:00Z", "2026-11-24T12:00Z")
    ids = [f"strange.override.{number}" for number in range(3)]
    there = [Override(each, "strange", "time_off", interval, NOW) for each in ids]
    await store.commit(Writes(overrides=[OverrideWrite(each, None) for each in there]))
    connection.cost = Cost()
    async with store.snapshot() as snapshot:
        found = [o async for o in snapshot.scan_overrides("strange", interval, at_once=16)]
    assert [each.id for each in found] == ids
    assert connection.cost == Cost(["run_query"], reads=3, writes=0)


# Calendars, holds and series, from the request on, by an instance that knows doctor and clinic


@pytest.fixture
async def api(store: FirestoreStore, connection: Counting) -> AsyncIterator[Api]:
    async with calling(store, Clock(NOW)) as api:
        assert (await api.first("doctor_id=strange")).status_code == 200
        connection.cost = Cost()
        yield api


async def costs(connection: Counting, request: Awaitable[T]) -> tuple[T, Cost]:
    """What a request was answered, and what it cost."""
    connection.cost = Cost()
    return await request, connection.cost


NINE: Json = {"start": "2026-11-23T09:00", "duration_minutes": 30}


async def test_a_calendar_that_has_not_changed_costs_two_reads_and_else_its_days_in_one_query_more(
    connection: Counting, api: Api
) -> None:
    for hour in ("09:00", "10:00"):
        await api.ask(**{**NINE, "start": f"2026-11-23T{hour}"})
    await api.ask(**{**NINE, "start": "2026-11-24T09:00"})
    token, making = await costs(connection, link_to(api))
    assert making == Cost(["batch_get", "batch_get", "commit"], reads=2, writes=1)
    first, reading = await costs(connection, feed(api, token))
    assert reading == Cost(["batch_get", "run_sum", "run_query"], reads=4)
    _, again = await costs(connection, feed(api, token, first.headers["etag"]))
    assert again == Cost(["batch_get", "run_sum"], reads=2)
    _, wrong = await costs(connection, feed(api, "strange.guessed"))
    assert wrong == Cost(["batch_get"], reads=1)


async def test_a_hold_costs_what_a_booking_does(connection: Counting, api: Api) -> None:
    first, cold = await costs(connection, api.hold(**NINE))
    second, known = await costs(connection, api.hold(**{**NINE, "start": "2026-11-23T10:00"}))
    _, keyed = await costs(connection, api.hold("k", **{**NINE, "start": "2026-11-23T11:00"}))
    assert cold == Cost(["batch_get", "commit"], reads=1, writes=1)
    assert known == Cost(["commit"], writes=1)
    assert keyed == Cost(["commit"], writes=2)
    _, booking = await costs(connection, api.ask(**NINE, hold_id=first["hold_id"]))
    _, release = await costs(connection, api.release(second))
    _, again = await costs(connection, api.release(second))
    assert booking == release == Cost(["commit"], writes=1)
    assert again == Cost(["batch_get"], reads=1)


async def test_a_series_costs_its_days_and_one_document_more(
    connection: Counting, api: Api
) -> None:
    rule = "FREQ=DAILY;COUNT=4"
    series, booking = await costs(connection, api.book_series(rule, **NINE))
    assert booking == Cost(["batch_get", "commit"], reads=4, writes=5)
    _, cancelling = await costs(connection, api.cancel_series(series))
    assert cancelling == Cost(["batch_get", "batch_get", "commit"], reads=5, writes=9)
    _, again = await costs(connection, api.cancel_series(series))
    assert again == Cost(["batch_get"] * 3, reads=14)
    _, unknown = await costs(connection, api.cancel_series({"series_id": "strange.series.x"}))
    assert unknown == Cost(["batch_get"], reads=1)


async def test_a_series_that_skips_searches_openings_too(connection: Counting, api: Api) -> None:
    await api.ask(**{**NINE, "start": "2026-11-24T09:00"})
    series, cost = await costs(
        connection, api.book_series("FREQ=DAILY;COUNT=4", **NINE, if_unavailable="skip")
    )
    assert len(series["skipped"]) == 1
    assert (cost.calls, cost.writes) == (["batch_get", "commit", "batch_get"], 5)
