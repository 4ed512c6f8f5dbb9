"""What stands in the way of a time, as the caller may be told."""

from collections.abc import Iterable

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.hold import Hold
from shared.model.interval import Interval, clipped, merged


class Conflict(Struct, frozen=True, order=True):
    """A part of an asked time that is taken; `appointment_id` if by the caller's own."""

    interval: Interval
    appointment_id: str | None = None


def conflicts(
    blocked: Iterable[tuple[Appointment | Hold, Interval]], asked: Interval, caller: Caller
) -> tuple[Conflict, ...]:
    """Return the parts of an asked time that appointments and holds block, in order of start.

    `blocked` are these, each once or several times, and what each blocks, maybe nothing. The
    caller's own appointments stand singly; all else is merged, and nobody is told whose it is.
    """
    there = {a.id: (a, time) for a, time in blocked if time.length}.values()
    taken = [(a, part) for a, time in there for part in clipped([time], asked)]
    own = [Conflict(part, a.id) for a, part in taken if _is_own(a, caller)]
    others = merged(part for a, part in taken if not _is_own(a, caller))
    return tuple(sorted((*map(Conflict, others), *own), key=lambda each: each.interval))


def _is_own(entry: Appointment | Hold, caller: Caller) -> bool:
    patient = caller.patient
    return patient is not None and isinstance(entry, Appointment) and entry.owner == patient
