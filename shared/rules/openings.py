"""Openings: the starts that a search offers in the free time of a doctor-day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.busy_day import BusyDay
from shared.model.doctor import Doctor
from shared.model.doctor_days import end_of_day
from shared.model.interval import Interval
from shared.model.service import NO_TIME
from shared.model.time_zones import MINUTE
from shared.rules.busy_times import busy_times
from shared.rules.free_time import free_time
from shared.rules.wall_clock import minutes_of_day


class OpeningSearch(Struct, frozen=True):
    """Which openings to look for as of `now`: of this length, within these bounds, on this grid.

    Without `step`, the openings of a doctor are the earliest that do not overlap each other; with
    it, every start whose wall clock is a multiple of `step` minutes since midnight. `before` and
    `after` are the buffers that are needed. At the times `closed` nobody works. The time of the
    appointment `moving` counts as free, that at which the patient is busy does not. Which holds
    have ended is judged by `now`; holds end with a second, so the start of one says the same.
    """

    bounds: Interval
    length: timedelta
    now: datetime
    step: int | None = None
    before: timedelta = NO_TIME
    after: timedelta = NO_TIME
    closed: tuple[Interval, ...] = ()
    moving: str | None = None
    patient_busy: tuple[Interval, ...] = ()

    def busy(self, days: Sequence[BusyDay]) -> tuple[Interval, ...]:
        """Return when nothing can be offered on these days, in order.

        The appointment that is moved must not be among what they hold.
        """
        busy = busy_times(days, self.now, self.before, self.after)
        return tuple(sorted((*busy, *self.patient_busy))) if self.patient_busy else busy


def openings(
    doctor: Doctor,
    day: date,
    windows: Sequence[Interval],
    busy: Sequence[Interval],
    search: OpeningSearch,
) -> Iterator[Interval]:
    """Yield the openings that start on a doctor-day, earliest first. Lazy, like `free_time`."""
    length, step, ends_at = search.length, search.step, end_of_day(doctor, day)
    stride = MINUTE if step else length
    for free in free_time(windows, busy, search.bounds, length):
        start = _on_grid(free.start, step, doctor.zone)
        while start + length <= free.end and start < ends_at:
            yield Interval(start, start + length)
            start = _on_grid(start + stride, step, doctor.zone)


def _on_grid(instant: datetime, step: int | None, zone: ZoneInfo) -> datetime:
    """Return the first instant from this one on whose wall clock is on the grid."""
    if step is None:
        return instant
    while past := minutes_of_day(instant, zone) % step:
        due = instant + (step - past) * MINUTE
        # Across a clock change, one leap could miss local times that it skips or repeats.
        steady = instant.astimezone(zone).utcoffset() == due.astimezone(zone).utcoffset()
        instant = due if steady else instant + MINUTE
    return instant
