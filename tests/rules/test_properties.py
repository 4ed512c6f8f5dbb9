"""Rules and queries against the model, around the days on which clocks change."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache, partial
from itertools import chain
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
from tests import reference_model as model
from tests.builders import to_book
from tests.reference_model import Held
from tests.scripted_store import ScriptedStore
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
SECOND = timedelta(seconds=1)
many = settings(max_examples=120, deadline=None, derandomize=True)
few = settings(max_examples=50, deadline=None, derandomize=True)


# In the words of the model


def minute(instant: datetime) -> int:
    return (instant - EPOCH) // MINUTE


def minutes(interval: Interval) -> range:
    return range(minute(interval.start), minute(interval.end))


def interval_of(minutes: range) -> Interval:
    return Interval(EPOCH + minutes.start * MINUTE, EPOCH + minutes.stop * MINUTE)


@cache
def wall_clock(zone: ZoneInfo, day: date) -> dict[int, int]:
    """What the clock shows, in minutes since the midnight of a day, at each minute around it."""
    midnight = datetime.combine(day, time())
    first = minute(midnight.replace(tzinfo=UTC)) - 16 * 60
    around = {m: EPOCH + m * MINUTE for m in range(first, first + 56 * 60)}
    local = {m: instant.astimezone(zone) for m, instant in around.items()}
    return {m: (shown.replace(tzinfo=None) - midnight) // MINUTE for m, shown in local.items()}


@lru_cache
def working(doctor: Doctor, day: date) -> dict[int, int]:
    return model.working(doctor.week[day.weekday()], wall_clock(doctor.zone, day))


def held(days: Days) -> dict[str, Held]:
    return {
        a.id: Held(a.doctor_id, minutes(a.interval), a.status == "booked")
        for day in days.values()
        for a in day.appointments
    }


def expected_outcome(days: Days, wish: Booking, now: datetime) -> Outcome | None:
    """The refusal, or None where there is none."""
    doctor, asked = wish.doctor, wish.appointment.interval
    works = working(doctor, asked.start.astimezone(doctor.zone).date())
    if minute(asked.start) < minute(now):
        return InThePast()
    if not works.keys() >= set(minutes(asked)):
        windows = map(interval_of, model.stretches(works.keys()))
        return OutsideWorkingHours(doctor, asked, working_windows=tuple(windows))
    taken = map(interval_of, model.conflicts(held(days), doctor.id, minutes(asked)))
    conflicts = tuple(taken)
    return SlotTaken(doctor, asked, conflicts=conflicts) if conflicts else None


# What is booked and looked for


def wish(doctor: Doctor, asked: Interval, appointment_id: str = "new") -> Booking:
    return to_book(appointment_id, doctor, asked)


@st.composite
def some_days(draw: st.DrawFn, least: int = 5) -> tuple[Doctor, Sequence[date], Days]:
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


def starts_found(doctor: Doctor, days: Days, search: OpeningSearch, count: int) -> list[int]:
    snapshot = ScriptedStore(*days.values()).snapshot()
    found = asyncio.run(first_openings(snapshot, [doctor], search, count))
    assert all(opening.interval.length == search.length for opening in found)
    return [minute(opening.interval.start) for opening in found]


def pages(doctor: Doctor, days: Days, window: Interval, size: int) -> list[list[str]]:
    """The ids that all pages list."""
    query = ListQuery(doctor, window, with_cancelled=False, size=size)
    snapshot, found = ScriptedStore(*days.values()).snapshot(), list[Sequence[Appointment]]()
    while len(found) <= len(held(days)):
        page = asyncio.run(list_window(snapshot, query))
        found.append(page.appointments)
        if page.next_position is None:
            return [[a.id for a in page] for page in found]
        query = replace(query, after=page.next_position)
    raise AssertionError("the pages do not come to an end")


# The properties


@given(st.data())
@many
def test_a_booking_is_granted_or_refused_for_the_reason_that_each_minute_confirms(
    data: st.DataObject,
) -> None:
    doctor, dates, days = data.draw(some_days())
    asked = data.draw(intervals(doctor, dates[1], 240))
    now = data.draw(instants(doctor, dates[0])) + data.draw(st.integers(-59, 59)) * SECOND

    changes, outcome = book(days, wish(doctor, asked), now)

    if refusal := expected_outcome(days, wish(doctor, asked), now):
        assert (changes, outcome) == ({}, refusal)
    else:
        assert isinstance(outcome, Accepted)
        assert held({**days, **changes}) == {**held(days), "new": Held(doctor.id, minutes(asked))}


@given(some_days(least=12))
@many
def test_whatever_is_asked_in_whatever_order_no_minute_is_booked_twice(
    some: tuple[Doctor, Sequence[date], Days],
) -> None:
    doctor, dates, days = some
    booked = [m for h in held(days).values() for m in h.when]
    assert len(booked) == len(set(booked))
    assert {*booked} <= {m for day in dates for m in working(doctor, day)}


@pytest.mark.parametrize(
    "steps", [st.none(), st.sampled_from(STEPS)], ids=["one-after-another", "on-a-grid"]
)
@given(st.data(), st.integers(1, 90))
@many
def test_openings_are_exactly_the_free_times_that_each_minute_confirms(
    steps: st.SearchStrategy[int | None], data: st.DataObject, length: int
) -> None:
    doctor, dates, days = data.draw(some_days())
    bounds, step = data.draw(long_intervals(doctor, dates[1])), data.draw(steps)
    taken = model.busy(held(days), doctor.id)
    expected = chain.from_iterable(
        model.openings(working(doctor, day), taken, minutes(bounds), length, step) for day in dates
    )
    search = OpeningSearch(bounds, length * MINUTE, step)
    assert starts_found(doctor, days, search, EVERYTHING) == list(expected)


@given(st.data(), st.integers(1, 90))
@few
def test_the_first_opening_can_be_booked_and_nothing_earlier_can(
    data: st.DataObject, length: int
) -> None:
    doctor, dates, days = data.draw(some_days())
    bounds = data.draw(intervals(doctor, dates[1], 4 * 60))
    first = starts_found(doctor, days, OpeningSearch(bounds, length * MINUTE), 1)
    last = first[0] if first else minute(bounds.end) - length
    for start in range(minute(bounds.start), last + 1):
        asked = interval_of(range(start, start + length))
        _, outcome = book(days, wish(doctor, asked), bounds.start)
        assert isinstance(outcome, Accepted) is (start in first)


@given(st.data(), st.integers(1, 3))
@few
def test_pages_of_any_size_list_together_what_is_booked_in_any_minute_of_the_window(
    data: st.DataObject, size: int
) -> None:
    doctor, dates, days = data.draw(some_days(least=12))
    window = data.draw(long_intervals(doctor, dates[1]) | intervals(doctor, dates[1], 12 * 60))
    wanted = model.listed(held(days), doctor.id, minutes(window))
    assert pages(doctor, days, window, EVERYTHING) == [wanted]
    paged = pages(doctor, days, window, size)
    assert [a for page in paged for a in page] == wanted
    assert all(len(page) == size for page in paged[:-1])


@given(st.lists(whiles(), max_size=8), whiles())
@many
def test_merging_and_clipping_agree_with_each_minute(
    some: list[Interval], bounds: Interval
) -> None:
    clips = [model.stretches({*minutes(i)} & {*minutes(bounds)}) for i in some]
    every = {m for interval in some for m in minutes(interval)}
    assert merged(some) == [interval_of(stretch) for stretch in model.stretches(every)]
    assert list(clipped(some, bounds)) == [interval_of(c) for parts in clips for c in parts]
