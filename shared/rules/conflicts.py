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
    appointments: Iterable[Appointment], asked: Interval, caller: Caller
) -> tuple[Conflict, ...]:
    """Return the parts of an asked time that appointments take, in order of start.

    The caller's own stand singly; all others are merged, and nobody is told whose they are.
    """
    there = {a.id: a for a in appointments if a.interval.overlaps(asked)}.values()
    patient = caller.patient
    own = [a for a in there if patient is not None and a.owner == patient]
    others = merged(clipped((a.interval for a in there if a not in own), asked))
    known = (Conflict(part, a.id) for a in own for part in clipped([a.interval], asked))
    return tuple(sorted((*map(Conflict, others), *known), key=lambda each: each.interval))
