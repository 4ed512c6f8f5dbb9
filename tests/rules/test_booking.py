"""The rules of booking, with every instant written out."""

from datetime import datetime

import pytest

from shared.model.appointment import Appointment, Patient
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.booking import book
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    InThePast,
    Outcome,
    OutsideWorkingHours,
    SlotTaken,
)
from shared.rules.wall_clock import round_up_to_minute
from tests.builders import Hours, appointment, at, booking, doctor, key, schedule, span

MONDAY = "2026-11-23"
BEFORE = at("2026-01-01T00:00Z")
WITH_A_BREAK: Hours = (("09:00", "12:00"), ("13:00", "17:00"))
WITHOUT_A_BREAK: Hours = (("09:00", "12:00"), ("12:00", "17:00"))
ALL_DAY: Hours = (("00:00", "24:00"),)


def on_monday(times: str) -> Interval:
    start, end = times.split("-")
    return span(f"{MONDAY}T{start}Z", f"{MONDAY}T{end}Z")


def taken(times: str, appointment_id: str = "a", *, cancelled: bool = False) -> Appointment:
    start, end = times.split("-")
    return appointment(
        f"{MONDAY}T{start}Z", f"{MONDAY}T{end}Z", appointment_id, cancelled=cancelled
    )


def ask(
    times: str, *existing: Appointment, now: datetime = BEFORE, of: Doctor | None = None
) -> Outcome:
    start, end = times.split("-")
    wish = booking(f"{MONDAY}T{start}Z", f"{MONDAY}T{end}Z", "new", of)
    _, outcome = book({key(MONDAY): schedule(MONDAY, *existing)}, wish, now)
    return outcome


@pytest.mark.parametrize(
    ("asked", "conflict"),
    [
        pytest.param("09:30-10:30", None, id="before"),
        pytest.param("10:00-11:00", None, id="meets"),
        pytest.param("10:00-12:00", "11:00-12:00", id="overlaps"),
        pytest.param("10:00-13:00", "11:00-13:00", id="finished-by"),
        pytest.param("10:00-14:00", "11:00-13:00", id="contains"),
        pytest.param("11:00-12:00", "11:00-12:00", id="starts"),
        pytest.param("11:00-13:00", "11:00-13:00", id="equals"),
        pytest.param("11:00-14:00", "11:00-13:00", id="started-by"),
        pytest.param("11:30-12:30", "11:30-12:30", id="during"),
        pytest.param("12:00-13:00", "12:00-13:00", id="finishes"),
        pytest.param("12:00-14:00", "12:00-13:00", id="overlapped-by"),
        pytest.param("13:00-14:00", None, id="met-by"),
        pytest.param("13:30-14:30", None, id="after"),
    ],
)
def test_only_an_asked_time_that_shares_time_with_an_appointment_is_taken(
    asked: str, conflict: str | None
) -> None:
    outcome = ask(asked, taken("11:00-13:00"))
    if conflict is None:
        assert isinstance(outcome, Accepted)
    else:
        assert outcome == SlotTaken(doctor(), on_monday(asked), conflicts=(on_monday(conflict),))


@pytest.mark.parametrize(
    ("existing", "conflicts"),
    [
        pytest.param(["10:00-11:00", "11:00-12:00"], ["10:00-12:00"], id="touching-become-one"),
        pytest.param(["10:00-12:00", "10:30-11:00"], ["10:00-12:00"], id="nested-become-one"),
        pytest.param(
            ["09:00-10:00", "12:00-13:00"], ["09:30-10:00", "12:00-12:30"], id="apart-stay-apart"
        ),
        pytest.param(["09:00-17:00"], ["09:30-12:30"], id="only-the-asked-part"),
    ],
)
def test_conflicts_are_the_busy_parts_of_the_asked_time_merged(
    existing: list[str], conflicts: list[str]
) -> None:
    appointments = [taken(times, f"a{n}") for n, times in enumerate(existing)]
    outcome = ask("09:30-12:30", *appointments)
    assert isinstance(outcome, SlotTaken)
    assert outcome.conflicts == tuple(map(on_monday, conflicts))


def test_a_cancelled_appointment_blocks_nothing() -> None:
    assert isinstance(ask("11:00-12:00", taken("11:00-12:00", cancelled=True)), Accepted)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("09:00-09:01", Accepted),
        ("16:59-17:00", Accepted),
        ("09:00-17:00", Accepted),
        ("08:59-09:01", OutsideWorkingHours),
        ("08:59-09:00", OutsideWorkingHours),
        ("16:59-17:01", OutsideWorkingHours),
        ("17:00-17:01", OutsideWorkingHours),
        ("08:59-17:01", OutsideWorkingHours),
    ],
)
def test_working_hours_hold_to_the_minute(asked: str, kind: type) -> None:
    assert type(ask(asked)) is kind


@pytest.mark.parametrize(
    ("asked", "hours", "kind"),
    [
        pytest.param("11:30-12:00", WITH_A_BREAK, Accepted, id="up-to-the-break"),
        pytest.param("13:00-13:30", WITH_A_BREAK, Accepted, id="from-the-break-on"),
        pytest.param("11:30-12:01", WITH_A_BREAK, OutsideWorkingHours, id="into-the-break"),
        pytest.param("11:30-13:30", WITH_A_BREAK, OutsideWorkingHours, id="across-the-break"),
        pytest.param("11:30-12:30", WITHOUT_A_BREAK, Accepted, id="across-touching-stretches"),
    ],
)
def test_a_break_cannot_be_booked_over(asked: str, hours: Hours, kind: type) -> None:
    assert type(ask(asked, of=doctor(hours))) is kind


def test_a_refusal_outside_working_hours_tells_the_windows_of_that_day() -> None:
    strange = doctor(WITH_A_BREAK)
    windows = (on_monday("09:00-12:00"), on_monday("13:00-17:00"))
    asked = on_monday("12:00-13:00")
    assert ask("12:00-13:00", of=strange) == OutsideWorkingHours(
        strange, asked, working_windows=windows
    )


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        pytest.param("2026-11-27T23:00Z", "2026-11-28T00:00Z", Accepted, id="friday-night"),
        pytest.param("2026-11-28T10:00Z", "2026-11-28T11:00Z", OutsideWorkingHours, id="weekend"),
        pytest.param("2026-11-30T23:00Z", "2026-12-01T00:00Z", Accepted, id="end-of-month"),
        pytest.param("2026-12-31T23:00Z", "2027-01-01T00:00Z", Accepted, id="end-of-year"),
        pytest.param("2026-12-31T23:30Z", "2027-01-01T00:30Z", OutsideWorkingHours, id="midnight"),
    ],
)
def test_a_booking_lies_within_one_working_day(start: str, end: str, kind: type) -> None:
    wish = booking(start, end, of=doctor(ALL_DAY))
    day = schedule(start[:10])
    changes, outcome = book({day.key: day}, wish, BEFORE)
    assert type(outcome) is kind
    booked = {changed: len(after.appointments) for changed, after in changes.items()}
    assert booked == ({day.key: 1} if kind is Accepted else {})


def test_a_booking_belongs_to_the_local_day_of_the_doctor() -> None:
    wish = booking("2026-12-31T20:00Z", "2026-12-31T21:00Z", of=doctor(zone="Pacific/Auckland"))
    assert wish.key == key("2027-01-01")


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        pytest.param("2026-11-23T10:00Z", Accepted, id="starts-now"),
        pytest.param("2026-11-23T10:00:00.000001Z", InThePast, id="a-microsecond-ago"),
        pytest.param("2026-11-23T10:01Z", InThePast, id="a-minute-ago"),
    ],
)
def test_a_booking_may_start_now_but_not_before(now: str, kind: type) -> None:
    assert type(ask("10:00-11:00", now=at(now))) is kind


def test_the_past_is_looked_at_before_working_hours_and_these_before_conflicts() -> None:
    existing = taken("08:00-10:00")
    assert ask("08:00-09:00", existing, now=at("2026-11-23T09:00Z")) == InThePast()
    assert isinstance(ask("08:00-09:30", existing), OutsideWorkingHours)
    assert isinstance(ask("09:00-09:30", existing), SlotTaken)


def test_a_booking_puts_the_appointment_into_its_day_alone_in_order_of_start() -> None:
    early, late = taken("09:00-10:00", "z"), taken("11:00-12:00", "a")
    other = schedule("2026-11-24")
    wish = booking("2026-11-23T10:00Z", "2026-11-23T11:00Z", "new")
    days = {key(MONDAY): schedule(MONDAY, early, late), other.key: other}

    changes, outcome = book(days, wish, BEFORE)

    made = Appointment(
        id="new",
        doctor_id="strange",
        interval=on_monday("10:00-11:00"),
        patient=Patient("Ada Lovelace"),
        created_at=BEFORE,
        updated_at=BEFORE,
    )
    assert outcome == Accepted(made)
    assert changes == {key(MONDAY): schedule(MONDAY, early, made, late)}
    assert [a.id for a in changes[key(MONDAY)].appointments] == ["z", "new", "a"]


@pytest.mark.parametrize("asked", ["10:00-11:00", "11:00-12:00"], ids=["granted", "refused"])
def test_booking_never_changes_the_days_that_it_was_given(asked: str) -> None:
    existing = taken("11:00-12:00")
    day = schedule(MONDAY, existing)
    days = {key(MONDAY): day}
    start, end = asked.split("-")
    book(days, booking(f"{MONDAY}T{start}Z", f"{MONDAY}T{end}Z", "new"), BEFORE)
    assert days == {key(MONDAY): schedule(MONDAY, existing)}
    assert days[key(MONDAY)] is day


def test_days_that_lie_beside_a_swallowed_midnight_cannot_both_hold_a_time() -> None:
    # In 2026 the clocks of Nuuk went from Saturday 23:00 to Sunday 00:00, at 01:00 UTC.
    evening = doctor((("22:00", "23:30"),), "America/Nuuk", "sat")
    wish = booking("2026-03-29T00:30Z", "2026-03-29T01:30Z", of=evening)
    saturday = schedule("2026-03-28")
    assert wish.key == saturday.key
    _, outcome = book({saturday.key: saturday}, wish, BEFORE)
    assert isinstance(outcome, OutsideWorkingHours)
    assert outcome.working_windows == (span("2026-03-29T00:00Z", "2026-03-29T01:00Z"),)


def test_a_refusal_changes_no_day() -> None:
    days = {key(MONDAY): schedule(MONDAY, taken("11:00-12:00"))}
    wish = booking("2026-11-23T11:00Z", "2026-11-23T12:00Z", "new")
    changes, outcome = book(days, wish, BEFORE)
    assert isinstance(outcome, SlotTaken)
    assert changes == {}


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(schedule(MONDAY, taken("11:00-12:00", "new")), id="where-it-was-booked"),
        pytest.param(schedule(MONDAY, taken("15:00-16:00", "new")), id="moved-on-that-day"),
        pytest.param(schedule(MONDAY, forwarded={"new": key("2026-11-24")}), id="moved-away"),
        pytest.param(
            schedule(MONDAY, taken("11:00-12:00", "new", cancelled=True)), id="cancelled-since"
        ),
    ],
)
def test_a_booking_whose_id_the_day_knows_was_made_before_and_changes_nothing(
    day: DaySchedule,
) -> None:
    wish = booking("2026-11-23T11:00Z", "2026-11-23T12:00Z", "new")
    assert book({day.key: day}, wish, now=at("2026-11-23T11:30Z")) == ({}, AlreadyApplied())


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
