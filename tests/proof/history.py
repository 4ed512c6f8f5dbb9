"""What clients did and were told: the record that the proof is made from.

Times of appointments are whole minutes since a common midnight (UTC), intervals half-open.
An appointment goes by the name that its client gave it, which nobody else uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Minutes = tuple[int, int]
"""From, and until before."""


class Slot(NamedTuple):
    """A time with a doctor."""

    doctor: str
    start: int
    end: int


# What is asked


@dataclass(frozen=True, slots=True)
class Book:
    """Book a new appointment."""

    name: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Move:
    """Have an appointment at another time, or with another doctor."""

    name: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give an appointment up."""

    name: str


@dataclass(frozen=True, slots=True)
class Get:
    """Look an appointment up."""

    name: str


@dataclass(frozen=True, slots=True)
class List:
    """All booked appointments of a doctor that overlap a window."""

    doctor: str
    window: Minutes


@dataclass(frozen=True, slots=True)
class First:
    """The first opening of a length with a doctor that starts in a window and ends in it."""

    doctor: str
    window: Minutes
    length: int


Change = Book | Move | Cancel
"""What may change an appointment."""

Asked = Change | Get | List | First


# What is answered


@dataclass(frozen=True, slots=True)
class Granted:
    """The appointment as it was right after the operation, or when it was looked up."""

    slot: Slot
    booked: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect; what was read in the answer may be of later, and is a `Get` of its own."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The time is taken: the busy parts of it, merged, in order."""

    conflicts: tuple[Minutes, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """`already_cancelled` or `unknown_appointment`; nothing has changed."""

    code: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Names and times, in order of the list."""

    appointments: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the first opening starts, or None where there is none."""

    start: int | None


Answer = Granted | Done | Taken | Refused | Listed | Opening


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: between `invoked` and `answered`, in seconds of one steady clock.

    Without an answer (both None) it may have taken effect once, at any time after `invoked`,
    or never.
    """

    invoked: float
    asked: Asked
    answered: float | None = None
    answer: Answer | None = None


Appointments = dict[str, Granted]
"""All appointments by name, cancelled ones too: what the store holds in the end."""

Hours = dict[str, tuple[Minutes, ...]]
"""The working windows of each doctor, in order."""


class History(NamedTuple):
    """All that was done, and what there was before it and after it."""

    calls: Sequence[Call]
    hours: Hours
    before: Appointments
    after: Appointments
