"""Which events the changes of appointments make, and the records of the outbox for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.event import Change, Event, EventType, Previous
from shared.model.outbox import OutboxRecord
from shared.model.override import Override
from shared.rules.erasing import ERASED


class Telling(Struct, frozen=True):
    """What others are told of beside changes: how long before its start an appointment is due.

    There is one wherever a sink is configured. Where there is none, no event is ever written.
    """

    reminders: tuple[timedelta, ...] = ()


def events_of(change: Change, reminders: Sequence[timedelta]) -> list[Event]:
    """Return the event of a change, and the reminders of the appointment as it is now.

    A reminder that would be due by now is left out. Those of an earlier version are not sent, so
    each change makes new ones.
    """
    before, after = change
    moved = before is not None and before.place != after.place
    previous = Previous(before.interval, before.doctor_id) if before and moved else None
    event = Event(
        type=_type_of(change),
        appointment_id=after.id,
        version=after.version,
        at=after.updated_at,
        appointment=after,
        previous=previous,
        personal=after.patient != ERASED,
    )
    return [event, *_reminders(after, reminders)]


def affected_events(
    appointments: Iterable[Appointment], override: Override, now: datetime
) -> list[Event]:
    """Return the event of each appointment that time off affects."""
    return [
        Event(
            type="affected",
            appointment_id=appointment.id,
            version=appointment.version,
            at=now,
            appointment=appointment,
            detail=override.id,
            personal=appointment.patient != ERASED,
        )
        for appointment in appointments
    ]


def records_of(events: Iterable[Event], now: datetime) -> list[OutboxRecord]:
    """Return the records of new events: a reminder is due when it says, all else now.

    `now` is by the server's clock, as deliveries are.
    """
    return [OutboxRecord(event, event.at if event.type == "reminder" else now) for event in events]


def _reminders(appointment: Appointment, before_start: Sequence[timedelta]) -> list[Event]:
    if appointment.status != "booked":
        return []
    times = sorted(appointment.interval.start - each for each in before_start)
    return [
        Event(
            type="reminder",
            appointment_id=appointment.id,
            version=appointment.version,
            at=due_at,
            detail=f"{due_at:%Y%m%dT%H%M}",  # So that their ids sort as they are to be told.
        )
        for due_at in times
        if due_at > appointment.updated_at
    ]


def _type_of(change: Change) -> EventType:
    before, after = change
    if before is None:
        return "booked"
    if after.cancelled_at is not None and before.cancelled_at is None:
        return "cancelled"
    if after.mark and after.mark != before.mark:
        return after.mark
    return "moved" if before.place != after.place else "updated"
