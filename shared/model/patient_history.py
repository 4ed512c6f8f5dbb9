"""What is remembered of an appointment that has left its patient's schedule."""

from datetime import date, datetime
from typing import NamedTuple, Self

from shared.model.appointment import Appointment


class PastAppointment(NamedTuple):
    """An appointment in the history of an account, under the month in which it started last.

    `start` is None if only its month is known, as an earlier version kept no more.
    """

    id: str
    month: str
    start: datetime | None

    @classmethod
    def of(cls, appointment: Appointment) -> Self:
        """Return what the history keeps of an appointment that changes no more."""
        start = appointment.interval.start
        return cls(appointment.id, month_of(start), start)


def month_of(day: date) -> str:
    """Write the month of a day, or of an instant in UTC: `2026-11`."""
    return day.isoformat()[: len("2026-11")]
