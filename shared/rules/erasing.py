"""The decision to erase whom an appointment was for, and why."""

from datetime import datetime

from shared.model.appointment import Appointment, Patient
from shared.model.documents import Documents
from shared.model.placement import Placement, placed, placement
from shared.rules.existing import Sought, find
from shared.rules.outcomes import Accepted, Decision

ERASED = Patient("erased")


def erase(documents: Documents, sought: Sought, now: datetime) -> Decision:
    """Decide to erase what an appointment says of a patient, whatever its state.

    It leaves the schedule of its owner, if it stands in one. One that is erased already stays as
    it is, so that an erasure can be repeated.
    """
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    before = found.appointment
    after = erased(before, now)
    if after == before:
        return Documents(), Accepted(before)
    doctor = sought.doctors[after.doctor_id]
    return placed(documents, found, placement(after, sought.home, doctor)), Accepted(after)


def erased(appointment: Appointment, now: datetime) -> Appointment:
    """Return an appointment as it is kept once its patient is erased; cancelled if it lies ahead.

    What this version does not know of it may be personal too, and the time as it was told is part
    of what the clinic and the patient said to each other.
    """
    after = appointment._replace(
        patient=ERASED,
        owner=None,
        reason=None,
        cancellation_reason=None,
        told_start=None,
        unknown_fields=None,
    )
    if after.status == "booked" and after.interval.start > now:
        after = after._replace(cancelled_at=now)
    return after if after == appointment else after.changed(now)
