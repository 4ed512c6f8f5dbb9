"""The decision to cancel an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.placement import Placement, placed, placement
from shared.rules.existing import Doctors, find, why_fixed
from shared.rules.outcomes import Accepted, Decision


class Cancellation(Struct, frozen=True):
    """A request to cancel an appointment. `home` is the day it was born on.

    `doctors` are those that this instance knows.
    """

    appointment_id: str
    home: DayKey
    doctors: Doctors
    reason: str | None = None


def cancel(documents: Documents, request: Cancellation, now: datetime) -> Decision:
    """Decide a cancellation on the home day and the days that the appointment touches."""
    found = find(documents, request.home, request.appointment_id, request.doctors)
    if not isinstance(found, Placement):
        return Documents(), found
    appointment = found.appointment
    if fixed := why_fixed(appointment, now):
        return Documents(), fixed
    cancelled = appointment._replace(
        cancelled_at=now, cancellation_reason=request.reason, updated_at=now
    )
    after = placement(cancelled, request.home, request.doctors[cancelled.doctor_id])
    return placed(documents, found, after), Accepted(cancelled)
