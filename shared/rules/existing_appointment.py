"""What all changes share: finding the appointment, and whether it may still change."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from shared.access.caller import Caller
from shared.access.permissions import may_see, may_see_pointed
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.placement import Placement, placement
from shared.model.policy import Policy
from shared.rules.outcomes import NeedsDoctor, NeedsDocuments
from shared.rules.refusals import (
    AlreadyCancelled,
    AlreadyStarted,
    Refusal,
    TooLateToCancel,
    UnknownAppointment,
    VersionMismatch,
    WrongStatus,
)

Doctors = Mapping[str, Doctor]

Found = Placement | NeedsDocuments | NeedsDoctor | UnknownAppointment


class Sought(Struct, frozen=True):
    """An appointment that a caller asks for, and the day it was born on.

    `doctors` are those that are known here. If there are `versions`, the request is about one of
    these, and about no other state of the appointment. `arrived_at` is when the request was sent
    by the server's clock, if the `now` of the rules is another.
    """

    appointment_id: str
    home: DayKey
    doctors: Doctors
    caller: Caller
    clinic: Clinic = Clinic()
    versions: frozenset[int] | None = None
    arrived_at: datetime | None = None

    @property
    def birth(self) -> ElsewhereKey:
        """The name of what is kept of it under the doctor of its birth."""
        return ElsewhereKey(self.home.doctor_id, self.appointment_id)

    def policy_of(self, appointment: Appointment) -> Policy:
        """Return the policy that an appointment keeps to: that of its service."""
        return self.clinic.policy_of(appointment.service_id)


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


def why_another(appointment: Appointment, sought: Sought) -> VersionMismatch | None:
    """Return why the request is not about an appointment as it is, or None."""
    if sought.versions is None or appointment.version in sought.versions:
        return None
    return VersionMismatch()


def why_fixed(appointment: Appointment, sought: Sought, now: datetime) -> Refusal | None:
    """Return why an appointment can no longer be moved or cancelled, or None."""
    if another := why_another(appointment, sought):
        return another
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    if appointment.status != "booked":
        return WrongStatus(appointment.status)
    start, notice = appointment.interval.start, _cancel_notice(appointment, sought)
    if start <= now:
        return AlreadyStarted()
    return TooLateToCancel() if start < now + notice else None


def _cancel_notice(appointment: Appointment, sought: Sought) -> timedelta:
    """Return how long before its start a caller may still move or cancel an appointment."""
    if sought.caller.kind != "patient":
        return timedelta()
    return sought.policy_of(appointment).cancel_notice
