"""When a doctor is busy, for whoever needs time before and after an appointment.

Busy is what is booked and what is held. Between two appointments lies at least the larger of the
first one's buffer after it and the second one's before it. So what an appointment blocks depends on
the buffers of the one that is asked for; a hold blocks what it would if it were booked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay, BusyTime
from shared.model.day import DaySchedule
from shared.model.hold import Hold
from shared.model.interval import Interval


def blocked(held: Appointment | Hold | BusyTime, before: timedelta, after: timedelta) -> Interval:
    """Return the time at which nothing can be that needs `before` and `after` itself.

    Empty, with its start as its end, if an appointment holds no time any more.
    """
    start, end = held.held
    if start == end or not (before or after or held.before or held.after):
        return Interval(start, end)
    return Interval(start - max(held.before, after), end + max(before, held.after))


def live_holds(days: Sequence[DaySchedule], now: datetime) -> list[Hold]:
    """Return the holds that still keep their times, each once."""
    holds = {hold.id: hold for day in days for hold in day.holds}
    return [hold for hold in holds.values() if hold.is_live(now)]


def busy_times(
    days: Sequence[BusyDay],
    now: datetime,
    before: timedelta,
    after: timedelta,
) -> tuple[Interval, ...]:
    """Return the busy times of several days as of now, in order and each once.

    They are those for an appointment that needs `before` and `after` itself.
    """
    if len(days) == 1 and not (before or after or days[0].others):
        return days[0].times
    others = {each for day in days for each in day.others if each.is_live(now)}
    times = {blocked(each, before, after) for each in others}
    times |= {Interval(start - after, end + before) for day in days for start, end in day.times}
    return tuple(sorted(times))
