"""What a search needs to know of a doctor-day: when the doctor is busy, and the overrides."""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from shared.model.interval import Interval
from shared.model.override import OverrideEntry


class BusyTime(NamedTuple):
    """A time that is kept, with its buffers; that of a hold only until `ends_at`."""

    held: Interval
    before: timedelta
    after: timedelta
    ends_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it is still kept; at the very end of a hold it is not."""
        return self.ends_at is None or now < self.ends_at


class BusyDay(Struct, frozen=True):
    """The busy times of a doctor-day, each in order, without telling whose they are.

    `times` are those of appointments without buffers, which nearly all are; `others` are the rest.
    """

    times: tuple[Interval, ...] = ()
    others: tuple[BusyTime, ...] = ()
    overrides: tuple[OverrideEntry, ...] = ()
