"""What is wrong with a booked appointment that lies ahead, and what is not."""

from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.policy import LONGEST
from shared.model.service import Service
from shared.rules.availability import why_unavailable
from shared.rules.findings import (
    AnotherTimeThanTold,
    DuringTimeOff,
    Finding,
    OutsideHours,
    Overlap,
    ServiceNotOffered,
    findings,
    is_within_hours,
)
from shared.rules.working_calendar import Calendar
from tests.builders import (
    NEW_YORK,
    NINE_TO_FIVE,
    Hours,
    appointment,
    at,
    doctor,
    span,
    to_book,
)
from tests.clock_rules import with_rules_of
from tests.examples import examples
from tests.strategies import doctors_and_dates, intervals, long_intervals

BY_THE_WEEK = Calendar()
CLINIC = Clinic()
ALL_DAY: Hours = (("00:00", "24:00"),)
EVERY_DAY = "mon tue wed thu fri sat sun"
LUNCH = ("2026-11-23T11:30Z", "2026-11-23T12:30Z")
JULY_NOON = appointment("2026-07-06T16:00Z", "2026-07-06T16:30Z", "noon")


def found(
    of: Doctor,
    about: Appointment,
    earlier: Appointment | None = None,
    calendar: Calendar = BY_THE_WEEK,
    clinic: Clinic = CLINIC,
) -> list[Finding]:
    return list(findings(of, about, earlier, calendar, clinic))


def kinds(of: Doctor, about: Appointment, earlier: Appointment | None = None) -> list[type]:
    return [type(finding) for finding in found(of, about, earlier)]


def told(text: str | None) -> Appointment:
    return JULY_NOON._replace(told_start=datetime.fromisoformat(text) if text else None)


def test_nothing_is_wrong_with_what_is_within_the_hours_at_the_time_that_was_told() -> None:
    assert kinds(doctor(zone=NEW_YORK), told("2026-07-06T12:00")) == []


def test_new_clock_rules_make_it_another_time_than_was_told() -> None:
    no_more_summer_time = replace(doctor(zone=NEW_YORK), zone=with_rules_of("Etc/GMT+5", NEW_YORK))
    assert kinds(no_more_summer_time, told("2026-07-06T12:00")) == [AnotherTimeThanTold]
    assert kinds(no_more_summer_time, told("2026-07-06T11:00")) == []


def test_a_told_time_that_nobody_knows_is_not_another_one() -> None:
    assert kinds(doctor(zone=NEW_YORK), told(None)) == []


def test_the_second_of_two_equal_local_times_is_the_time_that_was_told() -> None:
    second = appointment("2026-11-01T06:30Z", "2026-11-01T07:00Z")
    second = second._replace(told_start=datetime(2026, 11, 1, 1, 30))  # noqa: DTZ001 - wall clock
    assert kinds(doctor(ALL_DAY, NEW_YORK, EVERY_DAY), second) == []


def test_new_clock_rules_can_move_it_out_of_the_working_hours() -> None:
    early = appointment("2026-07-06T13:00Z", "2026-07-06T13:30Z")
    early = early._replace(told_start=datetime(2026, 7, 6, 9))  # noqa: DTZ001 - wall clock
    no_more_summer_time = replace(doctor(zone=NEW_YORK), zone=with_rules_of("Etc/GMT+5", NEW_YORK))
    assert kinds(no_more_summer_time, early) == [AnotherTimeThanTold, OutsideHours]


@pytest.mark.parametrize(
    ("hours", "days", "interval", "within"),
    [
        (NINE_TO_FIVE, "mon", ("2026-11-23T16:30Z", "2026-11-23T17:00Z"), True),
        (NINE_TO_FIVE, "mon", ("2026-11-23T16:30Z", "2026-11-23T17:01Z"), False),
        (NINE_TO_FIVE, "mon", ("2026-11-24T10:00Z", "2026-11-24T10:30Z"), False),
        (ALL_DAY, "mon tue", ("2026-11-23T23:30Z", "2026-11-24T00:30Z"), True),
        (ALL_DAY, "mon", ("2026-11-23T23:30Z", "2026-11-24T00:00Z"), True),
        (ALL_DAY, "mon", ("2026-11-23T23:30Z", "2026-11-24T00:30Z"), False),
        ((("09:00", "12:00"), ("12:00", "17:00")), "mon", LUNCH, True),
        ((("09:00", "12:00"), ("12:05", "17:00")), "mon", LUNCH, False),
    ],
    ids=[
        "up-to-the-end",
        "beyond-the-end",
        "on-a-day-off",
        "across-midnight-where-hours-meet",
        "up-to-midnight",
        "across-midnight-into-a-day-off",
        "across-hours-that-meet",
        "across-a-break",
    ],
)
def test_it_is_outside_the_hours_unless_one_window_holds_all_of_it(
    hours: Hours, days: str, interval: tuple[str, str], *, within: bool
) -> None:
    assert is_within_hours(doctor(hours, days=days), span(*interval), BY_THE_WEEK) == within


def test_two_that_share_time_overlap_and_two_that_touch_do_not() -> None:
    first = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a")
    second = appointment("2026-11-23T09:29Z", "2026-11-23T10:00Z", "b")
    third = appointment("2026-11-23T09:30Z", "2026-11-23T10:00Z", "c")
    assert found(doctor(), second, first) == [Overlap(doctor(), second, first)]
    assert kinds(doctor(), third, first) == []


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        pytest.param("09:20", None, True, id="in-part"),
        pytest.param("09:10", None, False, id="until-the-other-begins"),
        pytest.param("09:00", None, False, id="all-of-it"),
        pytest.param(None, "09:10", False, id="all-of-the-other"),
    ],
)
def test_what_was_freed_overlaps_nothing(
    first: str | None, second: str | None, *, overlap: bool
) -> None:
    one = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a")
    other = appointment("2026-11-23T09:10Z", "2026-11-23T09:40Z", "b")
    one, other = (
        a._replace(freed_from=at(f"2026-11-23T{freed}Z") if freed else None)
        for a, freed in ((one, first), (other, second))
    )
    assert kinds(doctor(), other, one) == ([Overlap] if overlap else [])


@examples(100)
@given(st.data())
def test_an_empty_day_has_room_for_just_what_is_within_the_hours(data: st.DataObject) -> None:
    someone, (_, day, _) = data.draw(doctors_and_dates())
    interval = data.draw(intervals(someone, day) | long_intervals(someone, day))
    assume(interval.length <= LONGEST)
    wanted = to_book("a", someone, interval)
    days = [DaySchedule(key) for key in wanted.days]
    refusal = why_unavailable(days, None, wanted, interval.start)
    assert (refusal is None) == is_within_hours(someone, interval, BY_THE_WEEK)


OFF = Calendar(off=(span("2026-11-23T11:45Z", "2026-11-23T12:00Z"),))
NOON = appointment("2026-11-23T11:30Z", "2026-11-23T12:30Z")


def test_time_off_is_found_as_such_whatever_the_hours_are() -> None:
    for someone in (doctor(), doctor((("09:00", "12:00"),))):
        assert found(someone, NOON, None, OFF) == [DuringTimeOff(someone, NOON)]
    beside = Calendar(off=(span("2026-11-23T12:30Z", "2026-11-23T13:00Z"),))
    assert found(doctor(), NOON, None, beside) == []


def test_extra_hours_are_working_hours() -> None:
    extra = Calendar(extra=(span("2026-11-23T12:00Z", "2026-11-23T13:00Z"),))
    morning = doctor((("09:00", "12:00"),))
    assert found(morning, NOON, None) == [OutsideHours(morning, NOON)]
    assert found(morning, NOON, None, extra) == []


def test_a_service_that_the_clinic_or_the_doctor_does_not_offer_any_more_is_found() -> None:
    clinic, scan = (
        Clinic(services={"scan": Service("scan", "Scan")}),
        NOON._replace(service_id="scan"),
    )
    only_talk = replace(doctor(), services=frozenset({"talk"}))
    for someone, of in ((doctor(), Clinic()), (only_talk, clinic)):
        assert found(someone, scan, None, clinic=of) == [ServiceNotOffered(someone, scan)]
    assert found(doctor(), scan, None, clinic=clinic) == []
    assert found(only_talk, NOON, None, clinic=Clinic()) == []
