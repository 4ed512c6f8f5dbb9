"""The days that an instance read or wrote last, to decide on without reading them again."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored

DAYS_REMEMBERED = 500
APPOINTMENTS_REMEMBERED = 20_000  # About 11 MB: full days must not fill a small instance.


class DayCache:
    """A few hundred days, as they were when they were last seen; the oldest are let go."""

    def __init__(self) -> None:
        self._days: OrderedDict[DayKey, Stored[DaySchedule]] = OrderedDict()
        self._appointments = 0

    def keep(self, days: Mapping[DayKey, Stored[DaySchedule]]) -> None:
        """Remember these days, in place of what was remembered of them."""
        self.forget(days)
        self._days.update(days)
        self._appointments += sum(len(stored.value.appointments) for stored in days.values())
        while len(self._days) > DAYS_REMEMBERED or self._appointments > APPOINTMENTS_REMEMBERED:
            self.forget([next(iter(self._days))])

    def recall(self, keys: Collection[DayKey]) -> dict[DayKey, Stored[DaySchedule]]:
        """Those of these days that are remembered."""
        return {key: self._days[key] for key in keys if key in self._days}

    def forget(self, keys: Iterable[DayKey]) -> None:
        """Remember nothing of these days any more."""
        for key in keys:
            if stored := self._days.pop(key, None):
                self._appointments -= len(stored.value.appointments)
