"""What random races ask of holds and series."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from tests.proof.history import (
    Book,
    BookSeries,
    CancelSeries,
    HoldTime,
    OfHolds,
    OfSeries,
    Release,
    Slot,
)
from tests.proof.world import BLINK, DAY, ENDS, HeldThere, Request, birthplace

AROUND_MIDNIGHT: Final = Slot("who", DAY - 15, DAY + 15)


class HoldsAndSeries:
    """The holds and series of a race, and what may be asked of them.

    `owners` tells whose each appointment of the race is; what is asked for is added to it.
    """

    def __init__(
        self, random: Random, times: Sequence[Slot], owners: dict[str, str | None]
    ) -> None:
        self.held = dict[str, HeldThere]()
        self._series = list[tuple[str, ...]]()
        self._random = random
        self._times = times
        self._owners = owners

    def there(self, free: Sequence[Slot]) -> tuple[HeldThere, ...]:
        """A hold that is there before the race: mostly none."""
        if not free or self._random.random() < 0.8:
            return ()
        slot, by = self._random.choice(free), self._random.choice((None, "ada"))
        name = f"{birthplace(slot)}hold.b"
        self.held[name] = HeldThere(name, slot, ENDS, by)
        return (self.held[name],)

    def ask(self, number: int) -> Book | OfHolds | OfSeries:
        """Ask for anything; `number` tells it from all others."""
        kind = self._random.random()
        if kind < 0.3 or (kind < 0.6 and not self.held):
            return self._hold(number)
        if kind < 0.6:
            return self._of_a_hold(number)
        if kind < 0.85:
            return self._series_of(number)
        return self._end_of_series()

    def with_keys(self, requests: Sequence[Request]) -> list[Request]:
        """The same requests; nobody knows a hold before it is answered, unless it has a key."""
        used = {r.asked.hold for r in requests if isinstance(r.asked, Book)}
        used |= {r.asked.name for r in requests if isinstance(r.asked, Release)}
        return [
            replace(r, key=r.key or f"of {r.asked.name}")
            if isinstance(r.asked, HoldTime) and r.asked.name in used
            else r
            for r in requests
        ]

    def _hold(self, number: int) -> HoldTime:
        slot = self._random.choice([*self._times, AROUND_MIDNIGHT])
        by = self._random.choice((None, None, "ada"))
        name, at = f"{birthplace(slot)}hold.r{number}", self._at(number)
        ends = ENDS if at < 1 else 2 * ENDS
        self.held[name] = HeldThere(name, slot, ends, by)
        return HoldTime(name, slot, ends, by, at)

    def _of_a_hold(self, number: int) -> Book | Release:
        """Mostly its holder books all of it or a part, or gives it up."""
        name, slot, _, by = self._random.choice([*self.held.values()])
        if self._random.random() < 0.1:
            by = "bob"
        if self._random.random() < 0.3:
            return Release(name, slot, by, self._at(number))
        if self._random.random() < 0.3:
            slot = slot._replace(end=slot.end - 15)
        booked = f"{birthplace(slot)}r{number}"
        self._owners[booked] = by
        return Book(booked, slot, by, by, hold=name, at=self._at(number))

    def _series_of(self, number: int) -> BookSeries:
        """Two or three appointments with one doctor, on two days."""
        first = self._random.choice(self._times)
        slots = [first, _moved(first, -DAY if first.start >= DAY else DAY)]
        if self._random.random() < 0.3:
            slots.append(_moved(first, 30))
        slots.sort()
        owner = self._random.choice((None, None, "ada"))
        names = tuple(f"{birthplace(slot)}s{number}{n}" for n, slot in enumerate(slots))
        self._owners.update(dict.fromkeys(names, owner))
        self._series.append(names)
        skip = self._random.random() < 0.6
        return BookSeries(names, tuple(slots), owner, owner, skip, self._at(number))

    def _end_of_series(self) -> CancelSeries:
        """Of one that is asked for, or of what one patient has, as if it had been one."""
        owner = self._random.choice([*self._owners.values()])
        theirs = tuple(name for name, whose in self._owners.items() if whose == owner)
        names = self._random.choice([theirs, *self._series])
        after = self._random.choice((0, 550, DAY))
        by = self._owners[names[0]] if self._random.random() < 0.8 else None
        return CancelSeries(names, after, by)

    def _at(self, number: int) -> float:
        """Mostly long before holds end; now and then in the last moment, or when it has passed."""
        pick = self._random.random()
        if pick < 0.7:
            return 0
        return ENDS + number * BLINK if pick < 0.85 else ENDS - (number + 1) * BLINK


def asked_again(asked: HoldTime | BookSeries, number: int) -> HoldTime | BookSeries:
    """The same request, for whose effect another name was thought of."""
    if isinstance(asked, HoldTime):
        return replace(asked, name=f"{birthplace(asked.slot)}hold.r{number}")
    names = (f"{birthplace(slot)}s{number}{n}" for n, slot in enumerate(asked.slots))
    return replace(asked, names=tuple(names), at=0)


def _moved(slot: Slot, minutes: int) -> Slot:
    return slot._replace(start=slot.start + minutes, end=slot.end + minutes)
