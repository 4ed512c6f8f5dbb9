"""The decision to book an appointment, and why a time cannot be booked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule, busy_times
from shared.model.doctor import Doctor
from shared.model.doctor_days import touched_days
from shared.model.documents import Documents
from shared.model.interval import Interval
from shared.model.patient_schedule import PatientSchedule
from shared.model.placement import placed, placement
from shared.rules.conflicts import conflicts
from shared.rules.day_limit import is_full
from shared.rules.free_time import free_time
from shared.rules.limits import LIMITS, Limits, counted, why_not_booked
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    DayFull,
    Decision,
    InThePast,
    NeedsDocuments,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
)
from shared.rules.wall_clock import local_day, round_down_to_minute
from shared.rules.working_windows import windows_on_date, working_windows

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)

WhyUnavailable = InThePast | OutsideWorkingHours | SlotTaken | PatientBusy | DayFull


class Booking(Struct, frozen=True):
    """A request to book an appointment as given, or to have it that way from now on.

    Its id is chosen before the first attempt, and every later attempt keeps it.
    """

    doctor: Doctor
    appointment: Appointment
    caller: Caller

    @property
    def days(self) -> tuple[DayKey, ...]:
        """The doctor-days that the appointment would touch; on the first it would be born."""
        return touched_days(self.doctor, self.appointment.interval)


def book(
    documents: Documents, booking: Booking, now: datetime, limits: Limits = LIMITS
) -> Decision:
    """Decide a booking on the doctor-days that it would touch, and its owner's schedule."""
    documents = documents.tidied(now)
    doctor, appointment, keys = booking.doctor, booking.appointment, booking.days
    if documents.knows(appointment.id):
        return Documents(), AlreadyApplied()
    after = placement(appointment, keys[0], doctor)
    if not after.patients <= documents.patients.keys():
        return Documents(), NeedsDocuments(frozenset(keys), patients=after.patients)
    days, schedule = [documents.days[key] for key in keys], documents.schedule_of(appointment)
    refusal = why_not_booked(schedule, booking.caller, now, limits) or why_unavailable(
        days, schedule, booking, now
    )
    if refusal:
        return Documents(), refusal
    changes = placed(documents, None, after)
    return counted(changes, booking.caller, now), Accepted(appointment)


def why_unavailable(
    days: Sequence[DaySchedule],
    schedule: PatientSchedule | None,
    wanted: Booking,
    now: datetime,
    moving: str | None = None,
) -> WhyUnavailable | None:
    """Return why an appointment cannot have its time, or None if that is free from now on.

    The running minute is not in the past: whoever walks in can be booked from its start on.
    `days` are those that it would touch, `schedule` is its owner's, if it has one. The time of the
    appointment `moving` counts as free.
    """
    earliest = round_down_to_minute(now)
    doctor, asked, date = wanted.doctor, wanted.appointment.interval, days[0].key.day
    busy = busy_times(days, without=moving)
    free = free_time(doctor, date, busy, Interval(earliest, _END_OF_TIME), asked.length)
    if any(time.contains(asked) for time in free):
        return _why_not_stored(days, schedule, wanted)
    if asked.start < earliest:
        return InThePast()
    others = schedule.others(wanted.appointment) if schedule else ()
    patient_busy = tuple(a.interval for a in others)
    if not any(window.contains(asked) for window in working_windows(doctor, date)):
        return OutsideWorkingHours(
            doctor,
            asked,
            working_windows=windows_on_date(doctor, local_day(asked.start, doctor.zone)),
            moving=moving,
            patient_busy=patient_busy,
        )
    there = (a for day in days for a in day.appointments if a.id != moving)
    taken = conflicts(there, asked, wanted.caller)
    return SlotTaken(doctor, asked, conflicts=taken, moving=moving, patient_busy=patient_busy)


def _why_not_stored(
    days: Sequence[DaySchedule], schedule: PatientSchedule | None, wanted: Booking
) -> PatientBusy | DayFull | None:
    """Return why an appointment cannot have a time at which the doctor is free, or None."""
    appointment, asked = wanted.appointment, wanted.appointment.interval
    if schedule:
        if busy := conflicts(schedule.others(appointment), asked, wanted.caller):
            return PatientBusy(wanted.doctor, asked, busy)
        if is_full(schedule, appointment):
            return DayFull()
    return DayFull() if any(is_full(day, appointment) for day in days) else None
