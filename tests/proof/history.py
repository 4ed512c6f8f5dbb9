"""What clients did and were told: the record that the proof is made from.

Times of appointments are whole minutes since a common midnight (UTC), intervals half-open.
An appointment or a hold goes by the name that its client gave it, which nobody else uses.

Holds end by a clock of their own, in seconds: what depends on them says what it shows, `at`. So
whether a hold has ended is no question of when a request takes effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Literal, NamedTuple

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


Mark = Literal["arrived", "fulfilled", "no_show"]
"""What happened at the clinic."""

OverrideKind = Literal["time_off", "extra_hours"]
"""How an override differs from the working hours."""

NO_BUFFERS = (0, 0)
"""So many minutes are to be free before an appointment, and after it."""


# What is asked


@dataclass(frozen=True, slots=True)
class Book:
    """Book a new appointment, of an account if it has an `owner`, with the buffers of its service.

    `by` is the patient who asks, here and below: for themselves. None: whoever may do everything.
    With a `hold`, if there is one, within whose time it lies, and which it uses up.
    """

    name: str
    slot: Slot
    owner: str | None = None
    by: str | None = None
    buffers: Minutes = NO_BUFFERS
    hold: str | None = None
    at: float = 0


@dataclass(frozen=True, slots=True)
class Move:
    """Have an appointment at another time, or with another doctor.

    Here and below, with a `version` only if the appointment is of this version: `If-Match`.
    """

    name: str
    slot: Slot
    by: str | None = None
    version: int | None = None
    at: float = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give an appointment up."""

    name: str
    by: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Give another reason for an appointment."""

    name: str
    reason: str
    by: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class MarkAs:
    """Record what happened, `at` a minute; what then is left of the time is free.

    `arrived` and `fulfilled` are only asked for when the day of every appointment has come.
    """

    name: str
    mark: Mark
    at: int
    by: None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class MakeOverride:
    """Have a doctor away, or at work, at a time."""

    name: str
    kind: OverrideKind
    slot: Slot
    by: None = None


@dataclass(frozen=True, slots=True)
class DeleteOverride:
    """Have the working hours again, at the time of an override."""

    name: str
    slot: Slot
    by: None = None


@dataclass(frozen=True, slots=True)
class HoldTime:
    """Keep a time from all others until it `ends`, for a booking.

    What the patient has with other doctors, and may do, only hints at what that booking will be
    told: it is a reason to have `refused` it, and none to refuse it.
    """

    name: str
    slot: Slot
    ends: float
    by: str | None = None
    at: float = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Give a hold up, which was of this time."""

    name: str
    slot: Slot
    by: str | None = None
    at: float = 0


@dataclass(frozen=True, slots=True)
class BookSeries:
    """Book several appointments at once: all of them or, if asked to, those that can be.

    Each has a name of its own, and its time at the same place of `slots`.
    """

    names: tuple[str, ...]
    slots: tuple[Slot, ...]
    owner: str | None = None
    by: str | None = None
    skip: bool = False
    at: float = 0

    @property
    def name(self) -> str:
        """The name of the first appointment, which tells one series from another."""
        return self.names[0]

    def single(self, number: int) -> Book:
        """The booking of one of its appointments."""
        name, slot = self.names[number], self.slots[number]
        return Book(name, slot, self.owner, self.by, at=self.at)


@dataclass(frozen=True, slots=True)
class CancelSeries:
    """Give up, of these appointments, all that start at a minute or `after` it."""

    names: tuple[str, ...]
    after: int
    by: str | None = None

    @property
    def name(self) -> str:
        """The name of the first appointment."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Affected:
    """All appointments that hold time in an override, while it stands, if it is time off."""

    name: str
    slot: Slot


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
    at: float = 0


ChangeOfCalendar = MakeOverride | DeleteOverride
"""What may change when a doctor works."""

OfHolds = HoldTime | Release
OfSeries = BookSeries | CancelSeries

Change = Book | Move | Cancel | Update | MarkAs | ChangeOfCalendar | OfHolds | OfSeries
"""What may change anything."""

Look = List | Mine | First
"""What is asked of a time, and not of an appointment."""

Asked = Change | Get | Affected | Look


# What is answered


@dataclass(frozen=True, slots=True)
class Granted:
    """The appointment as it was right after the operation, or when it was looked up."""

    slot: Slot
    booked: bool = True
    owner: str | None = None
    version: int = 1
    reason: str | None = None
    mark: Mark | None = None
    freed_from: int | None = None
    buffers: Minutes = NO_BUFFERS

    @property
    def held(self) -> Slot:
        """The time that it holds: none if it is cancelled, not all if the rest was freed."""
        doctor, start, end = self.slot
        freed_from = end if self.freed_from is None else self.freed_from
        return Slot(doctor, start, freed_from if self.booked else start)


@dataclass(frozen=True, slots=True)
class Override:
    """The override as it was right after the operation."""

    kind: OverrideKind
    slot: Slot
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A hold as it was right after the operation: it `stands` until it is used or given up.

    One that stands, and has ended by a request's clock, keeps nothing from that request.
    """

    slot: Slot
    ends: float
    by: str | None = None
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Booked:
    """Which appointments of a series were booked, and where the others start, and why not.

    How each of them is now, if it has changed since, is a `Get` of its own.
    """

    names: tuple[str, ...]
    skipped: tuple[tuple[int, str], ...] = ()
    made: "Each" = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """Those of a series that are cancelled now, in order of name, and the names of those kept."""

    cancelled: "Each"
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nothing of a series was booked: where those start that cannot be, and why not."""

    occurrences: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect; what was read in the answer may be of later, and is a `Get` of its own."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The doctor has no time: the busy parts of it, in order.

    If only holds are in the way, the first of them ends so many seconds later: `retry_after`.
    """

    conflicts: tuple[Part, ...]
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """The patient has no time, though the doctor has: the busy parts of it, in order."""

    conflicts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """By its code, but for times that are taken; nothing has changed."""

    code: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Names and times, in order of the list."""

    appointments: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the first opening starts, or None where there is none."""

    start: int | None


Each = tuple[tuple[str, Granted], ...]
"""Appointments with their names."""

Effect = Granted | Override | Kept | Booked | Ended
"""What tells how things are after a change."""

Answer = Effect | Done | Taken | Busy | Refused | Unavailable | Listed | Opening


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


Thing = Granted | Override | Kept

Things = Mapping[str, Thing]
"""All appointments, overrides and holds by name, also those that are over: what a store holds."""


def names_of(change: Change | Get | Affected) -> tuple[str, ...]:
    """All things that are asked about."""
    if isinstance(change, OfSeries):
        return change.names
    if isinstance(change, Book) and change.hold:
        return change.name, change.hold
    return (change.name,)


def slots_of(change: Change) -> tuple[Slot, ...]:
    """All times that things are asked to have, or to leave if that is known."""
    if isinstance(change, BookSeries):
        return change.slots
    return (change.slot,) if isinstance(change, Book | Move | ChangeOfCalendar | OfHolds) else ()


def after_it(change: Change, effect: Effect, before: Things) -> dict[str, Thing]:
    """Everything that a change makes another, as it is then."""
    match effect:
        case Booked(made=made) | Ended(cancelled=made):
            return dict(made)
        case Granted() if isinstance(change, Book) and change.hold:
            hold = before[change.hold]
            assert isinstance(hold, Kept)
            return {change.name: effect, change.hold: replace(hold, stands=False)}
    assert not isinstance(effect, Booked | Ended)
    return {change.name: effect}


def appointments_of(things: Things) -> dict[str, Granted]:
    """The appointments among them."""
    return {name: thing for name, thing in things.items() if isinstance(thing, Granted)}


Hours = dict[str, tuple[Minutes, ...]]
"""The working windows of each doctor, in order."""


class History(NamedTuple):
    """All that was done, what there was before it and after it, and what patients may do."""

    calls: Sequence[Call]
    hours: Hours
    before: Things
    after: Things
    allowed: Allowed = NO_LIMITS
