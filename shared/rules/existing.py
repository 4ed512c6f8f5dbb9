"""What moving and cancelling share: finding the appointment, and whether it may still change."""

from collections.abc import Mapping
from datetime import datetime

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.placement import Placement, placement
from shared.rules.outcomes import (
    AlreadyCancelled,
    AlreadyStarted,
    NeedsDoctor,
    NeedsDocuments,
    Refusal,
    UnknownAppointment,
)

Doctors = Mapping[str, Doctor]

Found = Placement | NeedsDocuments | NeedsDoctor | UnknownAppointment


def find(documents: Documents, home: DayKey, appointment_id: str, doctors: Doctors) -> Found:
    """Find an appointment, and all the days that it touches, from the day of its birth on.

    Documents that are not of one instant may contradict each other: they are asked for again.
    """
    if appointment := documents.days[home].find(appointment_id):
        return _with_its_days(documents, home, appointment, doctors)
    birth = ElsewhereKey(home.doctor_id, appointment_id)
    where = documents.elsewhere.get(birth, birth)
    if where is None:
        return UnknownAppointment()
    days, keys = frozenset({home}), frozenset({birth})
    if isinstance(where, DayKey):
        days |= {where}
        day = documents.days.get(where)
        where = day.find(appointment_id) if day else None
    elif isinstance(where, ElsewhereKey):
        keys |= {where}
        where = documents.elsewhere.get(where)
    if isinstance(where, Appointment):
        return _with_its_days(documents, home, where, doctors)
    return NeedsDocuments(days, keys)


def _with_its_days(
    documents: Documents, home: DayKey, appointment: Appointment, doctors: Doctors
) -> Found:
    doctor = doctors.get(appointment.doctor_id)
    if doctor is None:
        return NeedsDoctor(appointment.doctor_id)
    found = placement(appointment, home, doctor)
    needed = {home, *found.days}
    if needed <= documents.days.keys():
        return found
    return NeedsDocuments(frozenset(needed), frozenset(documents.elsewhere))


def why_fixed(appointment: Appointment, now: datetime) -> Refusal | None:
    """Return why an appointment can no longer be changed, or None."""
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    return AlreadyStarted() if appointment.interval.start <= now else None
