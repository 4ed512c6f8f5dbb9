"""What an instance remembers, and what it lets go."""

from datetime import date, timedelta

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored
from shared.transactions.day_cache import DayCache
from tests.builders import appointment

MADE = appointment("2026-11-23T09:00Z", "2026-11-23T09:01Z")
FIRST, *OTHERS = (DayKey("strange", date(2026, 1, 1) + timedelta(days=n)) for n in range(500))


def day(key: DayKey, appointments: int) -> dict[DayKey, Stored[DaySchedule]]:
    return {key: Stored(DaySchedule(key, (MADE,) * appointments), 1)}


def test_full_days_are_let_go_sooner() -> None:
    memory = DayCache()
    for key in (FIRST, *OTHERS[:199]):
        memory.keep(day(key, 100))
    assert memory.recall([FIRST])
    memory.keep(day(OTHERS[199], 1))
    assert memory.recall([FIRST]) == {}
    assert len(memory.recall(OTHERS[:200])) == 200


def test_a_day_that_is_kept_again_counts_once() -> None:
    memory = DayCache()
    memory.keep(day(FIRST, 100))
    for _ in range(300):
        memory.keep(day(OTHERS[0], 100))
        memory.forget(OTHERS[1:3])
    assert len(memory.recall([FIRST, OTHERS[0]])) == 2


def test_what_is_forgotten_makes_room() -> None:
    memory = DayCache()
    memory.keep(day(FIRST, 10_000))
    memory.keep(day(OTHERS[0], 10_000))
    memory.forget([OTHERS[0]])
    memory.keep(day(OTHERS[1], 10_000))
    assert len(memory.recall([FIRST, OTHERS[1]])) == 2


def test_of_the_days_asked_for_those_are_recalled_that_are_remembered() -> None:
    memory = DayCache()
    assert memory.recall([FIRST]) == {}
    memory.keep(day(FIRST, 1) | day(OTHERS[1], 2))
    assert memory.recall([OTHERS[0], FIRST]) == day(FIRST, 1)
