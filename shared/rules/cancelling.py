"""The decision to cancel an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.documents import Documents
from shared.model.placement import Placement, placed, placement
from shared.rules.existing import Sought, find, why_fixed
from shared.rules.limits import LIMITS, Limits, counted, why_not_cancelled
from shared.rules.outcomes import Accepted, Decision


class Cancellation(Struct, frozen=True):
    """A request to cancel an appointment."""

    sought: Sought
    reason: str | None = None


def cancel(
    documents: Documents, request: Cancellation, now: datetime, limits: Limits = LIMITS
) -> Decision:
    """Decide a cancellation on the days that the appointment touches, and its owner's schedule."""
    documents, sought = documents.tidied(now), request.sought
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    appointment = found.appointment
    fixed = why_fixed(appointment, now) or why_not_cancelled(
        documents.schedule_of(appointment), sought.caller, now, limits
    )
    if fixed:
        return Documents(), fixed
    cancelled = appointment._replace(
        cancelled_at=now, cancellation_reason=request.reason, updated_at=now
    )
    after = placement(cancelled, sought.home, sought.doctors[cancelled.doctor_id])
    changes = placed(documents, found, after)
    return counted(changes, sought.caller, now), Accepted(cancelled)
