"""The rules of booking, with every instant written out."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.interval import Interval
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.conflicts import Conflict
from shared.rules.outcomes import Accepted, AlreadyApplied, Outcome
from shared.rules.refusals import InThePast, OutsideWorkingHours, SlotTaken
from shared.rules.wall_clock import round_up_to_minute
from tests.builders import (
    Hours,
    appointment,
    at,
    booking,
    doctor,
    documents,
    key,
    schedule,
    span,
    untold,
)

MONDAY, TUESDAY = "2026-11-23", "2026-11-24"
NOVEMBER = [f"2026-11-{day}" for day in range(23, 30)]
BEFORE = at("2026-01-01T00:00Z")
WITH_A_BREAK: Hours = (("09:00", "12:00"), ("13:00", "17:00"))
WITHOUT_A_BREAK: Hours = (("09:00", "12:00"), ("12:00", "17:00"))
ALL_DAY: Hours = (("00:00", "24:00"),)


def on_monday(times: str) -> Interval:
    start, end = times.split("-")
    return span(f"{MONDAY}T{start}Z", f"{MONDAY}T{end}Z")


def taken(times: str, appointment_id: str = "a") -> Appointment:
    start, end = (f"{MONDAY}T{time}Z" for time in times.split("-"))
    return appointment(start, end, appointment_id)


def wished(times: str, of: Doctor | None = None) -> Booking:
    start, end = (f"{MONDAY}T{time}Z" for time in times.split("-"))
    return booking(start, end, "new", of)


def ask(
    times: str, *existing: Appointment, now: datetime = BEFORE, of: Doctor | None = None
) -> Outcome:
    """The outcome, for which nothing else has changed if it is a refusal."""
    day = schedule(MONDAY, *existing)
    changes, outcome = book(documents(day), wished(times, of), now)
    assert changes.days.keys() == ({day.key} if isinstance(outcome, Accepted) else set())
    assert changes.elsewhere == {}
    assert day == schedule(MONDAY, *existing)
    return outcome


@pytest.mark.parametrize(
    ("asked", "existing", "conflicts"),
    [
        pytest.param("09:30-10:30", ["11:00-13:00"], [], id="before"),
        pytest.param("10:00-11:00", ["11:00-13:00"], [], id="meets"),
        pytest.param("10:00-12:00", ["11:00-13:00"], ["11:00-12:00"], id="overlaps"),
        pytest.param("10:00-13:00", ["11:00-13:00"], ["11:00-13:00"], id="finished-by"),
        pytest.param("10:00-14:00", ["11:00-13:00"], ["11:00-13:00"], id="contains"),
        pytest.param("11:00-12:00", ["11:00-13:00"], ["11:00-12:00"], id="starts"),
        pytest.param("11:00-13:00", ["11:00-13:00"], ["11:00-13:00"], id="equals"),
        pytest.param("11:00-14:00", ["11:00-13:00"], ["11:00-13:00"], id="started-by"),
        pytest.param("11:30-12:30", ["11:00-13:00"], ["11:30-12:30"], id="during"),
        pytest.param("12:00-13:00", ["11:00-13:00"], ["12:00-13:00"], id="finishes"),
        pytest.param("12:00-14:00", ["11:00-13:00"], ["12:00-13:00"], id="overlapped-by"),
        pytest.param("13:00-14:00", ["11:00-13:00"], [], id="met-by"),
        pytest.param("13:30-14:30", ["11:00-13:00"], [], id="after"),
        pytest.param(
            "09:30-12:30", ["10:00-11:00", "11:00-12:00"], ["10:00-12:00"], id="touching-become-one"
        ),
        pytest.param(
            "09:30-12:30", ["10:00-12:00", "10:30-11:00"], ["10:00-12:00"], id="nested-become-one"
        ),
        pytest.param(
            "09:30-12:30",
            ["09:00-10:00", "12:00-13:00"],
            ["09:30-10:00", "12:00-12:30"],
            id="apart-stay-apart",
        ),
    ],
)
def test_conflicts_are_the_busy_parts_of_the_asked_time_merged(
    asked: str, existing: list[str], conflicts: list[str]
) -> None:
    appointments = [taken(times, f"a{n}") for n, times in enumerate(existing)]
    outcome = ask(asked, *appointments)
    if conflicts:
        assert isinstance(outcome, SlotTaken)
        assert (outcome.doctor, outcome.asked) == (doctor(), on_monday(asked))
        assert outcome.conflicts == tuple(Conflict(on_monday(part)) for part in conflicts)
    else:
        assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("asked", "hours", "kind"),
    [
        ("09:00-09:01", WITH_A_BREAK, Accepted),
        ("16:59-17:00", WITH_A_BREAK, Accepted),
        ("08:59-09:01", WITH_A_BREAK, OutsideWorkingHours),
        ("08:59-09:00", WITH_A_BREAK, OutsideWorkingHours),
        ("16:59-17:01", WITH_A_BREAK, OutsideWorkingHours),
        ("17:00-17:01", WITH_A_BREAK, OutsideWorkingHours),
        ("11:30-12:00", WITH_A_BREAK, Accepted),
        ("13:00-13:30", WITH_A_BREAK, Accepted),
        ("11:30-12:01", WITH_A_BREAK, OutsideWorkingHours),
        ("11:30-13:30", WITH_A_BREAK, OutsideWorkingHours),
        ("11:30-12:30", WITHOUT_A_BREAK, Accepted),
        ("09:00-17:00", WITHOUT_A_BREAK, Accepted),
        ("08:59-17:01", WITHOUT_A_BREAK, OutsideWorkingHours),
    ],
)
def test_working_hours_hold_to_the_minute_and_a_break_is_none(
    asked: str, hours: Hours, kind: type
) -> None:
    assert type(ask(asked, of=doctor(hours))) is kind


# Midnight


def taken_on(day: str, *times: str) -> DaySchedule:
    spans = (time.split("-") for time in times)
    return schedule(
        day, *(appointment(f"{day}T{start}Z", f"{day}T{end}Z", start) for start, end in spans)
    )


NIGHTS: Hours = (("00:00", "06:00"), ("22:00", "24:00"))
EVENINGS: Hours = (("18:00", "24:00"),)


@pytest.mark.parametrize(
    ("hours", "start", "end", "days"),
    [
        pytest.param(ALL_DAY, "23T23:00", "24T00:00", "23", id="ends-at-midnight"),
        pytest.param(ALL_DAY, "24T00:00", "24T01:00", "24", id="starts-at-midnight"),
        pytest.param(ALL_DAY, "23T23:59", "24T00:01", "23 24", id="around-the-clock"),
        pytest.param(ALL_DAY, "23T12:00", "24T12:00", "23 24", id="as-long-as-may-be"),
        pytest.param(NIGHTS, "23T22:00", "24T06:00", "23 24", id="a-whole-night"),
        pytest.param(NIGHTS, "23T22:00", "24T06:01", "", id="longer-than-the-night"),
        pytest.param(EVENINGS, "23T23:30", "24T00:00", "23", id="to-the-end-of-an-evening"),
        pytest.param(EVENINGS, "23T23:30", "24T00:01", "", id="longer-than-the-evening"),
        pytest.param(ALL_DAY, "27T23:00", "28T00:00", "27", id="to-the-weekend"),
        pytest.param(ALL_DAY, "27T23:00", "28T00:01", "", id="into-the-weekend"),
    ],
)
def test_a_booking_may_cross_midnight_where_the_hours_of_both_days_meet(
    hours: Hours, start: str, end: str, days: str
) -> None:
    wish = booking(f"2026-11-{start}Z", f"2026-11-{end}Z", of=doctor(hours))
    changes, outcome = untold(book(documents(*map(schedule, NOVEMBER)), wish, BEFORE))
    assert isinstance(outcome, Accepted) is bool(days)
    assert changes == documents(*(schedule(f"2026-11-{d}", wish.appointment) for d in days.split()))


@pytest.mark.parametrize(
    ("given", "conflict"),
    [
        pytest.param(taken_on(TUESDAY, "00:15-02:00"), "24T00:15 24T00:30", id="of-the-next-day"),
        pytest.param(taken_on(MONDAY, "22:00-23:45"), "23T23:30 23T23:45", id="of-the-first-day"),
    ],
)
def test_what_is_booked_on_either_day_stands_in_the_way_across_midnight(
    given: DaySchedule, conflict: str
) -> None:
    wish = booking(f"{MONDAY}T23:30Z", f"{TUESDAY}T00:30Z", "new", of=doctor(ALL_DAY))
    both = {key(MONDAY): schedule(MONDAY), key(TUESDAY): schedule(TUESDAY), given.key: given}
    _, outcome = book(Documents(both), wish, BEFORE)
    start, end = conflict.split()
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == (Conflict(span(f"2026-11-{start}Z", f"2026-11-{end}Z")),)


def test_what_crosses_midnight_stands_in_the_way_on_both_days_and_counts_once() -> None:
    there = appointment(f"{MONDAY}T23:00Z", f"{TUESDAY}T01:00Z", "there")
    days = documents(schedule(MONDAY, there), schedule(TUESDAY, there))
    for start, end, conflict in (
        (f"{MONDAY}T22:30", f"{MONDAY}T23:30", (f"{MONDAY}T23:00Z", f"{MONDAY}T23:30Z")),
        (f"{TUESDAY}T00:30", f"{TUESDAY}T01:30", (f"{TUESDAY}T00:30Z", f"{TUESDAY}T01:00Z")),
        (f"{MONDAY}T22:00", f"{TUESDAY}T02:00", (f"{MONDAY}T23:00Z", f"{TUESDAY}T01:00Z")),
    ):
        _, outcome = book(days, booking(f"{start}Z", f"{end}Z", "new", doctor(ALL_DAY)), BEFORE)
        assert isinstance(outcome, SlotTaken)
        assert outcome.conflicts == (Conflict(span(*conflict)),)


def test_an_appointment_is_born_on_the_first_doctor_day_that_it_touches() -> None:
    auckland = doctor(ALL_DAY, zone="Pacific/Auckland")  # 12 hours ahead, 13 in the summer.
    wish = booking("2026-12-31T11:30Z", "2026-12-31T12:30Z", of=auckland)
    assert wish.days == (key("2026-12-31"), key("2027-01-01"))


def test_days_that_lie_beside_a_swallowed_midnight_cannot_both_hold_a_time() -> None:
    # In 2026 the clocks of Nuuk went from Saturday 23:00 to Sunday 00:00, at 01:00 UTC.
    evening = doctor((("22:00", "23:30"),), "America/Nuuk", "sat")
    wish = booking("2026-03-29T00:30Z", "2026-03-29T01:30Z", of=evening)
    saturday = schedule("2026-03-28")
    assert wish.days == (saturday.key,)
    _, outcome = book(documents(saturday), wish, BEFORE)
    assert isinstance(outcome, OutsideWorkingHours)


@pytest.mark.parametrize(
    ("asked", "now", "kind"),
    [
        pytest.param("10:00-11:00", f"{MONDAY}T10:00Z", Accepted, id="starts-now"),
        pytest.param("10:00-11:00", f"{MONDAY}T10:00:59.999999Z", Accepted, id="in-its-minute"),
        pytest.param("10:00-11:00", f"{MONDAY}T10:01Z", InThePast, id="started"),
        pytest.param("08:00-09:00", f"{MONDAY}T09:00Z", InThePast, id="past-before-hours"),
        pytest.param("08:00-09:30", f"{MONDAY}T08:00Z", OutsideWorkingHours, id="before-conflicts"),
        pytest.param("09:00-09:30", f"{MONDAY}T08:00Z", SlotTaken, id="conflicts-last"),
    ],
)
def test_the_past_is_looked_at_before_working_hours_and_these_before_conflicts(
    asked: str, now: str, kind: type
) -> None:
    assert type(ask(asked, taken("08:00-10:00"), now=at(now))) is kind


def test_a_booking_puts_the_appointment_into_its_day_alone_in_order_of_start() -> None:
    early, late = taken("09:00-10:00", "z"), taken("11:00-12:00", "a")
    days = documents(schedule(MONDAY, early, late), schedule(TUESDAY))
    booking = wished("10:00-11:00")
    new = booking.appointment._replace(reason="a cough")
    changes, outcome = untold(book(days, replace(booking, appointment=new), BEFORE))
    assert outcome == Accepted(new)
    assert changes == documents(schedule(MONDAY, early, new, late))
    assert [a.id for a in changes.days[key(MONDAY)].appointments] == ["z", "new", "a"]


NEW = ElsewhereKey("strange", "new")
ENDED = taken("11:00-12:00", "new")._replace(cancelled_at=BEFORE)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(documents(schedule(MONDAY, taken("11:00-12:00", "new"))), id="as-booked"),
        pytest.param(documents(schedule(MONDAY, taken("15:00-16:00", "new"))), id="moved-since"),
        pytest.param(
            documents(schedule(MONDAY), elsewhere={NEW: Pointer(key(TUESDAY))}),
            id="moved-away-since",
        ),
        pytest.param(documents(schedule(MONDAY), elsewhere={NEW: ENDED}), id="cancelled-since"),
    ],
)
def test_a_booking_whose_id_is_known_anywhere_was_applied_before_and_changes_nothing(
    known: Documents,
) -> None:
    wish = wished("11:00-12:00")
    assert book(known, wish, now=at("2026-11-23T11:30Z")) == (documents(), AlreadyApplied())


def test_a_booking_whose_id_was_looked_for_and_not_found_is_granted() -> None:
    looked_for = documents(schedule(MONDAY), elsewhere={NEW: None})
    _, outcome = book(looked_for, wished("11:00-12:00"), BEFORE)
    assert isinstance(outcome, Accepted)


def test_an_id_tells_the_doctor_and_the_day_of_birth() -> None:
    assert appointment_id(key("2026-01-09", "who"), "c0ffee") == "who.20260109.c0ffee"


@pytest.mark.parametrize(
    ("appointment_id", "home"),
    [
        pytest.param("who.20260109.c0ffee", key("2026-01-09", "who"), id="plain"),
        pytest.param("dr.who_2-x.20260109.a", key("2026-01-09", "dr.who_2-x"), id="dots"),
        pytest.param("w.20260109.20260110.a", key("2026-01-10", "w.20260109"), id="two-dates"),
        pytest.param("who.20260230.a", None, id="no-such-date"),
        pytest.param("who.00000101.a", None, id="no-such-year"),
        pytest.param("who.2026109.a", None, id="short-date"),
        pytest.param("who.２０２６0109.a", None, id="other-digits"),  # noqa: RUF001
        pytest.param("who.20260109.", None, id="no-token"),
        pytest.param("who.20260109", None, id="no-token-and-no-dot"),
        pytest.param("who.20260109.a\n", None, id="line-end"),
        pytest.param("who.20260109.a-b", None, id="strange-token"),
        pytest.param(".20260109.a", None, id="no-doctor"),
        pytest.param("-who.20260109.a", None, id="no-doctor-of-ours"),
        pytest.param("a", None, id="one-letter"),
        pytest.param("", None, id="empty"),
    ],
)
def test_only_an_id_of_ours_leads_to_the_day_of_birth(
    appointment_id: str, home: DayKey | None
) -> None:
    assert home_day(appointment_id) == home


@pytest.mark.parametrize(
    ("instant", "rounded"),
    [
        ("2026-11-23T10:00Z", "2026-11-23T10:00Z"),
        ("2026-11-23T10:00:00.000001Z", "2026-11-23T10:01Z"),
        ("2026-11-23T10:00:59.999999Z", "2026-11-23T10:01Z"),
        ("2026-12-31T23:59:01Z", "2027-01-01T00:00Z"),
    ],
)
def test_only_what_is_not_a_whole_minute_is_rounded_up(instant: str, rounded: str) -> None:
    assert round_up_to_minute(at(instant)) == at(rounded)
