"""Booking where a doctor's calendar differs from the week: time off, extra hours, closed days."""

import pytest

from shared.access.caller import ANYBODY
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.override import OverrideEntry
from shared.rules.allowed_starts import Rule
from shared.rules.availability import Booking, Terms
from shared.rules.booking import book
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import OutsideWorkingHours, SlotTaken, TimeOff
from tests.builders import (
    Hours,
    appointment,
    at,
    doctor,
    documents,
    extra,
    off,
    schedule,
    span,
    with_overrides,
)

NOW = at("2026-11-20T12:00Z")
MON, TUE = "2026-11-23", "2026-11-24"
EVENINGS: Hours = (("18:00", "24:00"),)
MORNINGS: Hours = (("00:00", "06:00"),)


def ask(
    asked: str,
    *overrides: OverrideEntry,
    of: Doctor | None = None,
    closed: tuple[Interval, ...] = (),
    broken: set[Rule] | None = None,
    there: tuple[DaySchedule, ...] = (),
) -> Outcome:
    """The outcome of booking, where each override stands in every day that it touches."""
    someone = of or doctor()
    start, end = (f"2026-11-{time}Z" for time in asked.split())
    wanted = appointment(start, end, "new")
    booking = Booking(
        someone, wanted, ANYBODY, Terms(closed=closed, broken=frozenset(broken or ()))
    )
    days = {day: schedule(day) for day in (MON, TUE)} | {f"{d.key.day}": d for d in there}
    for override in overrides:
        for day in days:
            whole = span(f"{day}T00:00Z", f"{day}T23:59:59Z")
            if override.interval.overlaps(whole):
                days[day] = with_overrides(days[day], override)
    return book(documents(*days.values()), booking, NOW)[1]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("23T09:00 23T10:00", Accepted),
        ("23T09:30 23T10:01", TimeOff),
        ("23T11:59 23T12:30", TimeOff),
        ("23T12:00 23T12:30", Accepted),
        ("23T08:30 23T10:30", OutsideWorkingHours),
        ("23T07:00 23T08:00", OutsideWorkingHours),
    ],
)
def test_in_time_off_nothing_is_booked_and_beside_it_as_ever(asked: str, kind: type) -> None:
    away = off(f"{MON}T10:00Z", f"{MON}T12:00Z")
    assert type(ask(asked, away)) is kind


def test_time_off_of_several_days_counts_on_each() -> None:
    away = off("2026-11-20T00:00Z", f"{TUE}T12:00Z")
    assert isinstance(ask("23T10:00 23T10:30", away), TimeOff)
    assert isinstance(ask("24T11:59 24T12:30", away), TimeOff)
    assert isinstance(ask("24T12:00 24T12:30", away), Accepted)


def test_a_closed_clinic_counts_as_time_off() -> None:
    closed = (span(f"{MON}T00:00Z", f"{TUE}T00:00Z"),)
    assert isinstance(ask("23T10:00 23T10:30", closed=closed), TimeOff)
    assert isinstance(ask("24T10:00 24T10:30", closed=closed), Accepted)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("23T17:00 23T19:00", Accepted),
        ("23T16:30 23T17:30", Accepted),
        ("23T18:30 23T19:01", OutsideWorkingHours),
    ],
)
def test_extra_hours_are_booked_like_working_hours_and_join_them(asked: str, kind: type) -> None:
    assert type(ask(asked, extra(f"{MON}T17:00Z", f"{MON}T19:00Z"))) is kind


@pytest.mark.parametrize(
    ("hours", "more", "end", "kind"),
    [
        pytest.param(EVENINGS, extra(f"{TUE}T00:00Z", f"{TUE}T01:00Z"), "01:00", Accepted),
        pytest.param(
            EVENINGS, extra(f"{TUE}T00:00Z", f"{TUE}T01:00Z"), "01:01", OutsideWorkingHours
        ),
        pytest.param(MORNINGS, extra(f"{MON}T23:00Z", f"{TUE}T00:00Z"), "06:00", Accepted),
        pytest.param(
            MORNINGS, extra(f"{MON}T23:31Z", f"{TUE}T00:00Z"), "06:00", OutsideWorkingHours
        ),
        pytest.param(
            EVENINGS, extra(f"{TUE}T00:01Z", f"{TUE}T01:00Z"), "00:30", OutsideWorkingHours
        ),
    ],
    ids=["behind-midnight", "too-long", "before-midnight", "too-early", "a-gap-at-midnight"],
)
def test_extra_hours_join_working_hours_across_midnight(
    hours: Hours, more: OverrideEntry, end: str, kind: type
) -> None:
    assert type(ask(f"23T23:30 24T{end}", more, of=doctor(hours))) is kind


def test_time_off_wins_over_extra_hours() -> None:
    hours, away = extra(f"{MON}T17:00Z", f"{MON}T19:00Z"), off(f"{MON}T18:00Z", f"{MON}T20:00Z")
    assert isinstance(ask("23T17:00 23T18:00", hours, away), Accepted)
    assert isinstance(ask("23T18:00 23T18:30", hours, away), TimeOff)
    assert isinstance(ask("23T19:00 23T19:30", hours, away), OutsideWorkingHours)


@pytest.mark.parametrize(
    ("asked", "broken", "kind"),
    [
        ("23T10:00 23T11:00", {"time_off"}, Accepted),
        ("23T10:00 23T11:00", {"outside_working_hours"}, TimeOff),
        ("23T07:00 23T08:00", {"outside_working_hours"}, Accepted),
        ("23T07:00 23T08:00", {"time_off"}, OutsideWorkingHours),
        ("23T08:30 23T10:30", {"time_off", "outside_working_hours"}, Accepted),
        ("23T15:00 23T15:30", {"time_off", "outside_working_hours"}, SlotTaken),
    ],
)
def test_a_rule_is_broken_only_if_it_may_be_and_what_is_taken_is_taken(
    asked: str, broken: set[Rule], kind: type
) -> None:
    away = off(f"{MON}T10:00Z", f"{MON}T12:00Z")
    taken = schedule(MON, appointment(f"{MON}T15:00Z", f"{MON}T16:00Z", "there"))
    outcome = ask(asked, away, broken=broken, there=(taken,))
    assert type(outcome) is kind


def test_what_is_offered_instead_breaks_no_rule_and_knows_when_the_clinic_is_closed() -> None:
    closed = (span(f"{TUE}T00:00Z", "2026-11-25T00:00Z"),)
    taken = schedule(MON, appointment(f"{MON}T18:00Z", f"{MON}T19:00Z", "there"))
    outcome = ask(
        "23T18:00 23T18:30", closed=closed, broken={"outside_working_hours"}, there=(taken,)
    )
    assert isinstance(outcome, SlotTaken)
    assert outcome.search.closed == closed
    assert outcome.search.bounds == span(f"{MON}T18:00Z", "2027-02-21T18:00Z")
