"""What is wrong with booked appointments that lie ahead.

A booking was right when it was made. Since then the clock rules may have moved it on the wall
clock, and the clinic may have changed its hours, its services and when somebody is away. It stays
booked; people have to settle it.
"""

from collections.abc import Iterator

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.doctor_days import each_day
from shared.model.interval import Interval, merged
from shared.rules.wall_clock import local_day, local_time
from shared.rules.working_calendar import Calendar


class Finding(Struct, frozen=True):
    """Something is wrong with an appointment of a doctor."""

    doctor: Doctor
    appointment: Appointment


class Overlap(Finding, frozen=True):
    """It shares time with an `earlier` one of the same doctor, which must never happen."""

    earlier: Appointment


class AnotherTimeThanTold(Finding, frozen=True):
    """The doctor's clock will not show the start that the patient was told."""


class DuringTimeOff(Finding, frozen=True):
    """The doctor is away, or the clinic closed, during part of it."""


class OutsideHours(Finding, frozen=True):
    """Part of it lies outside the doctor's working hours."""


class ServiceNotOffered(Finding, frozen=True):
    """The clinic, or the doctor, does not offer its service any more."""


def findings(
    doctor: Doctor,
    appointment: Appointment,
    earlier: Appointment | None,
    calendar: Calendar,
    clinic: Clinic,
) -> Iterator[Finding]:
    """Yield what is wrong with an appointment, the worst first.

    `earlier` is the one that holds time longest of all that come before it in order of start: if
    it overlaps any of them, it overlaps that one. `calendar` is that of the doctor-days that it
    touches.
    """
    if earlier and _share_time(earlier.held, appointment.held):
        yield Overlap(doctor, appointment, earlier)
    told = appointment.told_start
    if told is not None and told != local_time(appointment.interval.start, doctor.zone):
        yield AnotherTimeThanTold(doctor, appointment)
    if calendar.is_off(appointment.interval):
        yield DuringTimeOff(doctor, appointment)
    elif not is_within_hours(doctor, appointment.interval, calendar):
        yield OutsideHours(doctor, appointment)
    service_id = appointment.service_id
    if service_id and not (service_id in clinic.services and doctor.offers(service_id)):
        yield ServiceNotOffered(doctor, appointment)


def _share_time(one: Interval, other: Interval) -> bool:
    """Whether two times overlap, either of which may be empty."""
    return max(one.start, other.start) < min(one.end, other.end)


def is_within_hours(doctor: Doctor, interval: Interval, calendar: Calendar) -> bool:
    """Whether a doctor works throughout an interval, which may cross midnight."""
    dates = each_day(*(local_day(instant, doctor.zone) for instant in interval))
    windows = merged(window for date in dates for window in calendar.windows_on_date(doctor, date))
    return any(window.contains(interval) for window in windows)
