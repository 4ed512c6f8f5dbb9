"""The decisions: booking, moving and cancelling an appointment.

Everything here is pure. No I/O, no clock, no environment: `now` is an argument, and the same
arguments always give the same answer, so a decision may be made as often as needed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from msgspec import Struct

from shared.availability import clipped, day_key, merged, working_windows
from shared.models import Appointment, DayKey, DaySchedule, Doctor, Interval, Patient
from shared.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
    InThePast,
    Made,
    NeedsDays,
    Outcome,
    OutsideWorkingHours,
    Refusal,
    SlotTaken,
    UnknownAppointment,
)

RECEIPT_LIFETIME = timedelta(hours=48)
"""How long an idempotency key is remembered; the contract promises at least 24 hours."""

# A doctor's id, a date, and the random part.
_ID = re.compile(r"(?P<doctor>[A-Za-z0-9][A-Za-z0-9._-]*)\.(?P<day>[0-9]{8})\.[A-Za-z0-9]+")

Days = Mapping[DayKey, DaySchedule]
Decision = tuple[Days, Outcome]
"""The days that are to be changed, as they are to be, and the outcome.

It holds as long as the changed days are as they were when it was made; whatever else it looked
at was only a hint to where the appointment lies, and that day is always among the changed ones.
"""


# Booking


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
        return {}, Made()
    if refusal := _refusal(day, booking.doctor, booking.interval, now):
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


def _refusal(
    day: DaySchedule, doctor: Doctor, asked: Interval, now: datetime, moving: str | None = None
) -> InThePast | OutsideWorkingHours | SlotTaken | None:
    if asked.start < now:
        return InThePast()
    windows = working_windows(doctor, day.key.day)
    if not any(window.contains(asked) for window in windows):
        return OutsideWorkingHours(doctor, asked, working_windows=windows, moving=moving)
    if conflicts := merged(clipped(day.busy, asked)):
        return SlotTaken(doctor, asked, conflicts=tuple(conflicts), moving=moving)
    return None


# An appointment that exists


def appointment_id(key: DayKey, token: str) -> str:
    """An id that says where the appointment was born, and that nobody can guess.

    `token` is random, of letters and digits.
    """
    return f"{key.doctor_id}.{key.day:%Y%m%d}.{token}"


def home_day(appointment_id: str) -> DayKey | None:
    """The doctor-day on which an appointment was born, or None if this is no id of ours.

    It knows the appointment for good: where it is moved to another day, by a forwarding entry.
    """
    parts = _ID.fullmatch(appointment_id)
    if parts is None:
        return None
    try:
        return DayKey(parts["doctor"], date.fromisoformat(parts["day"]))
    except ValueError:
        return None


class Move(Struct, frozen=True):
    """A wish to have an appointment at another time, or with another doctor.

    `target` is pure: with whom and when, given the appointment as it is, or why that is unclear.
    """

    appointment_id: str
    home: DayKey
    target: Callable[[Appointment], tuple[Doctor, Interval] | Refusal]


def move(days: Days, wish: Move, now: datetime) -> Decision:
    """Decide a move on the home day, the day where the appointment lies, and the target day."""
    found = _find(days, wish.home, wish.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    target = wish.target(found)
    if isinstance(target, Refusal):
        return {}, target
    if refusal := _why_fixed(found, now):
        return {}, refusal
    doctor, interval = target
    place, key = _place(days, wish.home, found.id), day_key(doctor, interval.start)
    if key not in days:
        return {}, NeedsDays(frozenset({wish.home, place, key}))
    cleared = days[key].without(found.id)
    if refusal := _refusal(cleared, doctor, interval, now, moving=found.id):
        return {}, refusal
    moved = found._replace(doctor_id=doctor.id, interval=interval, updated_at=now)
    changes = {key: cleared.with_appointment(moved)}
    if key != place:
        changes[place] = days[place].without(moved.id)
        if key != wish.home:
            changes[wish.home] = days[wish.home].forwarding(moved.id, key)
    return changes, Accepted(moved)


class Cancellation(Struct, frozen=True):
    """A wish to give an appointment up."""

    appointment_id: str
    home: DayKey
    reason: str | None = None


def cancel(days: Days, wish: Cancellation, now: datetime) -> Decision:
    """Decide a cancellation on the home day and the day where the appointment lies."""
    found = _find(days, wish.home, wish.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    if refusal := _why_fixed(found, now):
        return {}, refusal
    cancelled = found._replace(cancelled_at=now, cancellation_reason=wish.reason, updated_at=now)
    place = _place(days, wish.home, found.id)
    return {place: days[place].with_appointment(cancelled)}, Accepted(cancelled)


def _find(
    days: Days, home: DayKey, appointment_id: str
) -> Appointment | NeedsDays | UnknownAppointment:
    place = _place(days, home, appointment_id)
    if place in days and (found := days[place].find(appointment_id)):
        return found
    # Where the days are not of one instant, they may not know what they should: look again.
    return UnknownAppointment() if place == home else NeedsDays(frozenset({home, place}))


def _place(days: Days, home: DayKey, appointment_id: str) -> DayKey:
    """Where the home day says that the appointment lies."""
    return days[home].forwarded.get(appointment_id, home)


def _why_fixed(appointment: Appointment, now: datetime) -> Refusal | None:
    """Why nothing of an appointment can be changed any more."""
    if appointment.status == "cancelled":
        return AlreadyCancelled(appointment)
    return AlreadyStarted() if appointment.interval.start <= now else None
