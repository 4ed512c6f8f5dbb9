"""What moving and cancelling share: finding the appointment, and whether it may still change."""

from datetime import datetime

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.rules.outcomes import (
    AlreadyCancelled,
    AlreadyStarted,
    Days,
    NeedsDays,
    Refusal,
    UnknownAppointment,
)


def find(
    days: Days, home: DayKey, appointment_id: str
) -> Appointment | NeedsDays | UnknownAppointment:
    """Find an appointment on its home day or on the day it was moved to."""
    current = current_day(days, home, appointment_id)
    if current in days and (found := days[current].find(appointment_id)):
        return found
    # Days that are not of one instant may contradict each other: load them again.
    return UnknownAppointment() if current == home else NeedsDays(frozenset({home, current}))


def current_day(days: Days, home: DayKey, appointment_id: str) -> DayKey:
    """Return the day that an appointment is on, according to its home day."""
    return days[home].forwarded.get(appointment_id, home)


def why_fixed(appointment: Appointment, now: datetime) -> Refusal | None:
    """Return why an appointment can no longer be changed, or None."""
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    return AlreadyStarted() if appointment.interval.start <= now else None
