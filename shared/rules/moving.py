"""The decision to move an appointment."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.booking import why_unavailable
from shared.rules.existing import current_day, find, why_fixed
from shared.rules.outcomes import (
    Accepted,
    Days,
    Decision,
    NeedsDays,
    NeedsDoctor,
    Refusal,
    UnclearTime,
)
from shared.rules.requested_time import RequestedTime
from shared.rules.wall_clock import day_key


class Move(Struct, frozen=True):
    """A request to move an appointment to another time, day or doctor.

    `home` is the day it was born on. Without `doctor_id` the doctor stays, and without an end or
    a length so does the length. `doctors` are those that this instance knows.
    """

    appointment_id: str
    home: DayKey
    time: RequestedTime
    doctors: Mapping[str, Doctor]
    doctor_id: str | None = None

    def target(self, appointment: Appointment) -> tuple[Doctor, Interval] | NeedsDoctor | Refusal:
        """Return where the appointment, as it is, is to be moved to."""
        doctor_id = self.doctor_id or appointment.doctor_id
        doctor = self.doctors.get(doctor_id)
        if doctor is None:
            return NeedsDoctor(doctor_id)
        interval = self.time.on_clock_of(doctor.zone, appointment.interval.length)
        return interval if isinstance(interval, UnclearTime) else (doctor, interval)


def move(days: Days, request: Move, now: datetime) -> Decision:
    """Decide a move on the home day, the day the appointment is on, and the target day."""
    found = find(days, request.home, request.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    target = request.target(found)
    if not isinstance(target, tuple):
        return {}, target
    if fixed := why_fixed(found, now):
        return {}, fixed
    doctor, interval = target
    home, current = request.home, current_day(days, request.home, found.id)
    key = day_key(doctor, interval.start)
    if key not in days:
        return {}, NeedsDays(frozenset({home, current, key}))
    if refusal := why_unavailable(days[key], doctor, interval, now, moving=found.id):
        return {}, refusal
    moved = found._replace(doctor_id=doctor.id, interval=interval, updated_at=now)
    changes = {key: days[key].with_appointment(moved)}
    if key != current:
        changes[current] = days[current].without(moved.id)
        if key != home:
            changes[home] = days[home].forwarding(moved.id, key)
    return changes, Accepted(moved)
