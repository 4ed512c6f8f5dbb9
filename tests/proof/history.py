"""What clients did and were told: the record that the proof is made from.

Times of appointments are whole minutes since a common midnight (UTC), intervals half-open.
An appointment goes by the name that its client gave it, which nobody else uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

Minutes = tuple[int, int]
"""From, and until before."""


Part = tuple[int, int] | tuple[int, int, str]
"""Of a time that is taken: with a name if by the asking patient's own appointment, else merged."""


class Allowed(NamedTuple):
    """How many appointments patients may have booked, and how often they may change any."""

    booked: float = inf
    changes: float = inf


NO_LIMITS = Allowed()


class Slot(NamedTuple):
    """A time with a doctor."""

    doctor: str
    start: int
    end: int


# What is asked


@dataclass(frozen=True, slots=True)
class Book:
    """Book a new appointment, of an account if it has an `owner`.

    `by` is the patient who asks, here and below: for themselves. None: whoever may do everything.
    """

    name: str
    slot: Slot
    owner: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Have an appointment at another time, or with another doctor."""

    name: str
    slot: Slot
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give an appointment up."""

    name: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Get:
    """Look an appointment up."""

    name: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class List:
    """All booked appointments of a doctor that overlap a window."""

    doctor: str
    window: Minutes


@dataclass(frozen=True, slots=True)
class Mine:
    """All booked appointments of an account that overlap a window, whoever the doctors are."""

    owner: str
    window: Minutes


@dataclass(frozen=True, slots=True)
class First:
    """The first opening of a length with a doctor that starts in a window and ends in it."""

    doctor: str
    window: Minutes
    length: int


Change = Book | Move | Cancel
"""What may change an appointment."""

Look = List | Mine | First
"""What is asked of a time, and not of an appointment."""

Asked = Change | Get | Look


# What is answered


@dataclass(frozen=True, slots=True)
class Granted:
    """The appointment as it was right after the operation, or when it was looked up."""

    slot: Slot
    booked: bool = True
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect; what was read in the answer may be of later, and is a `Get` of its own."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The doctor has no time: the busy parts of it, in order."""

    conflicts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Busy:
    """The patient has no time, though the doctor has: the busy parts of it, in order."""

    conflicts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """`already_cancelled`, `unknown_appointment` or `too_many_requests`; nothing has changed."""

    code: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Names and times, in order of the list."""

    appointments: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the first opening starts, or None where there is none."""

    start: int | None


Answer = Granted | Done | Taken | Busy | Refused | Listed | Opening


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
    """All that was done, what there was before it and after it, and what patients may do."""

    calls: Sequence[Call]
    hours: Hours
    before: Appointments
    after: Appointments
    allowed: Allowed = NO_LIMITS
