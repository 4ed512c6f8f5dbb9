"""Where a read in order goes on."""

from datetime import date, timedelta
from typing import NamedTuple, Self

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override
from shared.store.instant_numbers import to_number


class Positions(NamedTuple):
    """What belongs to a doctor, behind a position, and starts before `end`."""

    doctor: str
    after: int
    after_id: str
    end: int

    @classmethod
    def within(cls, doctor_id: str, starts: Interval) -> Self:
        """Return all that starts in an interval."""
        return cls(doctor_id, to_number(starts.start), "", to_number(starts.end))

    def behind(self, each: Appointment | Override) -> Self:
        """Return what comes after one of these."""
        start, name = each.position
        return self._replace(after=to_number(start), after_id=name)


def day_behind(day: DaySchedule) -> date:
    """Return the date that comes after a day."""
    return day.key.day + timedelta(days=1)
