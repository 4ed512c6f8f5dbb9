"""Rules and queries against the model, around the days on which clocks change."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.interval import Interval, clipped, merged
from shared.queries.appointments import ListQuery, list_window
from shared.queries.openings import first_openings
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import InThePast, OutsideWorkingHours, SlotTaken
from tests import reference_model as model
from tests.builders import to_book
from tests.examples import examples
from tests.reference_model import Held
from tests.rules.minutes import held, interval_of, minute, minutes, working_around
from tests.scripted_store import ScriptedStore
from tests.strategies import (
    MINUTE,
    STEPS,
    doctors_and_dates,
    instants,
    intervals,
    long_intervals,
    several_days,
    whiles,
)

EVERYTHING = 10_000
SECOND = timedelta(seconds=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
many = examples(50)
few = examples(25)


def expected_refusal(
    documents: Documents, dates: Sequence[date], wish: Booking, now: datetime
) -> tuple[type, Sequence[range]] | None:
    """The refusal and the conflicts, or None where there is none."""
    doctor, asked = wish.doctor, minutes(wish.appointment.interval)
    if asked.start < minute(now):
        return InThePast, []
    if not working_around(doctor, dates).keys() >= set(asked):
        return OutsideWorkingHours, []
    conflicts = model.conflicts(held(documents), doctor.id, asked)
    return (SlotTaken, conflicts) if conflicts else None


# What is booked and looked for


def wish(doctor: Doctor, asked: Interval, appointment_id: str = "new") -> Booking:
    return to_book(appointment_id, doctor, asked)


def with_days(documents: Documents, *keys: DayKey) -> Documents:
    """The same documents, with days that are empty if they are not among them."""
    days = {**{key: DaySchedule(key) for key in keys}, **documents.days}
    return replace(documents, days=days)


def changed(documents: Documents, changes: Documents) -> Documents:
    return Documents(
        {**documents.days, **changes.days}, {**documents.elsewhere, **changes.elsewhere}
    )


def booked(documents: Documents, booking: Booking, now: datetime) -> tuple[Documents, Outcome]:
    """What changes, and the outcome, on the days that a booking would touch."""
    return book(with_days(documents, *booking.days), booking, now)


Some = tuple[Doctor, Sequence[date], Documents]


@st.composite
def some_days(draw: st.DrawFn, least: int = 5, *, cancelled: bool = False) -> Some:
    """A doctor, three dates, and what could be booked of what was asked for on them.

    If `cancelled`, some of it is cancelled.
    """
    doctor, dates = draw(doctors_and_dates())
    short = st.sampled_from(dates).flatmap(partial(intervals, doctor))
    long = st.sampled_from(dates).flatmap(partial(intervals, doctor, longest=600))
    documents = Documents()
    for n, interval in enumerate(draw(st.lists(short | short | long, min_size=least, max_size=25))):
        booking = wish(doctor, interval, f"{n:02}")
        changes, outcome = booked(documents, booking, LONG_AGO)
        documents = changed(documents, changes)
        if cancelled and n % 3 == 0 and isinstance(outcome, Accepted):
            sought = Sought(booking.appointment.id, booking.days[0], {doctor.id: doctor}, ANYBODY)
            request = Cancellation(sought)
            changes, _ = cancel(documents, request, LONG_AGO)
            documents = changed(documents, changes)
    return doctor, dates, documents


def store_of(documents: Documents) -> ScriptedStore:
    store = ScriptedStore(*documents.days.values())
    for key, whereabouts in documents.elsewhere.items():
        if whereabouts:
            store.put_elsewhere(key, whereabouts)
    return store


def starts_found(
    doctor: Doctor, documents: Documents, search: OpeningSearch, count: int
) -> list[int]:
    snapshot = store_of(documents).snapshot()
    found = asyncio.run(first_openings(snapshot, [doctor], search, count)).openings
    assert all(opening.interval.length == search.length for opening in found)
    return [minute(opening.interval.start) for opening in found]


def pages(documents: Documents, query: ListQuery) -> list[list[str]]:
    """The ids that all pages list."""
    snapshot, found = store_of(documents).snapshot(), list[Sequence[Appointment]]()
    while len(found) <= len(held(documents)):
        page = asyncio.run(list_window(snapshot, query))
        found.append(page.entries)
        if page.next_position is None:
            return [[a.id for a in page] for page in found]
        query = replace(query, after=page.next_position)
    raise AssertionError("the pages do not come to an end")


def bounds_around(doctor: Doctor, day: date) -> st.SearchStrategy[Interval]:
    return long_intervals(doctor, day) | several_days(doctor, day)


# The properties


@given(st.data())
@many
def test_a_booking_is_granted_or_refused_for_the_reason_that_each_minute_confirms(
    data: st.DataObject,
) -> None:
    doctor, dates, documents = data.draw(some_days())
    asked = data.draw(intervals(doctor, dates[1], 240) | intervals(doctor, dates[1], 1440))
    now = data.draw(instants(doctor, dates[0])) + data.draw(st.integers(-59, 59)) * SECOND

    changes, outcome = booked(documents, wish(doctor, asked), now)

    if refusal := expected_refusal(documents, dates, wish(doctor, asked), now):
        assert changes == Documents()
        conflicts = outcome.conflicts if isinstance(outcome, SlotTaken) else ()
        told = [minutes(conflict.interval) for conflict in conflicts]
        assert (type(outcome), told) == refusal
    else:
        assert isinstance(outcome, Accepted)
        new = Held(doctor.id, minutes(asked))
        assert held(changed(documents, changes)) == {**held(documents), "new": new}


@given(some_days(least=12))
@many
def test_whatever_is_asked_in_whatever_order_no_minute_is_booked_twice(some: Some) -> None:
    doctor, dates, documents = some
    minutes_booked = [m for h in held(documents).values() for m in h.when]
    assert len(minutes_booked) == len(set(minutes_booked))
    assert {*minutes_booked} <= working_around(doctor, dates).keys()


@pytest.mark.parametrize(
    "steps", [st.none(), st.sampled_from(STEPS)], ids=["one-after-another", "on-a-grid"]
)
@given(st.data(), st.integers(1, 90) | st.integers(1, 1440))
@many
def test_openings_are_exactly_the_free_times_that_each_minute_confirms(
    steps: st.SearchStrategy[int | None], data: st.DataObject, length: int
) -> None:
    doctor, dates, documents = data.draw(some_days())
    bounds, step = data.draw(bounds_around(doctor, dates[1])), data.draw(steps)
    taken = model.busy(held(documents), doctor.id)
    works = working_around(doctor, dates)
    expected = model.openings(works, taken, minutes(bounds), length, step)
    search = OpeningSearch(bounds, length * MINUTE, bounds.start, step)
    assert starts_found(doctor, documents, search, EVERYTHING) == list(expected)


@given(st.data(), st.integers(1, 90) | st.integers(1, 1440))
@few
def test_the_first_opening_can_be_booked_and_nothing_earlier_can(
    data: st.DataObject, length: int
) -> None:
    doctor, dates, documents = data.draw(some_days())
    some_hours = intervals(doctor, dates[1], 4 * 60)
    bounds = data.draw(some_hours | several_days(doctor, dates[1]))
    first = starts_found(doctor, documents, OpeningSearch(bounds, length * MINUTE, bounds.start), 1)
    last = first[0] if first else minute(bounds.end) - length
    for start in range(minute(bounds.start), last + 1):
        asked = interval_of(range(start, start + length))
        _, outcome = booked(documents, wish(doctor, asked), bounds.start)
        assert isinstance(outcome, Accepted) is (start in first)


@given(st.data(), st.integers(1, 1440), st.sampled_from([None, *STEPS]))
@few
def test_every_opening_can_be_booked_and_without_a_grid_all_of_them_can(
    data: st.DataObject, length: int, step: int | None
) -> None:
    doctor, dates, documents = data.draw(some_days())
    bounds = data.draw(bounds_around(doctor, dates[1]))
    search = OpeningSearch(bounds, length * MINUTE, bounds.start, step)
    for start in starts_found(doctor, documents, search, EVERYTHING):
        asked = interval_of(range(start, start + length))
        changes, outcome = booked(documents, wish(doctor, asked, f"at {start}"), bounds.start)
        assert isinstance(outcome, Accepted)
        if step is None:
            documents = changed(documents, changes)


@given(st.data(), st.integers(1, 3), st.sampled_from(["booked", "all"]))
@few
def test_pages_of_any_size_list_together_what_has_any_minute_of_the_window(
    data: st.DataObject, size: int, status: str
) -> None:
    doctor, dates, documents = data.draw(some_days(least=12, cancelled=True))
    window = data.draw(bounds_around(doctor, dates[1]) | intervals(doctor, dates[1], 12 * 60))
    with_cancelled = status == "all"
    wanted = model.listed(
        held(documents), doctor.id, minutes(window), with_cancelled=with_cancelled
    )
    query = ListQuery(doctor, window, with_cancelled, EVERYTHING)
    assert pages(documents, query) == [wanted]
    paged = pages(documents, replace(query, size=size))
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
