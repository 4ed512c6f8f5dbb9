"""Wall-clock times as the bounds of a window.

Unlike the time of an appointment, a bound that a clock change skips or repeats is understood: what
matters is which instants lie between the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.interval import Interval
from shared.rules.wall_clock import SECOND, resolve_wall_clock


class WindowBound(Struct, frozen=True):
    """A bound of a time window: an instant, a time on a wall clock, or a whole local day.

    Of a day, `time` is its midnight.
    """

    time: datetime
    whole_day: bool = False

    @property
    def end_time(self) -> datetime:
        """The time of this bound as the end of a window: of a day, the midnight after it."""
        return self.time + timedelta(days=1) if self.whole_day else self.time

    def as_start(self, zone: ZoneInfo) -> datetime:
        """Return the instant in UTC at which a window begins, on the wall clock of a zone."""
        if self.time.tzinfo is not None:
            return self.time.astimezone(UTC)
        return start_instant(self.time, zone)

    def as_end(self, zone: ZoneInfo) -> datetime:
        """Return the instant in UTC at which a window ends, on the wall clock of a zone."""
        if self.time.tzinfo is not None:
            return self.time.astimezone(UTC)
        if self.whole_day:
            return start_instant(self.end_time, zone)
        return end_instant(self.time, zone)


def start_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the wall clock shows a naive time, or a later one."""
    return _bound(local, zone, fold=0)


def end_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the last instant at which the wall clock shows a naive time.

    If it never does, that is the instant of the change that skips it.
    """
    return _bound(local, zone, fold=1)


def whole_date(day: date, zone: ZoneInfo) -> Interval:
    """Return the time of a local date, from its first instant to that of the next one."""
    midnights = (datetime.combine(each, time()) for each in (day, day + timedelta(days=1)))
    return Interval(*(start_instant(midnight, zone) for midnight in midnights))


def _bound(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    if resolve_wall_clock(local, zone) == "nonexistent_local_time":
        return _change_that_skips(local, zone)
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _change_that_skips(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a clock change, which falls on a whole second, by bisection."""
    # With the later offset the instant is too early, with the earlier one too late (PEP 495).
    early, late = (
        local.replace(microsecond=0, tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0)
    )
    changed = late.astimezone(zone).utcoffset()
    while (seconds := (late - early) // SECOND) > 1:
        middle = early + seconds // 2 * SECOND
        if middle.astimezone(zone).utcoffset() == changed:
            late = middle
        else:
            early = middle
    return late
