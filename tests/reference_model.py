"""The one model that rules, queries and functions are compared with: it looks at every minute.

It shares nothing with the code under test. Minutes are numbers, since whatever instant a test
counts from; what clocks show, the test says too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple


class Held(NamedTuple):
    """The minutes with a doctor that an appointment holds, or held until it was cancelled.

    Or those that a hold keeps; it counts as `booked` until its end. So many minutes `before` and
    `after` it are a buffer. From the minute `freed_from` on it holds nothing, if it is done.
    """

    doctor: str
    when: range
    booked: bool = True
    before: int = 0
    after: int = 0
    freed_from: int | None = None

    @property
    def holds(self) -> range:
        """The minutes at which nobody else can be there."""
        ends = [self.when.stop, *([] if self.freed_from is None else [self.freed_from])]
        return range(self.when.start, min(ends) if self.booked else self.when.start)


def stretches(minutes: Collection[int]) -> list[range]:
    """The runs of consecutive minutes, in order."""
    starts = sorted(m for m in minutes if m - 1 not in minutes)
    ends = sorted(m + 1 for m in minutes if m + 1 not in minutes)
    return [range(*pair) for pair in zip(starts, ends, strict=True)]


def working(hours: Iterable[tuple[int, int]], clock: Mapping[int, int]) -> dict[int, int]:
    """The minutes that are worked on a day, and what the clock shows then.

    `clock` tells what it shows at each minute around the day, in minutes since its midnight.
    """
    worked = (range(_reached(clock, opens), _reached(clock, closes)) for opens, closes in hours)
    minutes = sorted(m for stretch in worked for m in stretch)
    return {m: clock[m] for m in minutes if 0 <= clock[m] < 24 * 60}


def _reached(clock: Mapping[int, int], wanted: int) -> int:
    """When the clock first shows a time; one that it skips comes as if it went on unchanged."""
    then = next(m for m, shown in clock.items() if shown >= wanted)
    return then if clock[then] == wanted else then - 1 + wanted - clock[then - 1]


def busy(
    held: Mapping[str, Held],
    doctor: str,
    but: str | None = None,
    buffers: tuple[int, int] = (0, 0),
) -> set[int]:
    """The minutes that a doctor's appointments keep from others, but for one of them.

    They keep those that they hold and, if they hold any, those of their own buffers; and those of
    which a minute that they hold is in one of the `buffers`, before and after, of who asks.
    """
    mine = (h for name, h in held.items() if h.doctor == doctor and name != but)
    return {m for h in mine for m in _kept(h, *buffers)}


def _kept(held: Held, before: int, after: int) -> Iterator[int]:
    for m in held.holds:
        yield from range(m - held.before, m + held.after + 1)
        yield from range(m - after, m + before + 1)


def conflicts(
    held: Mapping[str, Held],
    doctor: str,
    asked: range,
    but: str | None = None,
    buffers: tuple[int, int] = (0, 0),
) -> list[range]:
    """The parts of an asked time that are taken; none where it is free."""
    return stretches(busy(held, doctor, but, buffers) & set(asked))


def listed(
    held: Mapping[str, Held], doctor: str, window: range, *, with_cancelled: bool = False
) -> list[str]:
    """The names of a doctor's appointments that have a minute in a window, by start and name."""
    found = [
        (h.when.start, name)
        for name, h in held.items()
        if h.doctor == doctor and (h.booked or with_cancelled) and any(m in window for m in h.when)
    ]
    return [name for _, name in sorted(found)]


def openings(
    works: Mapping[int, int],
    taken: Collection[int],
    bounds: range,
    length: int,
    step: int | None = None,
) -> Iterator[int]:
    """Where openings of a day start: with a step all on its grid, else one after the other.

    `works` are the minutes that are worked, with what the clock shows.
    """
    free = {m for m in works if m in bounds and m not in taken}
    free_for: dict[int, int] = {}
    for m in sorted(free, reverse=True):
        free_for[m] = free_for.get(m + 1, 0) + 1
    next_start = bounds.start
    for m in sorted(free):
        in_turn = works[m] % step == 0 if step else m >= next_start
        if free_for[m] >= length and in_turn:
            yield m
            next_start = m + length
