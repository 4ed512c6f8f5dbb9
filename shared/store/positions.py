"""Where a read in order of starts, then ids, goes on."""

from datetime import datetime
from typing import NamedTuple, Self

from shared.model.interval import Interval
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

    def behind(self, start: datetime, name: str) -> Self:
        """Return what comes after a position."""
        return self._replace(after=to_number(start), after_id=name)
