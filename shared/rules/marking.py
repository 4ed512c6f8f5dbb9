"""The decision to record what happened at the clinic."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment, AppointmentStatus, Mark
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import Pointer
from shared.model.placement import Placement, placed, placement
from shared.rules.existing_appointment import Found, Sought, find, why_another
from shared.rules.outcomes import Accepted, Decision, Unchanged
from shared.rules.refusals import TooEarly, UnknownAppointment, WithAnotherDoctor, WrongStatus
from shared.rules.wall_clock import local_day, round_up_to_minute

_FOLLOWS: Mapping[Mark, frozenset[AppointmentStatus]] = {
    "arrived": frozenset({"booked"}),
    "fulfilled": frozenset({"booked", "arrived"}),
    "no_show": frozenset({"booked"}),
}
"""The states that each mark may follow."""


class Marking(Struct, frozen=True):
    """A request to record what happened."""

    sought: Sought
    mark: Mark


def mark(documents: Documents, request: Marking, now: datetime) -> Decision:
    """Decide a mark on the days that the appointment touches, and its owner's schedule."""
    sought = request.sought
    documents = documents.tidied(min(now, sought.arrived_at or now))
    found = _find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    appointment, wanted = found.appointment, request.mark
    if another := why_another(appointment, sought):
        return Documents(), another
    if appointment.status == wanted:
        return Documents(), Unchanged(appointment)
    if appointment.status not in _FOLLOWS[wanted]:
        return Documents(), WrongStatus(appointment.status)
    doctor = sought.doctors[appointment.doctor_id]
    if _is_early(appointment, wanted, doctor, now):
        return Documents(), TooEarly()
    marked = appointment.changed(now, mark=wanted, freed_from=_freed_from(appointment, wanted, now))
    after = placement(marked, sought.home, doctor)
    return placed(documents, found, after), Accepted(marked)


def _find(documents: Documents, sought: Sought) -> Found:
    """Find an appointment, and tell one that is with another doctor from one that does not exist.

    What a doctor may not mark is forbidden, where elsewhere it is as unknown.
    """
    found = find(documents, sought)
    moved = isinstance(documents.elsewhere.get(sought.birth), Pointer)
    return WithAnotherDoctor() if moved and isinstance(found, UnknownAppointment) else found


def _is_early(appointment: Appointment, wanted: Mark, doctor: Doctor, now: datetime) -> bool:
    start = appointment.interval.start
    if wanted == "no_show":
        return now < start
    return local_day(now, doctor.zone) < local_day(start, doctor.zone)


def _freed_from(appointment: Appointment, wanted: Mark, now: datetime) -> datetime | None:
    """Return from when on the rest of the time is free; None if nothing is left to be freed."""
    start, end = appointment.interval
    freed_from = max(start, round_up_to_minute(now))
    return freed_from if wanted != "arrived" and freed_from < end else None
