"""What moving and cancelling share: the appointment as it stands."""

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
    """Find an appointment on its birth day or on the day it was moved to."""
    place = place_of(days, home, appointment_id)
    if place in days and (found := days[place].find(appointment_id)):
        return found
    # Where the days are not of one instant, they may not know what they should: look again.
    return UnknownAppointment() if place == home else NeedsDays(frozenset({home, place}))


def place_of(days: Days, home: DayKey, appointment_id: str) -> DayKey:
    """Where the home day says that the appointment lies."""
    return days[home].forwarded.get(appointment_id, home)


def why_fixed(appointment: Appointment, now: datetime) -> Refusal | None:
    """Why nothing of an appointment can be changed any more."""
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    return AlreadyStarted() if appointment.interval.start <= now else None
