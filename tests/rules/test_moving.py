"""The rules of moving an appointment, with every instant written out.

The appointment is always the same: an hour of Monday from eleven on, which was born on Monday.
"""

from datetime import datetime

import pytest

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.interval import Interval
from shared.model.time_zones import time_zone
from shared.rules.conflicts import Conflict
from shared.rules.existing_appointment import Doctors, Sought
from shared.rules.moving import Move, move
from shared.rules.outcomes import Accepted, Decision, NeedsDoctor, NeedsDocuments
from shared.rules.refusals import (
    AlreadyCancelled,
    AlreadyStarted,
    InThePast,
    OutsideWorkingHours,
    Refusal,
    RetiredDoctor,
    SlotTaken,
    UnclearTime,
    UnknownAppointment,
)
from shared.rules.requested_time import RequestedTime
from tests.builders import appointment, at, doctor, documents, key, schedule, span, to_move, untold

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
ID = "strange.20261123.a"
NOW = at("2026-11-20T12:00Z")
WHO = doctor((("06:00", "12:00"),), doctor_id="who")
THEIRS = schedule(MON, doctor_id="who")


def on(day: str, times: str) -> Interval:
    start, end = times.split("-")
    return span(f"{day}T{start}Z", f"{day}T{end}Z")


def standing(
    day: str = MON, times: str = "11:00-12:00", with_doctor: str = "strange"
) -> Appointment:
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
    before = standing(day, times, with_doctor)
    told = before.interval.start.replace(tzinfo=None)
    return before._replace(updated_at=NOW, told_start=told, version=2)


def other(day: str, times: str) -> Appointment:
    start, end = (f"{day}T{time}Z" for time in times.split("-"))
    return appointment(start, end, f"other-{times}")


HERE = ElsewhereKey("strange", ID)
HOME = schedule(MON, standing())
LEFT, TUESDAY = schedule(MON), schedule(TUE, standing(TUE))
CANCELLED = standing()._replace(cancelled_at=NOW)


def sought(doctors: Doctors) -> Sought:
    """The appointment, looked for by somebody who may do everything."""
    return Sought(ID, key(MON), doctors, ANYBODY)


def ask(
    day: str,
    times: str,
    *days: DaySchedule,
    left_for: DayKey | None = None,
    of: Doctor | None = None,
    now: datetime = NOW,
) -> Decision:
    """What it comes to if the appointment is to be at this time.

    `left_for` is the day that a pointer leads to, if it was moved away before.
    """
    strange, to = doctor(), of or doctor()
    time = RequestedTime(*on(day, times))
    request, pointers = (
        Move(sought({"strange": strange, to.id: to}), time, to.id),
        {HERE: Pointer(left_for)} if left_for else {},
    )
    return untold(move(documents(*days, elsewhere=pointers), request, now))


@pytest.mark.parametrize(
    "times",
    [
        pytest.param("11:30-12:30", id="a-little-later"),
        pytest.param("10:00-13:00", id="longer-both-ways"),
        pytest.param("11:15-11:45", id="shorter-both-ways"),
        pytest.param("15:00-16:00", id="far-off"),
    ],
)
def test_its_own_old_time_never_stands_in_its_way(times: str) -> None:
    before, behind = other(MON, "09:00-10:00"), other(MON, "13:00-14:00")
    assert ask(MON, times, schedule(MON, before, standing(), behind)) == (
        documents(schedule(MON, before, moved(MON, times), behind)),
        Accepted(moved(MON, times)),
    )


def test_where_it_is_already_it_is_told_anew_and_in_no_other_version() -> None:
    told = standing()._replace(told_start=moved(MON, "11:00-12:00").told_start)
    for before in (standing(), told):
        request = Move(sought({"strange": doctor()}), RequestedTime(*on(MON, "11:00-12:00")))
        assert move(documents(schedule(MON, before)), request, NOW) == (
            documents(schedule(MON, told)),
            Accepted(told),
        )


@pytest.mark.parametrize(
    ("day", "of", "given", "left_for", "expected"),
    [
        pytest.param(
            TUE,
            "strange",
            [
                schedule(MON, other(MON, "09:00-10:00"), standing()),
                schedule(TUE, other(TUE, "09:00-10:00")),
            ],
            None,
            documents(
                schedule(MON, other(MON, "09:00-10:00")),
                schedule(TUE, other(TUE, "09:00-10:00"), moved(TUE, "10:30-11:30")),
                elsewhere={HERE: Pointer(key(TUE))},
            ),
            id="away-from-home",
        ),
        pytest.param(
            MON,
            "who",
            [HOME, THEIRS],
            None,
            documents(
                LEFT,
                schedule(MON, moved(MON, "10:30-11:30", "who"), doctor_id="who"),
                elsewhere={HERE: Pointer(key(MON, "who"))},
            ),
            id="to-another-doctor",
        ),
        pytest.param(
            MON,
            "strange",
            [LEFT, TUESDAY],
            key(TUE),
            documents(
                schedule(MON, moved(MON, "10:30-11:30")), schedule(TUE), elsewhere={HERE: None}
            ),
            id="home",
        ),
        pytest.param(
            TUE,
            "strange",
            [LEFT, schedule(TUE, standing(TUE), other(TUE, "11:30-12:00"))],
            key(TUE),
            documents(schedule(TUE, moved(TUE, "10:30-11:30"), other(TUE, "11:30-12:00"))),
            id="within-the-day-that-it-was-moved-to",
        ),
        pytest.param(
            WED,
            "strange",
            [LEFT, TUESDAY, schedule(WED)],
            key(TUE),
            documents(
                schedule(TUE),
                schedule(WED, moved(WED, "10:30-11:30")),
                elsewhere={HERE: Pointer(key(WED))},
            ),
            id="onwards",
        ),
    ],
)
def test_all_that_changes_changes_together_and_a_pointer_tells_where_the_appointment_is(
    day: str, of: str, given: list[DaySchedule], left_for: DayKey | None, expected: Documents
) -> None:
    to = WHO if of == "who" else None
    changes, outcome = ask(day, "10:30-11:30", *given, left_for=left_for, of=to)
    assert outcome == Accepted(moved(day, "10:30-11:30", of))
    assert changes == expected


def test_moving_never_changes_the_days_that_it_was_given() -> None:
    home, place, target = schedule(MON), schedule(TUE, standing(TUE)), schedule(WED)
    ask(WED, "11:00-12:00", home, place, target, left_for=key(TUE))
    assert home == schedule(MON)
    assert place == schedule(TUE, standing(TUE))
    assert target == schedule(WED)


@pytest.mark.parametrize(
    ("given", "left_for", "day", "needed"),
    [
        pytest.param([HOME], None, TUE, {MON, TUE}, id="the-target"),
        pytest.param([LEFT], TUE, MON, {MON, TUE}, id="where-it-stands"),
        pytest.param([LEFT, schedule(WED)], TUE, WED, {MON, TUE}, id="where-it-stands-first"),
        pytest.param([LEFT, TUESDAY], TUE, WED, {MON, TUE, WED}, id="and-then-the-target"),
        pytest.param([LEFT, schedule(TUE)], TUE, TUE, {MON, TUE}, id="which-do-not-agree"),
    ],
)
def test_nothing_is_decided_before_all_days_are_there_and_agree(
    given: list[DaySchedule], left_for: str | None, day: str, needed: set[str]
) -> None:
    pointer = key(left_for) if left_for else None
    wanted = NeedsDocuments(frozenset(map(key, needed)), frozenset({HERE} if left_for else ()))
    assert ask(day, "15:00-16:00", *given, left_for=pointer) == (documents(), wanted)


def test_what_its_home_day_does_not_hold_is_looked_for_beside_it() -> None:
    wanted = NeedsDocuments(frozenset({key(MON)}), frozenset({HERE}))
    assert ask(TUE, "15:00-16:00", LEFT) == (documents(), wanted)


# Midnight

NIGHT = Interval(at(f"{MON}T23:30Z"), at(f"{TUE}T00:30Z"))


def to_night(*given: DaySchedule, left_for: DayKey | None = None) -> Documents:
    """What changes if it is moved to the hour around the midnight behind Monday."""
    around_the_clock = doctor((("00:00", "24:00"),))
    request = to_move(ID, key(MON), around_the_clock, NIGHT)
    elsewhere = {HERE: Pointer(left_for)} if left_for else {}
    changes, outcome = untold(move(documents(*given, elsewhere=elsewhere), request, NOW))
    assert outcome == Accepted(BY_NIGHT)
    return changes


BY_NIGHT = standing()._replace(
    interval=NIGHT,
    updated_at=NOW,
    told_start=datetime(2026, 11, 23, 23, 30),  # noqa: DTZ001 - on the doctor's wall clock
    version=2,
)


def test_it_can_be_moved_to_a_time_that_crosses_midnight_and_stands_on_both_days() -> None:
    both = documents(schedule(MON, BY_NIGHT), schedule(TUE, BY_NIGHT))
    assert to_night(HOME, schedule(TUE)) == both


def test_what_crosses_the_midnight_behind_its_home_day_needs_no_pointer() -> None:
    changes = to_night(LEFT, TUESDAY, left_for=key(TUE))
    assert changes == documents(
        schedule(MON, BY_NIGHT), schedule(TUE, BY_NIGHT), elsewhere={HERE: None}
    )


def test_it_can_be_moved_to_a_time_that_ends_at_midnight_and_stands_on_one_day() -> None:
    late = doctor((("09:00", "24:00"),))
    request = to_move(ID, key(MON), late, span(f"{MON}T23:00Z", f"{TUE}T00:00Z"))
    changes, outcome = move(documents(HOME), request, NOW)
    assert isinstance(outcome, Accepted)
    assert changes.days.keys() == {key(MON)}


def test_its_own_time_before_midnight_does_not_stand_in_its_way_behind_it() -> None:
    around_the_clock = doctor((("00:00", "24:00"),))
    later = span(f"{TUE}T00:15Z", f"{TUE}T01:15Z")
    given = documents(schedule(MON, BY_NIGHT), schedule(TUE, BY_NIGHT))
    request = to_move(ID, key(MON), around_the_clock, later)
    changes, outcome = untold(move(given, request, NOW))
    assert isinstance(outcome, Accepted)
    assert changes == documents(
        schedule(MON), schedule(TUE, outcome.appointment), elsewhere={HERE: Pointer(key(TUE))}
    )


# Refusals


@pytest.mark.parametrize(
    ("day", "asked", "given", "conflict"),
    [
        (MON, "11:30-12:30", [schedule(MON, standing(), other(MON, "12:00-13:00"))], "12:00-12:30"),
        (TUE, "11:00-12:00", [HOME, schedule(TUE, other(TUE, "11:00-12:00"))], "11:00-12:00"),
    ],
    ids=["on-its-day", "on-another-day"],
)
def test_the_times_of_others_stand_in_its_way_and_nothing_changes(
    day: str, asked: str, given: list[DaySchedule], conflict: str
) -> None:
    changes, outcome = ask(day, asked, *given)
    assert changes == documents()
    assert isinstance(outcome, SlotTaken)
    assert (outcome.asked, outcome.search.moving) == (on(day, asked), ID)
    assert outcome.conflicts == (Conflict(on(day, conflict)),)


@pytest.mark.parametrize(
    ("of", "times"),
    [(doctor(), "16:30-17:30"), (WHO, "11:30-12:30")],
    ids=["of-its-doctor", "of-the-doctor-whom-it-is-moved-to"],
)
def test_working_hours_hold_for_a_move_and_nothing_changes(of: Doctor, times: str) -> None:
    changes, outcome = ask(MON, times, HOME, THEIRS, of=of)
    assert changes == documents()
    assert isinstance(outcome, OutsideWorkingHours)
    assert (outcome.doctor, outcome.asked) == (of, on(MON, times))
    assert outcome.search.moving == ID


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
    assert bool(changes.days) is (expected is Accepted)


@pytest.mark.parametrize(
    ("known", "now", "outcome"),
    [
        pytest.param(None, NOW, UnknownAppointment(), id="unknown"),
        pytest.param(CANCELLED, NOW, AlreadyCancelled(CANCELLED), id="cancelled"),
        pytest.param(
            CANCELLED,
            at("2026-11-23T11:30Z"),
            AlreadyCancelled(CANCELLED),
            id="cancelled-and-would-have-started",
        ),
    ],
)
def test_what_nobody_knows_or_was_cancelled_cannot_be_moved(
    known: Appointment | None, now: datetime, outcome: Refusal
) -> None:
    given = documents(LEFT, TUESDAY, elsewhere={HERE: known})
    request = to_move(ID, key(MON), doctor(), on(TUE, "15:00-16:00"))
    assert move(given, request, now) == (documents(), outcome)


# The target


def test_without_an_end_its_length_stays() -> None:
    request = Move(sought({"strange": doctor()}), RequestedTime(at(f"{TUE}T15:00Z")))
    given = documents(LEFT, TUESDAY, elsewhere={HERE: Pointer(key(TUE))})
    _, outcome = move(given, request, NOW)
    assert isinstance(outcome, Accepted)
    assert outcome.appointment.interval == on(TUE, "15:00-16:00")


def test_a_time_that_is_unclear_is_the_refusal_and_nothing_changes() -> None:
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - on the doctor's wall clock
    request = Move(sought({"strange": doctor(zone="Europe/Berlin")}), RequestedTime(skipped))
    refusal = UnclearTime("start", "nonexistent_local_time", skipped, time_zone("Europe/Berlin"))
    assert move(documents(HOME), request, NOW) == (documents(), refusal)


def test_what_is_cancelled_is_said_to_be_so_whatever_time_is_asked_for() -> None:
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - on the doctor's wall clock
    request = Move(sought({"strange": doctor(zone="Europe/Berlin")}), RequestedTime(skipped))
    given = documents(LEFT, elsewhere={HERE: CANCELLED})
    assert move(given, request, NOW) == (documents(), AlreadyCancelled(CANCELLED))


def test_the_patient_is_told_the_start_on_the_clock_of_the_doctor() -> None:
    new_york = doctor(zone="America/New_York")
    given = documents(schedule(MON, standing(MON, "14:00-15:00")))
    request = to_move(ID, key(MON), new_york, on(MON, "15:00-16:00"))
    _, outcome = move(given, request, NOW)
    assert isinstance(outcome, Accepted)
    told = datetime(2026, 11, 23, 10)  # noqa: DTZ001 - on the doctor's wall clock
    assert outcome.appointment.told_start == told


def test_nothing_is_decided_while_its_own_doctor_is_not_known_here() -> None:
    request = Move(sought({}), RequestedTime(at(f"{TUE}T15:00Z")), "who")
    assert move(documents(HOME), request, NOW) == (documents(), NeedsDoctor("strange"))


def test_there_is_no_other_doctor_but_those_that_were_found() -> None:
    request = Move(sought({"strange": doctor()}), RequestedTime(at(f"{TUE}T15:00Z")), "who")
    assert move(documents(HOME), request, NOW) == (documents(), RetiredDoctor())
