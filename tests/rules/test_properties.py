"""The rules against a model that knows nothing but minutes, and looks at each of them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache, partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped, merged
from shared.queries.appointments import ListQuery, list_window
from shared.queries.openings import first_openings
from shared.rules.booking import Booking, book
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Accepted, Days, InThePast, Outcome, OutsideWorkingHours, SlotTaken
from tests.builders import Diary, to_book
from tests.strategies import (
    MINUTE,
    STEPS,
    doctors_and_dates,
    instants,
    intervals,
    long_intervals,
    whiles,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERYTHING = 10_000
many = settings(max_examples=120, deadline=None, derandomize=True)
few = settings(max_examples=50, deadline=None, derandomize=True)


# The model: minutes since the epoch, in sets


def minute(instant: datetime) -> int:
    return (instant - EPOCH) // MINUTE


def minutes(*intervals: Interval) -> set[int]:
    return {m for i in intervals for m in range(minute(i.start), minute(i.end))}


def runs(minutes: set[int]) -> list[Interval]:
    """The stretches of consecutive minutes."""
    starts = sorted(m for m in minutes if m - 1 not in minutes)
    ends = sorted(m + 1 for m in minutes if m + 1 not in minutes)
    pairs = zip(starts, ends, strict=True)
    return [Interval(EPOCH + start * MINUTE, EPOCH + end * MINUTE) for start, end in pairs]


@cache
def wall_clock(zone: ZoneInfo, day: date) -> dict[int, int]:
    """What the clock shows, in minutes since the midnight of a day, at each minute around it."""
    midnight = datetime.combine(day, time())
    first = minute(midnight.replace(tzinfo=UTC)) - 16 * 60
    around = {m: EPOCH + m * MINUTE for m in range(first, first + 56 * 60)}
    local = {m: instant.astimezone(zone) for m, instant in around.items()}
    return {m: (shown.replace(tzinfo=None) - midnight) // MINUTE for m, shown in local.items()}


def reached(clock: dict[int, int], wanted: int) -> int:
    """When the clock first shows a time; one that it skips comes as if it went on unchanged."""
    then = next(m for m, shown in clock.items() if shown >= wanted)
    return then if clock[then] == wanted else then - 1 + wanted - clock[then - 1]


@lru_cache
def working(doctor: Doctor, day: date) -> set[int]:
    clock = wall_clock(doctor.zone, day)
    hours = doctor.week[day.weekday()]
    stretches = [range(reached(clock, h.opens), reached(clock, h.closes)) for h in hours]
    return {m for stretch in stretches for m in stretch if 0 <= clock[m] < 24 * 60}


def expected_openings(doctor: Doctor, days: Days, search: OpeningSearch) -> list[int]:
    """The start of every opening, found by trying each minute of each day."""
    length, step, found = search.length // MINUTE, search.step, [0]
    for key, day in sorted(days.items()):
        free = (working(doctor, key.day) - minutes(*day.busy)) & minutes(search.bounds)
        clock = wall_clock(doctor.zone, key.day)
        for start in sorted(free):
            fits = all(m in free for m in range(start, start + length))
            if fits and (clock[start] % step == 0 if step else start >= found[-1] + length):
                found.append(start)
    return found[1:]


def expected_outcome(doctor: Doctor, asked: Interval, taken: set[int], now: datetime) -> Outcome:
    works = working(doctor, asked.start.astimezone(doctor.zone).date())
    if minute(asked.start) < minute(now):
        return InThePast()
    if not minutes(asked) <= works:
        return OutsideWorkingHours(doctor, asked, working_windows=tuple(runs(works)))
    return SlotTaken(doctor, asked, conflicts=tuple(runs(minutes(asked) & taken)))


# What is booked and looked for


def wish(doctor: Doctor, asked: Interval, appointment_id: str = "new") -> Booking:
    return to_book(appointment_id, doctor, asked)


@st.composite
def diaries(draw: st.DrawFn, least: int = 5) -> tuple[Doctor, Sequence[date], Days]:
    """A doctor, three days, and what could be booked of what was asked for on them."""
    doctor, dates = draw(doctors_and_dates())
    some = st.sampled_from(dates).flatmap(partial(intervals, doctor))
    days: Days = {key: DaySchedule(key) for key in (DayKey(doctor.id, day) for day in dates)}
    for n, interval in enumerate(draw(st.lists(some, min_size=least, max_size=25))):
        booking = wish(doctor, interval, f"{n:02}")
        if booking.key in days:
            changes, _ = book(days, booking, EPOCH)
            days = {**days, **changes}
    return doctor, dates, days


def appointments(days: Days) -> list[Appointment]:
    found = [a for day in days.values() for a in day.appointments]
    return sorted(found, key=lambda a: (a.interval.start, a.id))


def starts_found(doctor: Doctor, days: Days, search: OpeningSearch, count: int) -> list[int]:
    found = asyncio.run(first_openings(Diary(days.values()), [doctor], search, count))
    assert all(opening.interval.length == search.length for opening in found)
    return [minute(opening.interval.start) for opening in found]


def pages(doctor: Doctor, days: Days, window: Interval, size: int) -> list[Sequence[Appointment]]:
    query = ListQuery(doctor, window, with_cancelled=False, size=size)
    found: list[Sequence[Appointment]] = []
    while len(found) <= len(appointments(days)):
        page = asyncio.run(list_window(Diary(days.values()), query))
        found.append(page.appointments)
        if page.next_position is None:
            return found
        query = replace(query, after=page.next_position)
    raise AssertionError("the pages do not come to an end")


# The properties


@given(st.data())
@many
def test_a_booking_is_granted_or_refused_for_the_reason_that_each_minute_confirms(
    data: st.DataObject,
) -> None:
    doctor, dates, days = data.draw(diaries())
    asked = data.draw(intervals(doctor, dates[1], 240))
    now = data.draw(instants(doctor, dates[0]))
    taken = minutes(*(a.interval for a in appointments(days)))

    changes, outcome = book(days, wish(doctor, asked), now)

    expected = expected_outcome(doctor, asked, taken, now)
    if isinstance(expected, SlotTaken) and not expected.conflicts:
        assert isinstance(outcome, Accepted)
        assert len(appointments({**days, **changes})) == len(appointments(days)) + 1
    else:
        assert outcome == expected
        assert changes == {}


@given(diaries(least=12))
@many
def test_whatever_is_asked_in_whatever_order_no_minute_is_booked_twice(
    diary: tuple[Doctor, Sequence[date], Days],
) -> None:
    doctor, dates, days = diary
    booked = [a.interval for a in appointments(days)]
    assert sum(len(minutes(interval)) for interval in booked) == len(minutes(*booked))
    assert minutes(*booked) <= {m for day in dates for m in working(doctor, day)}


@pytest.mark.parametrize(
    "steps", [st.none(), st.sampled_from(STEPS)], ids=["one-after-another", "on-a-grid"]
)
@given(st.data(), st.integers(1, 90))
@many
def test_openings_are_exactly_the_free_times_that_each_minute_confirms(
    steps: st.SearchStrategy[int | None], data: st.DataObject, length: int
) -> None:
    doctor, dates, days = data.draw(diaries())
    bounds, step = data.draw(long_intervals(doctor, dates[1])), data.draw(steps)
    search = OpeningSearch(bounds, length * MINUTE, step)
    found = starts_found(doctor, days, search, EVERYTHING)
    assert found == expected_openings(doctor, days, search)


@given(st.data(), st.integers(1, 90))
@few
def test_the_first_opening_can_be_booked_and_nothing_earlier_can(
    data: st.DataObject, length: int
) -> None:
    doctor, dates, days = data.draw(diaries())
    bounds = data.draw(intervals(doctor, dates[1], 4 * 60))
    first = starts_found(doctor, days, OpeningSearch(bounds, length * MINUTE), 1)
    last = first[0] if first else minute(bounds.end) - length
    for start in range(minute(bounds.start), last + 1):
        asked = Interval(EPOCH + start * MINUTE, EPOCH + (start + length) * MINUTE)
        _, outcome = book(days, wish(doctor, asked), bounds.start)
        assert isinstance(outcome, Accepted) is (start in first)


@given(st.data())
@few
def test_a_window_lists_what_is_booked_in_any_of_its_minutes(data: st.DataObject) -> None:
    doctor, dates, days = data.draw(diaries(least=12))
    window = data.draw(long_intervals(doctor, dates[1]))
    wanted = [a for a in appointments(days) if minutes(a.interval) & minutes(window)]
    assert pages(doctor, days, window, EVERYTHING) == [wanted]


@given(st.data())
@few
def test_a_window_in_two_parts_lists_the_same_as_the_whole(data: st.DataObject) -> None:
    doctor, dates, days = data.draw(diaries(least=12))
    left = data.draw(intervals(doctor, dates[1], 12 * 60))
    right = Interval(left.end, left.end + data.draw(st.integers(1, 12 * 60)) * MINUTE)
    whole = Interval(left.start, right.end)
    lists = (pages(doctor, days, window, EVERYTHING)[0] for window in (left, right, whole))
    ids = [{a.id for a in found} for found in lists]
    assert ids[0] | ids[1] == ids[2]


@given(st.data(), st.integers(1, 3))
@few
def test_pages_of_any_size_are_together_the_one_page(data: st.DataObject, size: int) -> None:
    doctor, dates, days = data.draw(diaries(least=12))
    window = data.draw(long_intervals(doctor, dates[1]))
    paged = pages(doctor, days, window, size)
    (one,) = pages(doctor, days, window, EVERYTHING)
    assert [a for page in paged for a in page] == one
    assert all(len(page) == size for page in paged[:-1])


@given(st.lists(whiles(), max_size=8), whiles())
@many
def test_merging_and_clipping_agree_with_each_minute(
    some: list[Interval], bounds: Interval
) -> None:
    clips = [runs(minutes(interval) & minutes(bounds)) for interval in some]
    assert merged(some) == runs(minutes(*some))
    assert list(clipped(some, bounds)) == [part for parts in clips for part in parts]
