"""The decision to book an appointment."""

from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped, merged
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    Days,
    Decision,
    InThePast,
    OutsideWorkingHours,
    SlotTaken,
)
from shared.rules.wall_clock import day_key
from shared.rules.working_windows import working_windows


class Booking(Struct, frozen=True):
    """A wish to hold a time. The id is chosen before the first try, and kept by every other."""

    appointment_id: str
    doctor: Doctor
    interval: Interval
    patient: Patient
    reason: str | None = None

    @property
    def key(self) -> DayKey:
        """The doctor-day that the appointment would belong to."""
        return day_key(self.doctor, self.interval.start)


def book(days: Days, booking: Booking, now: datetime) -> Decision:
    """Decide a booking on its doctor-day."""
    day = days[booking.key]
    if day.knows(booking.appointment_id):
        return {}, AlreadyApplied()
    if refusal := refusal_of(day, booking.doctor, booking.interval, now):
        return {}, refusal
    appointment = Appointment(
        id=booking.appointment_id,
        doctor_id=booking.doctor.id,
        interval=booking.interval,
        patient=booking.patient,
        reason=booking.reason,
        created_at=now,
        updated_at=now,
    )
    return {day.key: day.with_appointment(appointment)}, Accepted(appointment)


def refusal_of(
    day: DaySchedule, doctor: Doctor, asked: Interval, now: datetime, moving: str | None = None
) -> InThePast | OutsideWorkingHours | SlotTaken | None:
    """Return why a time of the day cannot be booked, or None."""
    if asked.start < now:
        return InThePast()
    windows = working_windows(doctor, day.key.day)
    if not any(window.contains(asked) for window in windows):
        return OutsideWorkingHours(doctor, asked, working_windows=windows, moving=moving)
    if conflicts := merged(clipped(day.busy, asked)):
        return SlotTaken(doctor, asked, conflicts=tuple(conflicts), moving=moving)
    return None
