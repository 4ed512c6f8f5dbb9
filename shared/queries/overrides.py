"""The overrides of a doctor that overlap a window, on one snapshot."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from shared.model.interval import Interval
from shared.model.override import Override
from shared.queries.paging import Page, Position, page_of
from shared.store.port import Snapshot

# 366 days on the wall clock, and what changes of the clock may add to them.
LONGEST_OVERRIDE = timedelta(days=368)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


class OverrideQuery(Struct, frozen=True):
    """Which overrides to list: at most `size`, and only those behind a position."""

    doctor_id: str
    window: Interval
    size: int
    after: Position | None = None

    @property
    def starts(self) -> Interval:
        """The range in which overrides must start to belong to this page or a later one."""
        start, end = self.window
        return Interval(self.after[0] if self.after else start - LONGEST_OVERRIDE, end)

    def includes(self, override: Override) -> bool:
        """Whether an override belongs to this page or a later one."""
        return (
            override.deleted_at is None
            and override.interval.overlaps(self.window)
            and (self.after is None or override.position > self.after)
        )


async def ended_overrides(
    snapshot: Snapshot, doctor_id: str, instant: datetime
) -> AsyncIterator[Override]:
    """Yield the overrides of a doctor, deleted ones too, that end at or before an instant."""
    async for override in snapshot.scan_overrides(doctor_id, Interval(_FIRST, instant)):
        if override.interval.end <= instant:
            yield override


async def overrides_in_window(snapshot: Snapshot, query: OverrideQuery) -> Page[Override]:
    """List one page of the overrides that stand in a window, in order of start, then id."""
    starting = snapshot.scan_overrides(query.doctor_id, query.starts)
    return await page_of((each async for each in starting if query.includes(each)), query.size)
