"""The rules of moving an appointment, with every instant written out.

The appointment is always the same: an hour of Monday from eleven on, which was born on Monday.
"""

from datetime import datetime

import pytest

from shared.model.appointment import Appointment, Patient
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.time_zones import time_zone
from shared.rules.moving import Move, move
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
    Decision,
    InThePast,
    NeedsDays,
    NeedsDoctor,
    OutsideWorkingHours,
    SlotTaken,
    UnclearTime,
    UnknownAppointment,
)
from shared.rules.requested_time import RequestedTime
from tests.builders import appointment, at, doctor, key, schedule, span, to_move

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
ID = "strange.20261123.a"
NOW = at("2026-11-20T12:00Z")
WHO = doctor(doctor_id="who")


def on(day: str, times: str) -> Interval:
    start, end = times.split("-")
    return span(f"{day}T{start}Z", f"{day}T{end}Z")


def lying(day: str = MON, times: str = "11:00-12:00", with_doctor: str = "strange") -> Appointment:
    """The appointment, as it was when it was booked for this time."""
    return Appointment(
        id=ID,
        doctor_id=with_doctor,
        interval=on(day, times),
        patient=Patient("Ada Lovelace", "ada@example.org", "+1 555 0100"),
        reason="a cough",
        created_at=at("2026-01-01T00:00Z"),
        updated_at=at("2026-01-02T00:00Z"),
    )


def moved(day: str, times: str, with_doctor: str = "strange") -> Appointment:
    """The appointment, as it is after it was moved to this time."""
    return lying(day, times, with_doctor)._replace(updated_at=NOW)


def other(day: str, times: str, *, cancelled: bool = False) -> Appointment:
    start, end = (f"{day}T{time}Z" for time in times.split("-"))
    return appointment(start, end, f"other-{times}", cancelled=cancelled)


HOME = schedule(MON, lying())
LEFT_FOR_TUESDAY = schedule(MON, forwarded={ID: key(TUE)})
TUESDAY = schedule(TUE, lying(TUE))


def ask(
    day: str, times: str, *days: DaySchedule, of: Doctor | None = None, now: datetime = NOW
) -> Decision:
    """What it comes to if the appointment is to be at this time."""
    wish = to_move(ID, key(MON), of or doctor(), on(day, times))
    return move({given.key: given for given in days}, wish, now)


# Its own time


@pytest.mark.parametrize(
    "times",
    [
        pytest.param("11:30-12:30", id="a-little-later"),
        pytest.param("10:30-11:30", id="a-little-earlier"),
        pytest.param("11:00-12:30", id="longer"),
        pytest.param("10:00-13:00", id="longer-both-ways"),
        pytest.param("11:00-11:30", id="shorter"),
        pytest.param("11:15-11:45", id="shorter-both-ways"),
        pytest.param("11:00-12:00", id="as-it-is"),
        pytest.param("15:00-16:00", id="far-off"),
    ],
)
def test_its_own_old_time_never_stands_in_its_way(times: str) -> None:
    before, behind = other(MON, "09:00-10:00"), other(MON, "13:00-14:00")
    assert ask(MON, times, schedule(MON, before, lying(), behind)) == (
        {key(MON): schedule(MON, before, moved(MON, times), behind)},
        Accepted(moved(MON, times)),
    )


def test_its_own_old_time_stands_in_its_way_no_more_on_a_day_that_it_was_moved_to() -> None:
    neighbour = other(TUE, "12:30-13:00")
    assert ask(TUE, "11:30-12:30", LEFT_FOR_TUESDAY, schedule(TUE, lying(TUE), neighbour)) == (
        {key(TUE): schedule(TUE, moved(TUE, "11:30-12:30"), neighbour)},
        Accepted(moved(TUE, "11:30-12:30")),
    )


# From day to day


def test_a_home_day_that_is_left_knows_where_the_appointment_went() -> None:
    stays, there = other(MON, "09:00-10:00"), other(TUE, "09:00-10:00")
    changes, outcome = ask(TUE, "10:00-11:00", schedule(MON, stays, lying()), schedule(TUE, there))
    assert outcome == Accepted(moved(TUE, "10:00-11:00"))
    assert changes == {
        key(MON): schedule(MON, stays, forwarded={ID: key(TUE)}),
        key(TUE): schedule(TUE, there, moved(TUE, "10:00-11:00")),
    }


def test_an_appointment_that_goes_to_another_doctor_lies_in_that_doctors_day() -> None:
    theirs = schedule(MON, doctor_id="who")
    changes, outcome = ask(MON, "11:00-12:00", HOME, theirs, of=WHO)
    assert outcome == Accepted(moved(MON, "11:00-12:00", "who"))
    assert changes == {
        key(MON): schedule(MON, forwarded={ID: key(MON, "who")}),
        key(MON, "who"): schedule(MON, moved(MON, "11:00-12:00", "who"), doctor_id="who"),
    }


def test_an_appointment_that_comes_home_is_forwarded_no_more() -> None:
    assert ask(MON, "15:00-16:00", LEFT_FOR_TUESDAY, TUESDAY) == (
        {key(MON): schedule(MON, moved(MON, "15:00-16:00")), key(TUE): schedule(TUE)},
        Accepted(moved(MON, "15:00-16:00")),
    )


def test_from_a_foreign_day_to_another_one_the_home_day_follows() -> None:
    assert ask(WED, "11:00-12:00", LEFT_FOR_TUESDAY, TUESDAY, schedule(WED)) == (
        {
            key(MON): schedule(MON, forwarded={ID: key(WED)}),
            key(TUE): schedule(TUE),
            key(WED): schedule(WED, moved(WED, "11:00-12:00")),
        },
        Accepted(moved(WED, "11:00-12:00")),
    )


def test_the_entries_of_others_stay_as_they_are_wherever_an_appointment_goes() -> None:
    days = {
        MON: schedule(MON, lying(), forwarded={"strange.20261123.b": key(WED)}),
        TUE: schedule(TUE, forwarded={"strange.20261124.c": key(WED)}),
    }
    changes, _ = ask(TUE, "10:00-11:00", *days.values())
    assert changes[key(MON)].forwarded == {"strange.20261123.b": key(WED), ID: key(TUE)}
    assert changes[key(TUE)].forwarded == {"strange.20261124.c": key(WED)}


def test_moving_never_changes_the_days_that_it_was_given() -> None:
    home, place, target = LEFT_FOR_TUESDAY, schedule(TUE, lying(TUE)), schedule(WED)
    ask(WED, "11:00-12:00", home, place, target)
    assert home == schedule(MON, forwarded={ID: key(TUE)})
    assert place == schedule(TUE, lying(TUE))
    assert target == schedule(WED)


@pytest.mark.parametrize(
    ("given", "day", "needed"),
    [
        pytest.param([HOME], TUE, {MON, TUE}, id="the-target"),
        pytest.param([LEFT_FOR_TUESDAY], MON, {MON, TUE}, id="where-it-lies"),
        pytest.param([LEFT_FOR_TUESDAY, schedule(WED)], WED, {MON, TUE}, id="where-it-lies-first"),
        pytest.param([LEFT_FOR_TUESDAY, TUESDAY], WED, {MON, TUE, WED}, id="and-then-the-target"),
    ],
)
def test_nothing_is_decided_before_all_days_are_there(
    given: list[DaySchedule], day: str, needed: set[str]
) -> None:
    assert ask(day, "15:00-16:00", *given) == ({}, NeedsDays(frozenset(map(key, needed))))


# Refusals


def test_the_times_of_others_stand_in_its_way_and_nothing_changes() -> None:
    taken = other(MON, "12:00-13:00")
    asked, conflict = on(MON, "11:30-12:30"), on(MON, "12:00-12:30")
    assert ask(MON, "11:30-12:30", schedule(MON, lying(), taken)) == (
        {},
        SlotTaken(doctor(), asked, conflicts=(conflict,), moving=ID),
    )


def test_a_time_that_is_taken_on_another_day_leaves_both_days_as_they_are() -> None:
    there = schedule(TUE, other(TUE, "11:00-12:00"))
    asked = on(TUE, "11:00-12:00")
    assert ask(TUE, "11:00-12:00", HOME, there) == (
        {},
        SlotTaken(doctor(), asked, conflicts=(asked,), moving=ID),
    )


def test_a_cancelled_appointment_stands_in_nobodys_way_and_stays() -> None:
    cancelled = other(TUE, "11:00-12:00", cancelled=True)
    changes, outcome = ask(TUE, "11:00-12:00", HOME, schedule(TUE, cancelled))
    assert outcome == Accepted(moved(TUE, "11:00-12:00"))
    assert changes[key(TUE)] == schedule(TUE, cancelled, moved(TUE, "11:00-12:00"))


def test_working_hours_hold_for_a_move_and_nothing_changes() -> None:
    assert ask(TUE, "16:30-17:30", HOME, schedule(TUE)) == (
        {},
        OutsideWorkingHours(
            doctor(), on(TUE, "16:30-17:30"), working_windows=(on(TUE, "09:00-17:00"),), moving=ID
        ),
    )


def test_the_hours_are_those_of_the_doctor_whom_it_is_moved_to() -> None:
    early = doctor((("06:00", "08:00"),), doctor_id="who")
    theirs = schedule(MON, doctor_id="who")
    assert ask(MON, "06:30-07:30", HOME, theirs, of=early)[1] == Accepted(
        moved(MON, "06:30-07:30", "who")
    )
    _, outcome = ask(MON, "11:00-12:00", HOME, theirs, of=early)
    assert isinstance(outcome, OutsideWorkingHours)
    assert outcome.doctor == early


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-11-23T10:00Z", Accepted, id="starts-now"),
        pytest.param("2026-11-23T10:00:00.000001Z", InThePast, id="a-microsecond-ago"),
    ],
)
def test_an_appointment_may_be_moved_to_now_but_not_into_the_past(now: str, expected: type) -> None:
    changes, outcome = ask(MON, "10:00-11:00", HOME, now=at(now))
    assert type(outcome) is expected
    assert len(changes) == (1 if expected is Accepted else 0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-11-23T10:59:59.999999Z", Accepted, id="about-to-start"),
        pytest.param("2026-11-23T11:00Z", AlreadyStarted, id="starts-now"),
        pytest.param("2026-11-23T12:00Z", AlreadyStarted, id="over"),
    ],
)
def test_what_has_started_cannot_be_moved(now: str, expected: type) -> None:
    changes, outcome = ask(TUE, "15:00-16:00", HOME, schedule(TUE), now=at(now))
    assert type(outcome) is expected
    assert len(changes) == (2 if expected is Accepted else 0)


def test_what_is_cancelled_cannot_be_moved_not_even_if_it_had_started() -> None:
    cancelled = lying()._replace(cancelled_at=NOW)
    for now in (NOW, at("2026-11-23T11:30Z")):
        decision = ask(TUE, "15:00-16:00", schedule(MON, cancelled), schedule(TUE), now=now)
        assert decision == ({}, AlreadyCancelled(cancelled))


@pytest.mark.parametrize(
    "days",
    [
        pytest.param([schedule(MON)], id="not-on-the-home-day"),
        pytest.param([schedule(MON), TUESDAY], id="the-home-day-knows-nothing-of-it"),
    ],
)
def test_what_is_not_where_the_home_day_says_is_unknown(days: list[DaySchedule]) -> None:
    assert ask(TUE, "15:00-16:00", *days) == ({}, UnknownAppointment())


def test_where_the_days_do_not_agree_they_are_to_be_looked_at_again() -> None:
    days = LEFT_FOR_TUESDAY, schedule(TUE)
    again = NeedsDays(frozenset(day.key for day in days))
    assert ask(TUE, "15:00-16:00", *days) == ({}, again)


# The target


def test_without_an_end_its_length_stays() -> None:
    request = Move(ID, key(MON), RequestedTime(at(f"{TUE}T15:00Z")), {"strange": doctor()})
    days = {key(MON): LEFT_FOR_TUESDAY, key(TUE): TUESDAY}
    _, outcome = move(days, request, NOW)
    assert isinstance(outcome, Accepted)
    assert outcome.appointment.interval == on(TUE, "15:00-16:00")


def test_a_time_that_is_unclear_is_the_refusal_and_nothing_changes() -> None:
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - on the doctor's wall clock
    request = Move(ID, key(MON), RequestedTime(skipped), {"strange": doctor(zone="Europe/Berlin")})
    refusal = UnclearTime("start", "nonexistent_local_time", skipped, time_zone("Europe/Berlin"))
    assert move({key(MON): HOME}, request, NOW) == ({}, refusal)


def test_a_doctor_that_is_not_known_here_decides_nothing() -> None:
    request = Move(ID, key(MON), RequestedTime(at(f"{TUE}T15:00Z")), {})
    assert move({key(MON): HOME}, request, NOW) == ({}, NeedsDoctor("strange"))
