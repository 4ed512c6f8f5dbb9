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
    Refusal,
    SlotTaken,
    UnclearTime,
    UnknownAppointment,
)
from shared.rules.requested_time import RequestedTime
from tests.builders import appointment, at, doctor, key, schedule, span, to_move

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
ID = "strange.20261123.a"
NOW = at("2026-11-20T12:00Z")
WHO = doctor((("06:00", "12:00"),), doctor_id="who")
THEIRS = schedule(MON, doctor_id="who")


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
CANCELLED = lying()._replace(cancelled_at=NOW)


def ask(
    day: str, times: str, *days: DaySchedule, of: Doctor | None = None, now: datetime = NOW
) -> Decision:
    """What it comes to if the appointment is to be at this time."""
    wish = to_move(ID, key(MON), of or doctor(), on(day, times))
    return move({given.key: given for given in days}, wish, now)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param("11:30-12:30", id="a-little-later"),
        pytest.param("10:00-13:00", id="longer-both-ways"),
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


@pytest.mark.parametrize(
    ("day", "of", "given", "expected"),
    [
        pytest.param(
            TUE,
            "strange",
            [
                schedule(MON, other(MON, "09:00-10:00"), lying(), forwarded={"x": key(WED)}),
                schedule(TUE, other(TUE, "09:00-10:00"), forwarded={"y": key(WED)}),
            ],
            [
                schedule(MON, other(MON, "09:00-10:00"), forwarded={"x": key(WED), ID: key(TUE)}),
                schedule(
                    TUE,
                    other(TUE, "09:00-10:00"),
                    moved(TUE, "10:30-11:30"),
                    forwarded={"y": key(WED)},
                ),
            ],
            id="away-from-home",
        ),
        pytest.param(
            MON,
            "who",
            [HOME, THEIRS],
            [
                schedule(MON, forwarded={ID: key(MON, "who")}),
                schedule(MON, moved(MON, "10:30-11:30", "who"), doctor_id="who"),
            ],
            id="to-another-doctor",
        ),
        pytest.param(
            MON,
            "strange",
            [LEFT_FOR_TUESDAY, TUESDAY],
            [schedule(MON, moved(MON, "10:30-11:30")), schedule(TUE)],
            id="home",
        ),
        pytest.param(
            TUE,
            "strange",
            [LEFT_FOR_TUESDAY, schedule(TUE, lying(TUE), other(TUE, "11:30-12:00"))],
            [schedule(TUE, moved(TUE, "10:30-11:30"), other(TUE, "11:30-12:00"))],
            id="within-the-day-that-it-was-moved-to",
        ),
        pytest.param(
            WED,
            "strange",
            [LEFT_FOR_TUESDAY, TUESDAY, schedule(WED)],
            [
                schedule(MON, forwarded={ID: key(WED)}),
                schedule(TUE),
                schedule(WED, moved(WED, "10:30-11:30")),
            ],
            id="onwards",
        ),
    ],
)
def test_the_days_change_together_and_the_home_day_knows_where_the_appointment_is(
    day: str, of: str, given: list[DaySchedule], expected: list[DaySchedule]
) -> None:
    changes, outcome = ask(day, "10:30-11:30", *given, of=WHO if of == "who" else None)
    assert outcome == Accepted(moved(day, "10:30-11:30", of))
    assert changes == {after.key: after for after in expected}


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
        pytest.param([LEFT_FOR_TUESDAY, schedule(TUE)], TUE, {MON, TUE}, id="which-do-not-agree"),
    ],
)
def test_nothing_is_decided_before_all_days_are_there_and_agree(
    given: list[DaySchedule], day: str, needed: set[str]
) -> None:
    assert ask(day, "15:00-16:00", *given) == ({}, NeedsDays(frozenset(map(key, needed))))


# Refusals


@pytest.mark.parametrize(
    ("day", "asked", "given", "conflict"),
    [
        (MON, "11:30-12:30", [schedule(MON, lying(), other(MON, "12:00-13:00"))], "12:00-12:30"),
        (TUE, "11:00-12:00", [HOME, schedule(TUE, other(TUE, "11:00-12:00"))], "11:00-12:00"),
    ],
    ids=["on-its-day", "on-another-day"],
)
def test_the_times_of_others_stand_in_its_way_and_nothing_changes(
    day: str, asked: str, given: list[DaySchedule], conflict: str
) -> None:
    refusal = SlotTaken(doctor(), on(day, asked), conflicts=(on(day, conflict),), moving=ID)
    assert ask(day, asked, *given) == ({}, refusal)


def test_a_cancelled_appointment_stands_in_nobodys_way_and_stays() -> None:
    cancelled = other(TUE, "11:00-12:00", cancelled=True)
    changes, outcome = ask(TUE, "11:00-12:00", HOME, schedule(TUE, cancelled))
    assert outcome == Accepted(moved(TUE, "11:00-12:00"))
    assert changes[key(TUE)] == schedule(TUE, cancelled, moved(TUE, "11:00-12:00"))


@pytest.mark.parametrize(
    ("of", "times", "hours"),
    [(doctor(), "16:30-17:30", "09:00-17:00"), (WHO, "11:30-12:30", "06:00-12:00")],
    ids=["of-its-doctor", "of-the-doctor-whom-it-is-moved-to"],
)
def test_working_hours_hold_for_a_move_and_nothing_changes(
    of: Doctor, times: str, hours: str
) -> None:
    assert ask(MON, times, HOME, THEIRS, of=of) == (
        {},
        OutsideWorkingHours(of, on(MON, times), working_windows=(on(MON, hours),), moving=ID),
    )


@pytest.mark.parametrize(
    ("now", "day", "times", "expected"),
    [
        pytest.param("23T10:00Z", MON, "10:00-11:00", Accepted, id="to-now"),
        pytest.param("23T10:00:59.9Z", MON, "10:00-11:00", Accepted, id="to-the-running-minute"),
        pytest.param("23T10:01Z", MON, "10:00-11:00", InThePast, id="into-the-past"),
        pytest.param("23T10:59:59.999999Z", TUE, "15:00-16:00", Accepted, id="about-to-start"),
        pytest.param("23T11:00Z", TUE, "15:00-16:00", AlreadyStarted, id="starts-now"),
        pytest.param("23T12:00Z", TUE, "15:00-16:00", AlreadyStarted, id="over"),
    ],
)
def test_neither_the_past_nor_what_has_started_can_be_changed(
    now: str, day: str, times: str, expected: type
) -> None:
    changes, outcome = ask(day, times, HOME, schedule(TUE), now=at(f"2026-11-{now}"))
    assert type(outcome) is expected
    assert bool(changes) is (expected is Accepted)


@pytest.mark.parametrize(
    ("home", "now", "outcome"),
    [
        pytest.param(schedule(MON), NOW, UnknownAppointment(), id="unknown"),
        pytest.param(schedule(MON, CANCELLED), NOW, AlreadyCancelled(CANCELLED), id="cancelled"),
        pytest.param(
            schedule(MON, CANCELLED),
            at("2026-11-23T11:30Z"),
            AlreadyCancelled(CANCELLED),
            id="cancelled-and-would-have-started",
        ),
    ],
)
def test_what_the_home_day_does_not_know_or_was_cancelled_cannot_be_moved(
    home: DaySchedule, now: datetime, outcome: Refusal
) -> None:
    assert ask(TUE, "15:00-16:00", home, TUESDAY, now=now) == ({}, outcome)


# The target


def test_it_can_be_moved_to_a_time_that_ends_at_midnight() -> None:
    late = doctor((("09:00", "24:00"),))
    request = to_move(ID, key(MON), late, span(f"{MON}T23:00Z", f"{TUE}T00:00Z"))
    changes, outcome = move({key(MON): HOME, key(TUE): schedule(TUE)}, request, NOW)
    assert isinstance(outcome, Accepted)
    assert changes.keys() == {key(MON)}


def test_without_an_end_its_length_stays() -> None:
    request = Move(ID, key(MON), RequestedTime(at(f"{TUE}T15:00Z")), {"strange": doctor()})
    days = {key(MON): LEFT_FOR_TUESDAY, key(TUE): TUESDAY}
    _, outcome = move(days, request, NOW)
    assert isinstance(outcome, Accepted)
    assert outcome.appointment.interval == on(TUE, "15:00-16:00")


@pytest.mark.parametrize("found", [lying(), CANCELLED], ids=["booked", "cancelled"])
def test_a_time_that_is_unclear_is_the_refusal_and_nothing_changes(found: Appointment) -> None:
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - on the doctor's wall clock
    request = Move(ID, key(MON), RequestedTime(skipped), {"strange": doctor(zone="Europe/Berlin")})
    refusal = UnclearTime("start", "nonexistent_local_time", skipped, time_zone("Europe/Berlin"))
    assert move({key(MON): schedule(MON, found)}, request, NOW) == ({}, refusal)


def test_a_doctor_that_is_not_known_here_decides_nothing() -> None:
    request = Move(ID, key(MON), RequestedTime(at(f"{TUE}T15:00Z")), {})
    assert move({key(MON): HOME}, request, NOW) == ({}, NeedsDoctor("strange"))
