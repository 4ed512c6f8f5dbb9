"""The decision to cancel an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.documents import Documents
from shared.model.placement import Placement, placed, placement
from shared.rules.existing_appointment import Sought, find, why_fixed
from shared.rules.outcomes import Accepted, Decision
from shared.rules.patient_limits import counted, why_not_cancelled


class Cancellation(Struct, frozen=True):
    """A request to cancel an appointment."""

    sought: Sought
    reason: str | None = None


def cancel(documents: Documents, request: Cancellation, now: datetime) -> Decision:
    """Decide a cancellation on the days that the appointment touches, and its owner's schedule."""
    sought = request.sought
    arrived_at = sought.arrived_at or now
    documents = documents.tidied(min(now, arrived_at))
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    appointment = found.appointment
    if fixed := why_fixed(appointment, sought, now):
        return Documents(), fixed
    schedule, policy = documents.schedule_of(appointment), sought.policy_of(appointment)
    if refusal := why_not_cancelled(schedule, sought.caller, arrived_at, policy):
        return Documents(), refusal
    cancelled = appointment.changed(now, cancelled_at=now, cancellation_reason=request.reason)
    after = placement(cancelled, sought.home, sought.doctors[cancelled.doctor_id])
    changes = placed(documents, found, after)
    return counted(changes, sought.caller, arrived_at), Accepted(cancelled)
