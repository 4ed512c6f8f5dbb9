"""What a decision can come to: values, not exceptions.

`Accepted` took effect; a `Refusal` changed nothing and says why.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening


class Accepted(Struct, frozen=True):
    """The request was granted: its appointment, booked, moved or cancelled."""

    appointment: Appointment


class Refusal(Struct, frozen=True):
    """The request was not granted."""


class AlreadyApplied(Struct, frozen=True):
    """An earlier try of this very request was committed, though its answer was lost."""


class NeedsDays(Struct, frozen=True):
    """Nothing is decided: these days are to be looked at, or looked at again.

    The appointment lies, or is to lie, on another day, or the days were not of one instant.
    """

    days: frozenset[DayKey]


class Replayed(Struct, frozen=True):
    """The same request with the same idempotency key was granted before.

    Its appointment as it is now: it may have been moved or cancelled since.
    """

    appointment: Appointment


class KeyReused(Refusal, frozen=True):
    """The idempotency key was used for another request."""


class InThePast(Refusal, frozen=True):
    """The asked time starts before now."""


class TimeUnavailable(Refusal, frozen=True):
    """The doctor is not free then; `openings` are the next times of that length that are.

    The time of the appointment `moving`, if there is one, counts as free.
    """

    doctor: Doctor
    asked: Interval
    openings: tuple[Opening, ...] = ()
    moving: str | None = None


class OutsideWorkingHours(TimeUnavailable, frozen=True):
    """Part of the asked time lies outside the working windows of that day."""

    working_windows: tuple[Interval, ...] = ()


class SlotTaken(TimeUnavailable, frozen=True):
    """`conflicts` are the busy parts of the asked time, merged and in order."""

    conflicts: tuple[Interval, ...] = ()


class UnknownAppointment(Refusal, frozen=True):
    """There is no appointment of that id."""


class AlreadyCancelled(Refusal, frozen=True):
    """The appointment was cancelled before, and stays as it was."""

    appointment: Appointment


class AlreadyStarted(Refusal, frozen=True):
    """The appointment has begun, so nothing of it can be changed any more."""


class Unclear(Refusal, frozen=True):
    """What the request says makes no sense with this doctor, for this reason."""

    cause: Exception


Outcome = Accepted | Replayed | Refusal | AlreadyApplied | NeedsDays


Days = Mapping[DayKey, DaySchedule]


Decision = tuple[Days, Outcome]
"""The days that are to be changed, as they are to be, and the outcome.

It holds as long as the changed days are as they were when it was made; whatever else it looked
at was only a hint to where the appointment lies, and that day is always among the changed ones.
"""
