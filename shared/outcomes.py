"""What a decision can come to: values, not exceptions.

`Accepted` took effect; a `Refusal` changed nothing and says why.
"""

from dataclasses import dataclass, field

from shared.models import Appointment, DayKey, Doctor, Interval, Opening


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was granted: its appointment, booked, moved or cancelled."""

    appointment: Appointment


class Refusal:
    """The request was not granted."""


@dataclass(frozen=True, slots=True)
class Made:
    """An earlier try of this very request was committed, though its answer was lost."""


@dataclass(frozen=True, slots=True)
class NeedsDays:
    """Nothing is decided: these days are to be looked at, or looked at again.

    The appointment lies, or is to lie, on another day, or the days were not of one instant.
    """

    days: frozenset[DayKey]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same request with the same idempotency key was granted before.

    Its appointment as it is now: it may have been moved or cancelled since.
    """

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class KeyReused(Refusal):
    """The idempotency key was used for another request."""


@dataclass(frozen=True, slots=True)
class InThePast(Refusal):
    """The asked time starts before now."""


@dataclass(frozen=True, slots=True)
class Unbookable(Refusal):
    """The doctor is not free then; `openings` are the next times of that length that are.

    The time of the appointment `moving`, if there is one, counts as free.
    """

    doctor: Doctor
    asked: Interval
    openings: tuple[Opening, ...] = ()
    moving: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class OutsideWorkingHours(Unbookable):
    """Part of the asked time lies outside the working windows of that day."""

    working_windows: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotTaken(Unbookable):
    """`conflicts` are the busy parts of the asked time, merged and in order."""

    conflicts: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownAppointment(Refusal):
    """There is no appointment of that id."""


@dataclass(frozen=True, slots=True)
class AlreadyCancelled(Refusal):
    """The appointment was cancelled before, and stays as it was."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class AlreadyStarted(Refusal):
    """The appointment has begun, so nothing of it can be changed any more."""


@dataclass(frozen=True, slots=True)
class Unclear(Refusal):
    """What the request says makes no sense with this doctor, for this reason."""

    cause: Exception


Outcome = Accepted | Replayed | Refusal | Made | NeedsDays
