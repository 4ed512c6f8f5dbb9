"""The decision to cancel an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.rules.existing import find, place_of, why_fixed
from shared.rules.outcomes import Accepted, Days, Decision


class Cancellation(Struct, frozen=True):
    """A wish to give an appointment up."""

    appointment_id: str
    home: DayKey
    reason: str | None = None


def cancel(days: Days, wish: Cancellation, now: datetime) -> Decision:
    """Decide a cancellation on the home day and the day where the appointment lies."""
    found = find(days, wish.home, wish.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    if refusal := why_fixed(found, now):
        return {}, refusal
    cancelled = found._replace(cancelled_at=now, cancellation_reason=wish.reason, updated_at=now)
    place = place_of(days, wish.home, found.id)
    return {place: days[place].with_appointment(cancelled)}, Accepted(cancelled)
