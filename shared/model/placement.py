"""In which documents an appointment stands, and what changes when it changes."""

from collections.abc import Collection, Mapping

from msgspec import Struct, field

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import touched_days
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.event import Change
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule


class Placement(Struct, frozen=True):
    """An appointment, the doctor-days that it stands in, and what `elsewhere` says of it.

    `patients` are the accounts in whose schedules it stands: its owner's, if it has one.
    """

    appointment: Appointment
    days: tuple[DayKey, ...] = ()
    elsewhere: Mapping[ElsewhereKey, Whereabouts] = field(default_factory=dict)
    patients: frozenset[PatientKey] = frozenset()


def placement(appointment: Appointment, home: DayKey, doctor: Doctor) -> Placement:
    """Return where an appointment stands that was born on the day `home` and is with `doctor`.

    It stands whole in every doctor-day that it touches with its buffers, and in its owner's
    schedule; if `home` is none of its days, a pointer stands under the doctor of its birth. Once it
    is cancelled it stands under the doctor whom it was with, with a pointer from the doctor of its
    birth if that is another.
    """
    birth, own = (
        ElsewhereKey(doctor_id, appointment.id) for doctor_id in (home.doctor_id, doctor.id)
    )
    if appointment.status == "cancelled":
        pointers = {} if birth == own else {birth: Pointer(own, appointment.owner)}
        return Placement(appointment, (), {own: appointment, **pointers})
    days = touched_days(doctor, appointment.reach)
    pointers = {} if home in days else {birth: Pointer(days[0], appointment.owner)}
    owner = appointment.owner
    return Placement(appointment, days, pointers, frozenset({owner} if owner else ()))


def placed(documents: Documents, before: Placement | None, after: Placement) -> Documents:
    """Return the documents that change when an appointment leaves one placement for another."""
    days = _changed_days(documents.days, before, after)
    elsewhere = _changed_whereabouts(before, after)
    back = _from_history(documents, before, after)
    patients = _patients(documents, before, after, back)
    change = Change(before.appointment if before else None, after.appointment)
    return Documents(days, elsewhere, patients, back, appointments=(change,))


def _changed_days(
    days: Mapping[DayKey, DaySchedule], before: Placement | None, after: Placement
) -> dict[DayKey, DaySchedule]:
    appointment = after.appointment
    changed = {key: days[key].with_appointment(appointment) for key in after.days}
    for key in before.days if before else ():
        if key not in changed:
            changed[key] = days[key].without(appointment.id)
    return changed


def _changed_whereabouts(
    before: Placement | None, after: Placement
) -> dict[ElsewhereKey, Whereabouts | None]:
    """Return what `elsewhere` is to say; None where it is to say nothing any more."""
    if before is None:
        return {**after.elsewhere}
    said = before.elsewhere
    deleted = dict.fromkeys(said.keys() - after.elsewhere.keys())
    return {**deleted, **{key: to for key, to in after.elsewhere.items() if said.get(key) != to}}


def _from_history(
    documents: Documents, before: Placement | None, after: Placement
) -> dict[PatientKey, PastAppointment]:
    """Return what the history of an owner is to hold no more, because it is moved.

    What has gone to the history is moved only by who says what time it is. It stays there while it
    is only marked or corrected.
    """
    if before is None or before.appointment.place == after.appointment.place:
        return {}
    past, schedules = PastAppointment.of(before.appointment), documents.patients
    owners = before.patients & after.patients
    return {key: past for key in owners if schedules[key].find(past.id) is None}


def _patients(
    documents: Documents,
    before: Placement | None,
    after: Placement,
    back: Collection[PatientKey],
) -> dict[PatientKey, PatientSchedule]:
    appointment, schedules = after.appointment, documents.patients
    left = before.patients - after.patients if before else ()
    gone = {key: schedules[key].without(appointment.id) for key in left}
    stands = {
        key: schedules[key].with_appointment(appointment)
        if before is None or key in back or schedules[key].find(appointment.id)
        else schedules[key]
        for key in after.patients
    }
    return gone | stands
