"""The decision to cancel an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.rules.existing import current_day, find, why_fixed
from shared.rules.outcomes import Accepted, Days, Decision


class Cancellation(Struct, frozen=True):
    """A request to cancel an appointment. `home` is the day it was born on."""

    appointment_id: str
    home: DayKey
    reason: str | None = None


def cancel(days: Days, request: Cancellation, now: datetime) -> Decision:
    """Decide a cancellation on the home day and the day the appointment is on."""
    found = find(days, request.home, request.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    if fixed := why_fixed(found, now):
        return {}, fixed
    cancelled = found._replace(cancelled_at=now, cancellation_reason=request.reason, updated_at=now)
    key = current_day(days, request.home, found.id)
    return {key: days[key].with_appointment(cancelled)}, Accepted(cancelled)
