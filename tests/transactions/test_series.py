"""Series in the one way to write: many days at once, all or nothing, and who waits for whom."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment_id import appointment_id
from shared.model.doctor_days import DAY
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.hold import holder_of
from shared.model.series import Series
from shared.rules.availability import Booking
from shared.rules.cancelling_series import SeriesCancellation, cancel_series
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted, BookedSeries, CancelledSeries, Outcome
from shared.rules.refusals import KeyReused, SeriesUnavailable, UnknownSeries
from shared.rules.series import Occasion, SeriesRequest, book_series
from shared.store.port import StoreRefused
from shared.transactions.command import Command
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import appointment, at, doctor, key, schedule, span
from tests.commands import command, move
from tests.scripted_store import (
    ScriptedStore,
    Step,
    after,
    fails_after,
    fails_before,
    fails_for_good,
    instance,
    prompt,
    slow,
)
from tests.simulated_loop import now, simulated

NOW = at("2026-11-20T12:00Z")
FIRST = date(2026, 11, 23)
DOCTOR = doctor((("00:00", "24:00"),), days="mon tue wed thu fri sat sun")
TWO_HOURS = timedelta(hours=2)


def days(count: int, first: date = FIRST) -> Iterator[date]:
    return (first + number * DAY for number in range(count))


def to_book(  # noqa: PLR0913 - what tells one series from another
    letter: str,
    count: int = 3,
    clock: str = "10:00",
    *,
    first: date = FIRST,
    skip: bool = False,
    idempotency_key: str | None = None,
) -> Command:
    """A request for a series of some days, two hours each."""
    name = f"strange.series.{letter}"
    occasions = tuple(_occasion(day, clock, letter, name) for day in days(count, first))
    series = Series(name, "strange", "FREQ=DAILY", holder_of(name, None), NOW, ())
    request = SeriesRequest(series, occasions, all_or_nothing=not skip)
    asked = ["series", clock, str(count), str(first)]
    identity = idempotency_key and Idempotency.of(idempotency_key, asked, ANYBODY)
    return Command(
        days=request.days,
        decide=partial(book_series, request=request, now=NOW),
        now=NOW,
        subject=name,
        caller=ANYBODY,
        births=frozenset(
            ElsewhereKey("strange", each.booking.appointment.id) for each in occasions
        ),
        idempotency=identity or None,
    )


def _occasion(day: date, clock: str, letter: str, name: str) -> Occasion:
    start = at(f"{day}T{clock}Z")
    wish = appointment(str(start), str(start + TWO_HOURS), name_of(day, letter))
    booking = Booking(DOCTOR, wish._replace(series_id=name), ANYBODY)
    return Occasion(start.replace(tzinfo=None), booking)


def name_of(day: date, letter: str = "a") -> str:
    return appointment_id(key(str(day)), letter)


def to_cancel(count: int, when: datetime = NOW) -> Command:
    """A request to cancel what starts from an instant on, of series `a`."""
    homes = {name_of(day): key(str(day)) for day in days(count)}
    doctors = {"strange": DOCTOR}
    sought = tuple(Sought(name, home, doctors, ANYBODY) for name, home in homes.items())
    request = SeriesCancellation(sought, ANYBODY, when)
    births = frozenset(each.birth for each in sought)
    done = replace(request, done=True)
    return Command(
        days=frozenset(homes.values()),
        decide=partial(cancel_series, request=request, now=NOW),
        now=NOW,
        subject="strange.series.a",
        caller=ANYBODY,
        births=births,
        elsewhere=births,
        idempotency=Idempotency.of(f"cancel {next(_numbers)}", [], ANYBODY),
        afterwards=partial(cancel_series, request=done, now=NOW),
    )


_numbers = count()


def ids(outcome: Outcome) -> list[str]:
    """The ids of what was booked."""
    assert isinstance(outcome, BookedSeries)
    return [a.id for a in outcome.appointments]


def rival(store: ScriptedStore, day: date, clock: str = "10:00") -> Step:
    """Another instance books a time of a day first."""

    def books() -> None:
        there = store.days.get(key(str(day)))
        start = at(f"{day}T{clock}Z")
        more = appointment(str(start), str(start + TWO_HOURS), f"rival{day}")
        before = there.value if there else schedule(str(day))
        store.put(before.with_appointment(more))

    return after(books)


@simulated
async def test_a_series_of_sixty_days_is_one_load_and_one_commit() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    assert len(ids(await coordinator.run(to_book("a", 60)))) == 60
    assert (store.loads, store.commits) == (1, 1)
    assert len(ids(await coordinator.run(to_book("b", 60, "14:00")))) == 60
    assert (store.loads, store.commits) == (1, 2)


@pytest.mark.parametrize("step", [fails_before, fails_after])
@simulated
async def test_all_of_it_is_booked_once_however_its_answer_is_lost(step: Step) -> None:
    for wish in (to_book("a"), to_book("a", idempotency_key="k")):
        store = ScriptedStore()
        store.on_commit.append(step)
        outcome = await instance(store).run(wish)
        assert ids(outcome) == store.ids() == [name_of(day) for day in days(3)]
        assert isinstance(outcome, BookedSeries)
        assert not outcome.replayed
        assert store.series == {outcome.series.id: outcome.series}


@simulated
async def test_two_that_meet_are_booked_one_after_the_other() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    wishes = (to_book("a"), to_book("b", first=FIRST + 2 * DAY), to_book("c", clock="14:00"))
    first, second, third = await asyncio.gather(*map(coordinator.run, wishes))
    assert len(ids(first)) == len(ids(third)) == 3
    assert isinstance(second, SeriesUnavailable)
    (unavailable,) = second.unavailable
    assert (unavailable.start, unavailable.code) == (at("2026-11-25T10:00Z"), "slot_taken")


@simulated
async def test_a_day_that_a_rival_takes_meanwhile_is_skipped_for_certain() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(to_book("x", 3, "20:00"))
    store.on_commit.append(rival(store, FIRST + DAY))
    outcome = await coordinator.run(to_book("a", skip=True))
    assert ids(outcome) == [name_of(FIRST), name_of(FIRST + 2 * DAY)]
    assert isinstance(outcome, BookedSeries)
    assert [each.code for each in outcome.series.skipped] == ["slot_taken"]


@simulated
async def test_a_day_that_is_free_by_now_is_not_skipped_because_it_was_taken_once() -> None:
    taken = appointment("2026-11-24T10:00Z", "2026-11-24T12:00Z", "taken")
    store = ScriptedStore(schedule("2026-11-24", taken))
    coordinator = instance(store)
    await coordinator.run(to_book("x", 3, "20:00"))
    store.put(store.days[key("2026-11-24")].value.without("taken"))
    assert len(ids(await coordinator.run(to_book("a", skip=True)))) == 3


@simulated
async def test_a_booking_waits_for_one_commit_beside_a_stream_of_long_series() -> None:
    store = ScriptedStore(otherwise=slow(0.25))
    coordinator = instance(store)
    clocks = [f"{hour:02}:00" for hour in (0, 2, 4, 6, 8, 10, 12, 14, 18, 20)]
    stream = [
        asyncio.create_task(coordinator.run(to_book(letter, 60, clock, first=FIRST + shift * DAY)))
        for shift, (letter, clock) in enumerate(zip("abcdefghij", clocks, strict=True))
    ]
    await asyncio.sleep(0.1)
    began = now()
    outcome = await coordinator.run(command("2026-12-07T16:00Z", "strange.20261207.me", 30))
    waited = now() - began
    assert isinstance(outcome, Accepted)
    everyone = await asyncio.gather(*stream)
    assert all(len(ids(each)) == 60 for each in everyone)
    assert waited <= 4 * 0.25


# The first holds a day of the others, which go together then.
TOGETHER = (
    command("2026-11-23T13:00Z", "strange.20261123.first"),
    to_book("a", 7),
    command("2026-11-23T14:00Z", "strange.20261123.me"),
)


@pytest.mark.parametrize(
    ("length", "commits"),
    [
        # What they wait for, both together, the booking, the series.
        pytest.param(8, 4, id="many-days"),
        # What they wait for, both together, both again.
        pytest.param(7, 3, id="as-many-days-as-a-move-may-need"),
    ],
)
@simulated
async def test_a_booking_does_not_try_again_because_of_another_day_of_a_series(
    length: int, commits: int
) -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(to_book("x", length, "00:00"))
    store.on_commit += [prompt, rival(store, FIRST + 2 * DAY, "20:00")]
    first, _, single = TOGETHER
    asked = first, to_book("a", length), single
    _, series, booking = await asyncio.gather(*map(coordinator.run, asked))
    assert isinstance(booking, Accepted)
    assert len(ids(series)) == length
    assert store.commits == 1 + commits


@simulated
async def test_who_is_committed_alone_reads_only_what_it_needs() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    store.on_commit += [prompt, fails_for_good]
    await asyncio.gather(*map(coordinator.run, TOGETHER))
    # The day they wait for, the other six, then all of the series and the one of the booking.
    assert len(store.read) == 1 + 6 + 7 + 1


@simulated
async def test_the_same_request_again_gets_the_same_series_as_it_is_by_now() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    first = await coordinator.run(to_book("a", idempotency_key="k"))
    await coordinator.run(to_cancel(3, at("2026-11-25T00:00Z")))
    again = await coordinator.run(to_book("b", idempotency_key="k"))
    assert isinstance(first, BookedSeries)
    assert isinstance(again, BookedSeries)
    assert (again.series, again.replayed) == (first.series, True)
    assert [a.status for a in again.appointments] == ["booked", "booked", "cancelled"]
    assert await coordinator.run(to_book("b", 4, idempotency_key="k")) == KeyReused()


@simulated
async def test_who_may_not_see_a_series_any_more_is_not_told_of_it_again() -> None:
    coordinator = instance(ScriptedStore())
    wishes = []
    for letter, doctor_id in (("a", "strange"), ("b", "who")):
        by = Caller("doctor", "https://issuer.example", "s", frozenset({doctor_id}))
        identity = Idempotency.of("k", ["series"], by)
        wishes.append(replace(to_book(letter), caller=by, idempotency=identity))
    assert isinstance(await coordinator.run(wishes[0]), BookedSeries)
    assert await coordinator.run(wishes[1]) == UnknownSeries()


@simulated
async def test_what_is_acknowledged_and_gone_is_no_silent_loss() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(to_book("a", idempotency_key="k"))
    store.series.clear()
    with pytest.raises(StoreRefused, match=r"strange\.series\.a was acknowledged but is gone"):
        await coordinator.run(to_book("b", idempotency_key="k"))


@simulated
async def test_a_series_that_is_cancelled_is_one_load_and_one_commit() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(to_book("a", 60))
    store.loads = store.commits = 0
    outcome = await coordinator.run(to_cancel(60))
    assert isinstance(outcome, CancelledSeries)
    assert len(outcome.cancelled) == 60
    assert (store.loads, store.commits) == (1, 1)
    assert not store.ids()


@pytest.mark.parametrize("step", [fails_before, fails_after])
@simulated
async def test_it_is_cancelled_at_once_however_the_answer_is_lost(step: Step) -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(to_book("a"))
    store.on_commit.append(step)
    outcome = await coordinator.run(to_cancel(3))
    assert isinstance(outcome, CancelledSeries)
    assert [a.version for a in outcome.cancelled] == [2, 2, 2]
    assert not store.ids()


@simulated
async def test_one_that_is_moved_behind_the_instant_meanwhile_is_cancelled_too() -> None:
    store = ScriptedStore()
    coordinator, other = instance(store), instance(store, 1)
    await coordinator.run(to_book("a"))
    when = at("2026-11-24T00:00Z")
    await coordinator.run(to_cancel(3, at("2027-01-01T00:00Z")))  # So that it knows all days.
    moving = asyncio.create_task(other.run(move("2026-11-23", "2026-11-30T10:00Z", name_of(FIRST))))
    outcome = await coordinator.run(to_cancel(3, when))
    moved = await moving
    assert isinstance(moved, Accepted)
    assert isinstance(outcome, CancelledSeries)
    gone = {a.id for a in outcome.cancelled}
    assert gone >= {name_of(FIRST + DAY), name_of(FIRST + 2 * DAY)}


@simulated
async def test_what_is_moved_behind_after_a_lost_answer_is_not_cancelled_by_the_next_one() -> None:
    store = ScriptedStore()
    coordinator, other = instance(store), instance(store, 1)
    await coordinator.run(to_book("a"))

    def moves_behind() -> None:
        moved = store.days[key(str(FIRST))].value.appointments[0]
        later = moved._replace(interval=span("2026-11-30T10:00Z", "2026-11-30T12:00Z"), version=2)
        store.put(schedule(str(FIRST)), schedule("2026-11-30", later))
        store.put_elsewhere(ElsewhereKey("strange", moved.id), Pointer(key("2026-11-30")))

    store.on_commit.append(fails_after)
    store.on_load.extend([prompt, after(moves_behind)])
    outcome = await other.run(to_cancel(3, at("2026-11-24T00:00Z")))
    assert isinstance(outcome, CancelledSeries)
    assert [a.id for a in outcome.cancelled] == [name_of(FIRST + n * DAY) for n in (1, 2)]
    assert store.ids() == [name_of(FIRST)]
