"""What moving and cancelling share: finding the appointment, and whether it may still change."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shared.access.caller import Caller
from shared.access.permissions import may_see, may_see_pointed
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
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


class Sought(Struct, frozen=True):
    """An appointment that a caller asks for, and the day it was born on.

    `doctors` are those that this instance knows.
    """

    appointment_id: str
    home: DayKey
    doctors: Doctors
    caller: Caller

    @property
    def birth(self) -> ElsewhereKey:
        """The name of what is kept of it under the doctor of its birth."""
        return ElsewhereKey(self.home.doctor_id, self.appointment_id)


def find(documents: Documents, sought: Sought) -> Found:
    """Find an appointment, all the days that it touches, and the schedule of its owner.

    One that the caller may not see is looked for in the same documents as one that does not exist,
    and then is as unknown. Documents that are not of one instant may contradict each other: they
    are asked for again.
    """
    home, caller, birth = sought.home, sought.caller, sought.birth
    appointment = documents.days[home].find(sought.appointment_id)
    if appointment and may_see(caller, appointment):
        return _with_its_days(documents, sought, appointment)
    if birth not in documents.elsewhere:
        return NeedsDocuments(frozenset({home}), frozenset({birth}))
    where = documents.elsewhere[birth]
    if isinstance(where, Pointer) and may_see_pointed(caller, where):
        return _follow(documents, sought, where)
    if isinstance(where, Appointment) and may_see(caller, where):
        return _with_its_days(documents, sought, where)
    return UnknownAppointment()


def _follow(documents: Documents, sought: Sought, pointer: Pointer) -> Found:
    """Find an appointment where a pointer says that it is."""
    days, keys, to = frozenset({sought.home}), frozenset({sought.birth}), pointer.to
    where: Whereabouts | None
    if isinstance(to, DayKey):
        days |= {to}
        day = documents.days.get(to)
        where = day.find(sought.appointment_id) if day else None
    else:
        keys |= {to}
        where = documents.elsewhere.get(to)
    if isinstance(where, Appointment):
        return _with_its_days(documents, sought, where)
    return NeedsDocuments(days, keys)


def _with_its_days(documents: Documents, sought: Sought, appointment: Appointment) -> Found:
    doctor = sought.doctors.get(appointment.doctor_id)
    if doctor is None:
        return NeedsDoctor(appointment.doctor_id)
    found = placement(appointment, sought.home, doctor)
    needed = {sought.home, *found.days}
    if needed <= documents.days.keys() and found.patients <= documents.patients.keys():
        return found
    return NeedsDocuments(frozenset(needed), frozenset(documents.elsewhere), found.patients)


def why_fixed(appointment: Appointment, now: datetime) -> Refusal | None:
    """Return why an appointment can no longer be changed, or None."""
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    return AlreadyStarted() if appointment.interval.start <= now else None
