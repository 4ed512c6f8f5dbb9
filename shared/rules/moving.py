"""The decision to move an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.interval import Interval
from shared.model.placement import Placement, placed, placement
from shared.rules.booking import Booking, why_unavailable
from shared.rules.existing import Sought, find, why_fixed
from shared.rules.limits import LIMITS, Limits, counted, why_not_changed
from shared.rules.outcomes import (
    Accepted,
    Decision,
    NeedsDoctor,
    NeedsDocuments,
    Refusal,
    UnclearTime,
)
from shared.rules.requested_time import RequestedTime
from shared.rules.wall_clock import local_time


class Move(Struct, frozen=True):
    """A request to move an appointment to another time, day or doctor.

    Without `doctor_id` the doctor stays, and without an end or a length so does the length.
    """

    sought: Sought
    time: RequestedTime
    doctor_id: str | None = None

    def target(self, appointment: Appointment) -> tuple[Doctor, Interval] | NeedsDoctor | Refusal:
        """Return where the appointment, as it is, is to be moved to."""
        doctor_id = self.doctor_id or appointment.doctor_id
        doctor = self.sought.doctors.get(doctor_id)
        if doctor is None:
            return NeedsDoctor(doctor_id)
        interval = self.time.on_clock_of(doctor.zone, appointment.interval.length)
        return interval if isinstance(interval, UnclearTime) else (doctor, interval)


def move(documents: Documents, request: Move, now: datetime, limits: Limits = LIMITS) -> Decision:
    """Decide a move on the days that the appointment touches or would, and its owner's schedule."""
    documents, sought = documents.tidied(now), request.sought
    found = find(documents, sought)
    if not isinstance(found, Placement):
        return Documents(), found
    appointment = found.appointment
    target = request.target(appointment)
    if not isinstance(target, tuple):
        return Documents(), target
    fixed = why_fixed(appointment, now) or why_not_changed(
        documents.schedule_of(appointment), sought.caller, now, limits
    )
    if fixed:
        return Documents(), fixed
    doctor, interval = target
    moved = appointment._replace(
        doctor_id=doctor.id,
        interval=interval,
        told_start=local_time(interval.start, doctor.zone),
        updated_at=now,
    )
    after = placement(moved, sought.home, doctor)
    needed = {sought.home, *found.days, *after.days}
    if not needed <= documents.days.keys():
        return Documents(), NeedsDocuments(frozenset(needed), frozenset(documents.elsewhere))
    days, schedule = [documents.days[key] for key in after.days], documents.schedule_of(moved)
    wanted = Booking(doctor, moved, sought.caller)
    if refusal := why_unavailable(days, schedule, wanted, now, moving=moved.id):
        return Documents(), refusal
    return counted(placed(documents, found, after), sought.caller, now), Accepted(moved)
