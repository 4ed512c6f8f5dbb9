"""The decision to correct who comes and why, without a move."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from shared.model.appointment import Appointment, Patient
from shared.model.documents import Documents
from shared.model.placement import Placement, placed, placement
from shared.rules.document_size import is_full
from shared.rules.existing_appointment import Sought, find, why_another
from shared.rules.outcomes import Accepted, Decision, Unchanged
from shared.rules.patient_limits import counted, why_not_changed
from shared.rules.refusals import AlreadyCancelled, AnotherPatient, DayFull, Refusal


class Update(Struct, frozen=True):
    """A request to correct an appointment; what is unset stays as it is.

    The account of the patient stays; an `id` is only compared with the one that is there.
    """

    sought: Sought
    patient: Patient | UnsetType = UNSET
    reason: str | UnsetType | None = UNSET

    def applied(self, appointment: Appointment, now: datetime) -> Appointment:
        """Return the appointment as it is to be."""
        patient, reason = appointment.patient, appointment.reason
        if self.patient is not UNSET:
            patient = self.patient._replace(id=appointment.patient.id)
        if self.reason is not UNSET:
            reason = self.reason
        return appointment.changed(now, patient=patient, reason=reason)


def update(documents: Documents, request: Update, now: datetime) -> Decision:
    """Decide a correction on the days that the appointment touches, and its owner's schedule."""
    sought = request.sought
    arrived_at = sought.arrived_at or now
    documents = documents.tidied(min(now, arrived_at))
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    updated = request.applied(found.appointment, now)
    if refusal := _why_not(documents, request, found.appointment, arrived_at):
        return Documents(), refusal
    if (updated.patient, updated.reason) == (found.appointment.patient, found.appointment.reason):
        return Documents(), Unchanged(found.appointment)
    doctor = sought.doctors[updated.doctor_id]
    after = placement(updated, sought.home, doctor)
    schedule = documents.schedule_of(updated)
    held = [*(documents.days[key] for key in after.days), *((schedule,) if schedule else ())]
    if any(is_full(each, updated) for each in held):
        return Documents(), DayFull()
    return counted(placed(documents, found, after), sought.caller, arrived_at), Accepted(updated)


def _why_not(
    documents: Documents, request: Update, appointment: Appointment, arrived_at: datetime
) -> Refusal | None:
    sought = request.sought
    if another := why_another(appointment, sought):
        return another
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    if request.patient is not UNSET and request.patient.id not in (None, appointment.patient.id):
        return AnotherPatient()
    schedule, policy = documents.schedule_of(appointment), sought.policy_of(appointment)
    return why_not_changed(schedule, sought.caller, arrived_at, policy)
