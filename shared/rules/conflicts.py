"""What stands in the way of a time, as the caller may be told."""

from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.interval import Interval, clipped, merged
from shared.model.service import NO_TIME
from shared.rules.busy_times import blocked


class Conflict(Struct, frozen=True, order=True):
    """A part of an asked time that is taken; `appointment_id` if by the caller's own."""

    interval: Interval
    appointment_id: str | None = None


def conflicts(
    appointments: Iterable[Appointment],
    asked: Interval,
    caller: Caller,
    before: timedelta = NO_TIME,
    after: timedelta = NO_TIME,
) -> tuple[Conflict, ...]:
    """Return the parts of an asked time that appointments block, in order of start.

    `before` and `after` are the buffers of what is asked for. The caller's own appointments stand
    singly; all others are merged, and nobody is told whose they are.
    """
    there = {a.id: (a, blocked(a, before, after)) for a in appointments}.values()
    # One that holds nothing any more blocks nothing.
    taken = [(a, part) for a, time in there for part in clipped([time], asked) if a.held.length]
    patient = caller.patient
    own = [Conflict(part, a.id) for a, part in taken if patient and a.owner == patient]
    others = merged(part for a, part in taken if not (patient and a.owner == patient))
    return tuple(sorted((*map(Conflict, others), *own), key=lambda each: each.interval))
