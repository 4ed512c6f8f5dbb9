"""When a doctor is busy, for whoever needs time before and after an appointment.

Between two appointments lies at least the larger of the first one's buffer after it and the second
one's before it. So what an appointment blocks depends on the buffers of the one that is asked for.
"""

from collections.abc import Sequence
from datetime import timedelta

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.interval import Interval
from shared.model.service import NO_TIME


def blocked(held: Appointment, before: timedelta, after: timedelta) -> Interval:
    """Return the time at which nothing can be that needs `before` and `after` itself.

    Empty, with its start as its end, if the appointment holds no time any more.
    """
    start, end = held.held
    if start == end or not (before or after or held.before or held.after):
        return Interval(start, end)
    return Interval(start - max(held.before, after), end + max(before, held.after))


def busy_times(
    days: Sequence[DaySchedule],
    without: str | None = None,
    before: timedelta = NO_TIME,
    after: timedelta = NO_TIME,
) -> tuple[Interval, ...]:
    """Return the busy times of several days, in order and each once.

    They are those for an appointment that needs `before` and `after` itself. Leaves out that of the
    appointment `without`, if an id is given.
    """
    if without is None and len(days) == 1 and not (before or after or days[0].has_buffers):
        return days[0].busy
    there = {a.id: a for day in days for a in day.appointments if a.id != without}.values()
    times = (blocked(a, before, after) for a in there)
    return tuple(sorted(time for time in times if time.start < time.end))
