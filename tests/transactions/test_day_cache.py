"""Which days an instance keeps, and which it lets go."""

from datetime import date, timedelta

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored
from shared.transactions.day_cache import DayCache
from tests.builders import appointment

ONE = appointment("2026-11-23T09:00Z", "2026-11-23T09:01Z")
FIRST, *OTHERS = (DayKey("strange", date(2026, 1, 1) + timedelta(days=n)) for n in range(501))


def day(key: DayKey, appointments: int) -> dict[DayKey, Stored[DaySchedule]]:
    return {key: Stored(DaySchedule(key, (ONE,) * appointments), 1)}


def test_five_hundred_days_are_kept_and_the_oldest_is_let_go() -> None:
    cache = DayCache()
    for key in (FIRST, *OTHERS[:499]):
        cache.keep(day(key, 0))
    assert cache.recall([FIRST])
    cache.keep(day(OTHERS[499], 0))
    assert cache.recall([FIRST]) == {}
    assert len(cache.recall(OTHERS)) == 500


def test_full_days_are_let_go_sooner() -> None:
    cache = DayCache()
    for key in (FIRST, *OTHERS[:199]):
        cache.keep(day(key, 100))
    assert cache.recall([FIRST])
    cache.keep(day(OTHERS[199], 1))
    assert cache.recall([FIRST]) == {}
    assert len(cache.recall(OTHERS[:200])) == 200


def test_a_day_that_is_kept_again_counts_once_and_what_is_forgotten_not_at_all() -> None:
    cache = DayCache()
    cache.keep(day(FIRST, 100))
    for _ in range(3):
        cache.keep(day(OTHERS[0], 10_000))
    cache.forget(OTHERS[:3])
    cache.keep(day(OTHERS[1], 10_000))
    assert len(cache.recall([FIRST, OTHERS[1]])) == 2


def test_of_the_days_asked_for_those_are_recalled_that_are_kept() -> None:
    cache = DayCache()
    assert cache.recall([FIRST]) == {}
    cache.keep(day(FIRST, 1) | day(OTHERS[1], 2))
    assert cache.recall([OTHERS[0], FIRST]) == day(FIRST, 1)
