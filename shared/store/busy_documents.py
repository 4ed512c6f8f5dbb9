"""The stored form of what a search needs of a doctor-day: a text beside its entries.

Most of the time of a long search went into reading appointments that nobody had asked for. So each
write of a day also writes its busy times, in the same commit and computed from the same value; a
day that an older version wrote last has no such text, and its entries are read. A version with
another kind of entry that keeps time must give the text another name, or have the time in it.

The text is an array in JSON, of arrays: pairs of instants are read by the decoder itself, in a
twelfth of the time that minutes from midnight would take to become instants (0.18 us, and 2.3).
"""

from datetime import datetime

import msgspec

from shared.model.busy_day import BusyDay, BusyTime
from shared.model.interval import Interval
from shared.model.override import OverrideEntry, OverrideKind
from shared.model.time_zones import MINUTE
from shared.store.port import StoreRefused


class _Other(msgspec.Struct, array_like=True):
    """A time with buffers, in minutes, or one of a hold."""

    start: datetime
    end: datetime
    before: int
    after: int
    ends_at: datetime | None


class _Override(msgspec.Struct, array_like=True):
    id: str
    kind: OverrideKind
    start: datetime
    end: datetime


class _Busy(msgspec.Struct, array_like=True):
    times: tuple[Interval, ...]
    others: tuple[_Other, ...]
    overrides: tuple[_Override, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Busy).decode


def busy_day_to_text(day: BusyDay) -> str:
    """Write the busy times and the overrides of a day."""
    others = tuple(
        _Other(*each.held, each.before // MINUTE, each.after // MINUTE, each.ends_at)
        for each in day.others
    )
    overrides = tuple(_Override(each.id, each.kind, *each.interval) for each in day.overrides)
    return _encode(_Busy(day.times, others, overrides)).decode()


def busy_day_from_text(name: str, text: str) -> BusyDay:
    """Read what `busy_day_to_text` wrote of a day, which errors call `name`."""
    try:
        busy = _decode(text)
    except (msgspec.DecodeError, TypeError) as error:  # The latter if it is no text.
        raise StoreRefused(f"the busy times of {name} are damaged: {error}") from None
    if not (busy.others or busy.overrides):
        return BusyDay(busy.times)
    others = tuple(_busy_time(each) for each in busy.others)
    overrides = tuple(
        OverrideEntry(each.id, each.kind, Interval(each.start, each.end)) for each in busy.overrides
    )
    return BusyDay(busy.times, others, overrides)


def _busy_time(other: _Other) -> BusyTime:
    held = Interval(other.start, other.end)
    return BusyTime(held, other.before * MINUTE, other.after * MINUTE, other.ends_at)
