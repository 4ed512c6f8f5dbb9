"""Requests for the tests of the transaction, and what came of them."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from shared.models import DaySchedule
from shared.outcomes import Accepted, Booked, Outcome, Refusal, SlotTaken
from shared.proposals import Idempotency, Proposal
from shared.scheduling import Booking, Days, book
from tests.builders import at, booking, key

LONG_AGO = "2026-01-01T00:00Z"


class NotThere(Refusal):
    """No such appointment on these days."""


def proposal(
    start: str,
    appointment_id: str = "a",
    minutes: int = 30,
    idempotency_key: str | None = None,
    now: str = LONG_AGO,
) -> Proposal:
    """A request to book some minutes; requests of the same time are the same request."""
    wish = _wish(start, appointment_id, minutes)
    request = [start, str(minutes)]
    return Proposal(
        days=frozenset({wish.key}),
        decide=partial(book, booking=wish, now=at(now)),
        now=at(now),
        appointment_id=appointment_id,
        idempotency=Idempotency.of(idempotency_key, request) if idempotency_key else None,
    )


def move(from_day: str, start: str, appointment_id: str = "a") -> Proposal:
    """A request to move an appointment from a day to half an hour of that or another day."""
    wish = _wish(start, appointment_id, 30)
    return Proposal(
        days=frozenset({key(from_day), wish.key}),
        decide=partial(_move, wish=wish),
        now=at(LONG_AGO),
        appointment_id=appointment_id,
    )


def granted(outcome: object) -> str:
    """The id of what was booked."""
    assert isinstance(outcome, Booked)
    return outcome.appointment.id


def conflicts(outcome: object) -> list[tuple[str, str]]:
    """The times of day that stood in the way."""
    assert isinstance(outcome, SlotTaken)
    return [(f"{c.start:%H:%M}", f"{c.end:%H:%M}") for c in outcome.conflicts]


def _wish(start: str, appointment_id: str, minutes: int) -> Booking:
    end = at(start) + timedelta(minutes=minutes)
    return booking(start, end.isoformat(), appointment_id)


def _move(days: Days, wish: Booking) -> tuple[Days, Outcome]:
    """Leaves a cancelled appointment behind, since none ever leaves its day for good."""
    for day in days.values():
        made = day.find(wish.appointment_id)
        if made is None or made.status == "cancelled":
            continue
        if made.interval == wish.interval:
            return days, Booked(made)
        left = _without(day, made.id).with_appointment(replace(made, cancelled_at=at(LONG_AGO)))
        moved = {**days, day.key: left}
        cleared = {**moved, wish.key: _without(moved[wish.key], made.id)}
        after, outcome = book(cleared, wish, at(LONG_AGO))
        return (after if isinstance(outcome, Accepted) else days), outcome
    return days, NotThere()


def _without(day: DaySchedule, appointment_id: str) -> DaySchedule:
    return replace(day, appointments=tuple(a for a in day.appointments if a.id != appointment_id))
