"""What stands in the way of a time, as the caller may be told."""

from collections.abc import Iterable

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.interval import Interval, clipped, merged


class Conflict(Struct, frozen=True, order=True):
    """A part of an asked time that is taken; `appointment_id` if by the caller's own."""

    interval: Interval
    appointment_id: str | None = None


def conflicts(
    blocked: Iterable[tuple[Appointment, Interval]], asked: Interval, caller: Caller
) -> tuple[Conflict, ...]:
    """Return the parts of an asked time that appointments block, in order of start.

    `blocked` are appointments, each once or several times, and what each blocks, maybe nothing.
    The caller's own appointments stand singly; all others are merged, and nobody is told whose
    they are.
    """
    there = {a.id: (a, time) for a, time in blocked if time.length}.values()
    taken = [(a, part) for a, time in there for part in clipped([time], asked)]
    patient = caller.patient
    own = [Conflict(part, a.id) for a, part in taken if patient and a.owner == patient]
    others = merged(part for a, part in taken if not (patient and a.owner == patient))
    return tuple(sorted((*map(Conflict, others), *own), key=lambda each: each.interval))
