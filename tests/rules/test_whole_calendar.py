"""Bookings and searches against the model, with everything that a clinic's calendar knows at once.

Buffers, holds, time off, extra hours, closed days, notice, horizon, freed times, and rules that may
be broken, around the days on which clocks change.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.hold import Hold
from shared.model.interval import Interval
from shared.model.override import OverrideEntry
from shared.queries.openings import all_openings, first_openings, hours_of_date, next_openings
from shared.rules.availability import Booking, WhyUnavailable, why_unavailable
from shared.rules.booking import book
from shared.rules.holding import HoldRequest, hold_time
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Outcome
from shared.rules.refusals import OutsideHours, Refusal, SlotTaken, TimeUnavailable, TooManyHolds
from tests import reference_model as model
from tests.builders import ADA, owned
from tests.examples import examples
from tests.rules.clinics import (
    HER,
    HIM,
    LONG_AGO,
    MICROSECOND,
    SomeClinic,
    Wanted,
    buffers,
    clinics,
)
from tests.rules.minutes import instant_of, interval_of, local, minute, minutes
from tests.scripted_store import ScriptedStore
from tests.strategies import MINUTE, STEPS, intervals, several_days

EVERYTHING = 10_000
HOUR = timedelta(hours=1)
BOTH = [ANYBODY, HER]
many = examples(35)
few = examples(15)


def booking(clinic: SomeClinic, wanted: Wanted, *, hers: bool = False) -> Booking:
    """A request to book what is wanted, or to have it instead of what is moved."""
    doctor, when, before, after, moving, hold, by = wanted
    plain = Appointment(
        moving or "new", doctor.id, interval_of(when), ADA, LONG_AGO, LONG_AGO
    )._replace(before=before * MINUTE, after=after * MINUTE)
    appointment = owned(plain, HER) if hers else plain
    return Booking(doctor, appointment, by, clinic.terms, hold_id=hold)


def why_not(clinic: SomeClinic, wanted: Wanted, *, hers: bool = False) -> WhyUnavailable | None:
    """Why it cannot be booked, as the rules say."""
    asked = booking(clinic, wanted, hers=hers)
    days = [clinic.days.get(key, DaySchedule(key)) for key in asked.days]
    schedule = clinic.hers if hers else None
    return why_unavailable(days, schedule, asked, clinic.now, wanted.moving)


def decided(clinic: SomeClinic, wanted: Wanted, *, hers: bool = False) -> Outcome:
    """What comes of booking it, maybe with a hold."""
    asked = booking(clinic, wanted, hers=hers)
    return book(clinic.documents(*asked.days), asked, clinic.now)[1]


def code_of(outcome: Outcome | None) -> str | None:
    """The reason of a refusal, or None."""
    return outcome.code if isinstance(outcome, Refusal) else None


@given(st.data())
@many
def test_a_booking_is_refused_for_the_first_rule_that_a_minute_of_it_breaks(
    data: st.DataObject,
) -> None:
    clinic = data.draw(clinics(breaking=True))
    doctor, hers = data.draw(st.sampled_from(clinic.doctors)), data.draw(st.booleans())
    moving = data.draw(st.sampled_from([None, *(a.id for a in clinic.appointments)]))
    holds = [hold for _, hold in clinic.holds if hold.doctor_id == doctor.id]
    needs, times = data.draw(buffers()), [hours_around(hold) for hold in holds]
    for day in clinic.dates:
        any_time = intervals(doctor, day, 90) | intervals(doctor, day, 1440) | soon(clinic)
        near = beside(clinic.hers.appointments) if hers else any_time | beside(holds)
        times.append(data.draw(near))
    for asked in map(minutes, times):
        wanted = Wanted(doctor, asked, *needs, moving)
        outcome = why_not(clinic, wanted, hers=hers)
        assert (outcome and outcome.code) == clinic.refusal(wanted, hers=hers)
        if isinstance(outcome, SlotTaken):
            taken = model.stretches(clinic.taken(wanted) & {*asked})
            assert [minutes(conflict.interval) for conflict in outcome.conflicts] == taken
            assert outcome.retry_after == clinic.wait(wanted)


@given(clinics(breaking=True), buffers(), st.sampled_from([0, 700, 2000]))
@few
def test_a_booking_with_a_hold_is_refused_for_the_first_rule_that_a_minute_of_it_breaks(
    some: SomeClinic, others: tuple[int, int], notice: int
) -> None:
    some = with_notice(some, notice * MINUTE)
    for clinic, (whose, hold) in product(about_the_end_of_a_hold(some), some.holds):
        doctor = next(each for each in clinic.doctors if each.id == hold.doctor_id)
        for by in {whose, HER} - {HIM}:
            when, own = minutes(hold.interval), (hold.before // MINUTE, hold.after // MINUTE)
            longer = range(when.start, when.stop + 1)
            for asked, needs in [(when, own), (when[1:] or when, others), (longer, own)]:
                wanted = Wanted(doctor, asked, *needs, hold=hold.id, by=by)
                outcome = decided(clinic, wanted, hers=by is HER)
                assert code_of(outcome) == clinic.refusal(wanted, hers=by is HER)
                if isinstance(outcome, SlotTaken):
                    assert outcome.retry_after == clinic.wait(wanted)


@given(st.data())
@few
def test_a_time_can_be_held_if_it_can_be_booked_and_is_not_a_patients_fourth_of_a_day(
    data: st.DataObject,
) -> None:
    some, needs = data.draw(clinics()), data.draw(buffers())
    holds = [hold for _, hold in some.holds]
    near = beside([*holds, *some.hers.appointments])
    any_time = intervals(some.doctors[0], some.dates[1], 90) | soon(some) | near
    times = map(minutes, [data.draw(any_time), *map(hours_around, holds)])
    for clinic, asked in product(about_the_end_of_a_hold(some), times):
        for doctor, by in product(clinic.doctors, BOTH):
            wanted = Wanted(doctor, asked, *needs, by=by)
            outcome, wait = holding(clinic, wanted), clinic.wait_to_hold(wanted)
            if isinstance(outcome, TooManyHolds):
                assert outcome.retry_after == wait
            else:
                assert wait is None
                assert code_of(outcome) == clinic.refusal(wanted, hers=by is HER)
                if isinstance(outcome, SlotTaken):
                    assert outcome.retry_after == clinic.wait(wanted)


def with_notice(clinic: SomeClinic, notice: timedelta) -> SomeClinic:
    """The same clinic, which wants some notice."""
    policy = replace(clinic.terms.policy, notice=notice)
    return replace(clinic, terms=replace(clinic.terms, policy=policy))


def about_the_end_of_a_hold(clinic: SomeClinic) -> list[SomeClinic]:
    """The same clinic as it is, and at the end of its first hold and just before."""
    ends = [hold.ends_at for _, hold in clinic.holds[:1]]
    return [clinic, *(replace(clinic, now=now) for end in ends for now in (end, end - MICROSECOND))]


def holding(clinic: SomeClinic, wanted: Wanted) -> Outcome:
    """What comes of asking to hold what is wanted; a patient's booking would be her own."""
    asked = booking(clinic, wanted, hers=wanted.by is HER)
    new = Hold(
        id="new",
        doctor_id=wanted.doctor.id,
        interval=asked.appointment.interval,
        ends_at=clinic.now + 5 * MINUTE,
        holder="",
        before=asked.appointment.before,
        after=asked.appointment.after,
    )
    return hold_time(clinic.documents(*asked.days), HoldRequest(new, asked), clinic.now)[1]


def soon(clinic: SomeClinic) -> st.SearchStrategy[Interval]:
    """Half an hour about now, or about the notice or the horizon from now, if that is near."""
    policy, first = clinic.terms.policy, minute(clinic.now)
    about = [0, policy.notice // MINUTE, policy.horizon // MINUTE]
    near = st.sampled_from([shift for shift in about if shift < 2000])
    shifts = st.tuples(near, st.integers(-2, 2)).map(sum)
    return shifts.map(lambda shift: interval_of(range(first + shift, first + shift + 30)))


def beside(some: Iterable[Appointment | Hold]) -> st.SearchStrategy[Interval]:
    """Half an hour about as long before or after one of them, if there are any."""
    ends = [end for each in some for end in each.interval]
    if not ends:
        return st.nothing()
    shifts = st.sampled_from([-60, -31, -30, -29, -1, 0, 1, 30, 60])
    starts = st.tuples(st.sampled_from(ends), shifts).map(lambda each: each[0] + each[1] * MINUTE)
    return starts.map(lambda start: Interval(start, start + 30 * MINUTE))


def hours_around(hold: Hold) -> Interval:
    """The time of a hold, and some hours before and after it."""
    return Interval(hold.interval.start - 3 * HOUR, hold.interval.end + 3 * HOUR)


@given(st.data())
@few
def test_the_openings_beside_a_refusal_are_the_next_times_that_can_be_booked(
    data: st.DataObject,
) -> None:
    clinic = data.draw(clinics())
    doctor, hers = data.draw(st.sampled_from(clinic.doctors)), data.draw(st.booleans())
    any_time = intervals(doctor, clinic.dates[1], 180)
    asked = minutes(data.draw(any_time | beside(clinic.hers.appointments) if hers else any_time))
    needs = data.draw(buffers())
    wanted = Wanted(doctor, asked, *needs)
    live = [each for each in clinic.holds if clinic.kept[each[1].id].booked and each[0] is not HIM]
    for by, hold in live[: data.draw(st.integers(0, 1))]:
        doctor, hers = next(d for d in clinic.doctors if d.id == hold.doctor_id), by is HER
        wanted = Wanted(doctor, minutes(hold.interval)[:10], *needs, hold=hold.id, by=by)
        away = OverrideEntry("strange.override.own", "time_off", interval_of(wanted.when))
        clinic = replace(clinic, overrides=[*clinic.overrides, (doctor, away)])
    asked, anew = wanted.when, wanted._replace(hold=None)
    refusal = decided(clinic, wanted, hers=hers)
    if not isinstance(refusal, TimeUnavailable):
        return
    snapshot = ScriptedStore(*clinic.days.values()).snapshot()
    found = asyncio.run(next_openings(snapshot, refusal, {})).openings
    starts = [minute(opening.interval.start) for opening in found]
    expected: list[int] = []
    free_from, until = first_instead(clinic, asked.start), asked.start + 1440
    for start in range(free_from, until):
        at_that_time = anew._replace(when=range(start, start + len(asked)))
        if start >= free_from and why_not(clinic, at_that_time, hers=hers) is None:
            expected.append(start)
            free_from = start + len(asked)
    assert [start for start in starts if start < until] == expected[:3]


def first_instead(clinic: SomeClinic, asked: int) -> int:
    """The first minute that is looked at for something else: beyond the horizon, from now on."""
    allowed, policy = clinic.starts(), clinic.terms.policy
    if asked < allowed.stop:
        return max(asked, allowed.start)
    has_begun = not policy.notice and clinic.now > instant_of(minute(clinic.now))
    return allowed.start + has_begun


@given(st.data(), st.integers(1, 60) | st.integers(1, 1440))
@few
def test_the_first_opening_of_several_doctors_can_be_booked_and_nothing_earlier_can(
    data: st.DataObject, length: int
) -> None:
    clinic = data.draw(clinics())
    needs = data.draw(buffers())
    window = data.draw(intervals(clinic.doctors[0], clinic.dates[1], 12 * 60))
    allowed = clinic.starts()
    start = max(minute(window.start), allowed.start)
    last = min(minute(window.end), allowed.stop - 1 + length)
    bounds = interval_of(range(start, max(start, last)))
    search = searched(clinic, bounds, length, None, needs)
    snapshot = ScriptedStore(*clinic.days.values()).snapshot()
    found = asyncio.run(first_openings(snapshot, clinic.doctors, search, 1))
    first = [(minute(o.interval.start), o.doctor.id) for o in found.openings]
    until = first[0][0] + 1 if first else last - length + 1
    free = [
        (at, doctor.id)
        for at in range(start, until)
        for doctor in clinic.doctors
        if why_not(clinic, Wanted(doctor, range(at, at + length), *needs)) is None
    ]
    assert free[:1] == first
    assert (found.reason is None) is bool(first)


@pytest.mark.parametrize("steps", [st.none(), st.sampled_from(STEPS)], ids=["in-turn", "on-a-grid"])
@given(st.data(), st.integers(1, 90) | st.integers(1, 1440))
@many
def test_all_openings_of_several_doctors_are_those_that_each_minute_confirms(
    steps: st.SearchStrategy[int | None], data: st.DataObject, length: int
) -> None:
    clinic, step, needs = data.draw(clinics()), data.draw(steps), data.draw(buffers())
    bounds = data.draw(several_days(clinic.doctors[0], clinic.dates[1]))
    search = searched(clinic, bounds, length, step, needs)
    expected = {
        doctor.id: list(
            model.openings(
                clinic.works(doctor),
                clinic.taken(Wanted(doctor, range(0), *needs)),
                minutes(bounds),
                length,
                step,
            )
        )
        for doctor in clinic.doctors
    }
    snapshot = ScriptedStore(*clinic.days.values()).snapshot()
    every = asyncio.run(all_openings(snapshot, clinic.doctors, search))
    found = {
        doctor.id: [minute(o.interval.start) for o in every if o.doctor is doctor]
        for doctor in clinic.doctors
    }
    assert found == expected
    first = asyncio.run(first_openings(snapshot, clinic.doctors, search, EVERYTHING))
    in_order = sorted((start, name) for name, starts in expected.items() for start in starts)
    assert [(minute(o.interval.start), o.doctor.id) for o in first.openings] == in_order
    if not in_order:
        assert first.reason == why_none(clinic, minutes(bounds), length, step)


@given(clinics())
@few
def test_the_hours_of_a_date_are_those_that_each_minute_confirms(clinic: SomeClinic) -> None:
    doctor, day = clinic.doctors[0], clinic.dates[1]
    midnight = minute(datetime.combine(day, time(), UTC))
    that_day = [
        m for m in range(midnight - 960, midnight + 2400) if local(doctor.zone, m)[0] == day
    ]
    start = that_day[0]
    bounds = interval_of(range(start, start + 1))
    refusal = OutsideHours(doctor, bounds, searched(clinic, bounds, 1, None, (0, 0)))
    snapshot = ScriptedStore(*clinic.days.values()).snapshot()
    windows = asyncio.run(hours_of_date(snapshot, refusal, {})).windows
    works = clinic.works(doctor).keys() & {*that_day}
    assert [minutes(window) for window in windows] == model.stretches(works)


def searched(
    clinic: SomeClinic, bounds: Interval, length: int, step: int | None, needs: tuple[int, int]
) -> OpeningSearch:
    """A search of so many minutes that need these buffers, as of the second that is running."""
    before, after = (each * MINUTE for each in needs)
    this_second = clinic.now.replace(microsecond=0)
    return OpeningSearch(
        bounds, length * MINUTE, this_second, step, before, after, clinic.terms.closed
    )


def why_none(clinic: SomeClinic, bounds: range, length: int, step: int | None) -> str:
    """Why nothing is found, by what would be if nothing were booked."""
    works = [clinic.works(doctor) for doctor in clinic.doctors]
    if any([*model.openings(each, (), bounds, length, step)] for each in works):
        return "fully_booked"
    if any([*model.openings(each, (), bounds, length, None)] for each in works):
        return "off_grid"
    is_work = any(m in bounds for each in works for m in each)
    return "duration_too_long" if is_work else "no_working_hours"
