"""What must hold after every single commit: a look at all days that there are."""

from collections.abc import Mapping
from functools import cache

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored


class Broken(AssertionError):
    """A promise was not kept."""


_home_day = cache(home_day)


def all_appointments(days: Mapping[DayKey, Stored[DaySchedule]]) -> dict[str, Appointment]:
    """All appointments, of which no two overlap; each on one day, which its home day names."""
    there: dict[str, Appointment] = {}
    moved: dict[str, DayKey] = {}
    for key, stored in days.items():
        busy_until = None
        for appointment in stored.value.appointments:
            name, interval = appointment.id, appointment.interval
            if name in there:
                raise Broken(f"{name} lies on two days")
            there[name] = appointment
            if appointment.doctor_id != key.doctor_id or interval.start.date() != key.day:
                raise Broken(f"{name} lies on a wrong day")
            if _home_day(name) != key:
                moved[name] = key
            if appointment.cancelled_at is None:
                if busy_until and interval.start < busy_until:
                    raise Broken(f"{name} overlaps the one before")
                busy_until = interval.end
    _check_forwarding(days, moved)
    return there


def _check_forwarding(
    days: Mapping[DayKey, Stored[DaySchedule]], moved: Mapping[str, DayKey]
) -> None:
    """Each that moved to another day is forwarded there by its home day, and nothing else is."""
    forwarded = 0
    for key, stored in days.items():
        for name, place in stored.value.forwarded.items():
            forwarded += 1
            if moved.get(name) != place or _home_day(name) != key:
                raise Broken(f"{name} is said to lie on {place}, and does not")
    if forwarded != len(moved):
        raise Broken("the home day of an appointment does not know where it lies")
