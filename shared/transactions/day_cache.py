"""The days that an instance read or wrote last, so that it can decide without reading them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored

DAYS_CACHED = 500
APPOINTMENTS_CACHED = 20_000  # About 11 MB: full days must not fill a small instance.


class _Cached(Struct, frozen=True):
    """A day, and when it was put here, counted in puts."""

    day: Stored[DaySchedule]
    put_at: int


class DayCache:
    """A few hundred days as they were last seen; the oldest are dropped."""

    def __init__(self) -> None:
        self._days: OrderedDict[DayKey, _Cached] = OrderedDict()
        self._appointments = 0
        self._puts = 0

    def begin_read(self) -> int:
        """Return a mark to pass to `put` with what is read from now on."""
        return self._puts

    def put(
        self, days: Mapping[DayKey, Stored[DaySchedule]], read_since: int | None = None
    ) -> None:
        """Cache these days, which were committed or, since a mark, read.

        What was read does not replace a day that was put after the mark: it may be older.
        """
        if read_since is not None:
            days = {key: day for key, day in days.items() if not self._put_since(key, read_since)}
        self.forget(days)
        self._puts += 1
        for key, day in days.items():
            self._days[key] = _Cached(day, self._puts)
            self._appointments += len(day.value.appointments)
        while len(self._days) > DAYS_CACHED or self._appointments > APPOINTMENTS_CACHED:
            self.forget([next(iter(self._days))])

    def get(self, keys: Collection[DayKey]) -> dict[DayKey, Stored[DaySchedule]]:
        """Return those of these days that are cached."""
        return {key: self._days[key].day for key in keys if key in self._days}

    def forget(self, keys: Iterable[DayKey]) -> None:
        """Drop these days."""
        for key in keys:
            if cached := self._days.pop(key, None):
                self._appointments -= len(cached.day.value.appointments)

    def _put_since(self, key: DayKey, mark: int) -> bool:
        return key in self._days and self._days[key].put_at > mark
