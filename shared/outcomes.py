"""What a decision can come to: values, not exceptions.

An `Accepted` outcome took effect; a `Refusal` changed nothing and says why.
"""

from dataclasses import dataclass

from shared.models import Appointment, Doctor, Interval, Opening


class Accepted:
    """The request was granted."""


class Refusal:
    """The request was not granted."""


@dataclass(frozen=True, slots=True)
class Booked(Accepted):
    """The appointment stands in the day."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same request with the same idempotency key was granted before: its appointment."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class KeyReused(Refusal):
    """The idempotency key was used for another request."""


@dataclass(frozen=True, slots=True)
class InThePast(Refusal):
    """The asked time starts before now."""


@dataclass(frozen=True, slots=True)
class Unbookable(Refusal):
    """The doctor is not free then; `openings` are the next times of that length that are."""

    doctor: Doctor
    asked: Interval
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class OutsideWorkingHours(Unbookable):
    """Part of the asked time lies outside the working windows of that day."""

    working_windows: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotTaken(Unbookable):
    """`conflicts` are the busy parts of the asked time, merged and in order."""

    conflicts: tuple[Interval, ...] = ()


Outcome = Accepted | Replayed | Refusal
