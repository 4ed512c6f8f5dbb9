"""The time that a client asks for, before it is known whose wall clock it is on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.interval import Interval
from shared.model.policy import LONGEST
from shared.rules.refusals import TimeProblem, UnclearTime
from shared.rules.wall_clock import resolve_wall_clock


class RequestedTime(Struct, frozen=True):
    """A start with either an end or a length, or with neither.

    A naive time is on the wall clock of the doctor; an aware one is an instant.
    """

    start: datetime
    end: datetime | None = None
    length: timedelta | None = None

    def on_clock_of(
        self, zone: ZoneInfo, usual_length: timedelta = timedelta()
    ) -> Interval | UnclearTime:
        """Return the interval in UTC; one without end and length gets the usual length."""
        start = _instant("start", self.start, zone)
        if isinstance(start, UnclearTime):
            return start
        if self.end is None:
            return Interval(start, start + (self.length or usual_length))
        end = _instant("end", self.end, zone)
        if isinstance(end, UnclearTime):
            return end
        if end <= start:
            return UnclearTime("end", "not_after_start", self.end, zone)
        if end - start > LONGEST:
            return UnclearTime("end", "too_long", self.end, zone)
        return Interval(start, end)

    def wrong_length(
        self, problem: TimeProblem, zone: ZoneInfo, longest: timedelta = LONGEST
    ) -> UnclearTime:
        """Return what is wrong with the length, under the name of the field that tells it."""
        field = "duration_minutes" if self.end is None else "end"
        return UnclearTime(field, problem, self.end or self.start, zone, longest)


def _instant(field: str, time: datetime, zone: ZoneInfo) -> datetime | UnclearTime:
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    instant = resolve_wall_clock(time, zone)
    return instant if isinstance(instant, datetime) else UnclearTime(field, instant, time, zone)
