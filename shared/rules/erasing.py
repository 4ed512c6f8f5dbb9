"""The decision to erase whom an appointment was for, and why."""

from datetime import datetime

from msgspec.structs import replace

from shared.model.appointment import Appointment, Patient
from shared.model.documents import Documents
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.placement import Placement, placed, placement
from shared.rules.existing_appointment import Sought, find
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments, Unchanged

ERASED = Patient("erased")


def erase(documents: Documents, sought: Sought, now: datetime) -> Decision:
    """Decide to erase what an appointment says of a patient, whatever its state.

    It leaves the schedule and the history of its owner, if it has one, in the same commit: nobody
    could find out later whose it was. One that is erased already stays as it is, so that an erasure
    can be repeated.
    """
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    before = found.appointment
    after = erased(before, now)
    if after == before:
        return Documents(), Unchanged(before)
    owner = before.owner
    if owner and owner not in documents.patients:
        return Documents(), _with_owner(documents, owner)
    doctor = sought.doctors[after.doctor_id]
    changes = placed(documents, found, placement(after, sought.home, doctor))
    return _forgotten(documents, changes, before), Accepted(after)


def _with_owner(documents: Documents, owner: PatientKey) -> NeedsDocuments:
    """Return the same documents, and the schedule of an appointment's owner."""
    days, elsewhere = frozenset(documents.days), frozenset(documents.elsewhere)
    return NeedsDocuments(days, elsewhere, frozenset({owner}))


def _forgotten(documents: Documents, changes: Documents, before: Appointment) -> Documents:
    """Return the documents that change, so that the owner of an appointment has it no more."""
    owner, past = before.owner, PastAppointment.of(before)
    if owner is None:
        return changes
    schedule = documents.patients[owner].without(before.id)
    return replace(changes, patients={owner: schedule}, forgotten={owner: past})


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
