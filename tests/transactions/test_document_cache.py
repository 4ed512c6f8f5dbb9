"""What an instance caches, and what it drops."""

from datetime import date, timedelta

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Stored
from shared.transactions.document_cache import DocumentCache
from tests.builders import appointment

ONE = appointment("2026-11-23T09:00Z", "2026-11-23T09:01Z")
FIRST, *OTHERS = (DayKey("strange", date(2026, 1, 1) + timedelta(days=n)) for n in range(500))


def day(key: DayKey, appointments: int, version: int = 1) -> dict[DayKey, Stored[DaySchedule]]:
    return {key: Stored(DaySchedule(key, (ONE,) * appointments), version)}


def test_full_days_are_dropped_sooner() -> None:
    cache = DocumentCache()
    for key in (FIRST, *OTHERS[:199]):
        cache.put(day(key, 100), {})
    assert cache.get([FIRST])
    cache.put(day(OTHERS[199], 1), {})
    assert cache.get([FIRST]) == {}
    assert len(cache.get(OTHERS[:200])) == 200


def test_a_day_that_is_put_again_counts_once() -> None:
    cache = DocumentCache()
    cache.put(day(FIRST, 100), {})
    for _ in range(300):
        cache.put(day(OTHERS[0], 100), {})
        cache.forget(OTHERS[1:3])
    assert len(cache.get([FIRST, OTHERS[0]])) == 2


def test_a_day_that_is_forgotten_makes_room() -> None:
    cache = DocumentCache()
    cache.put(day(FIRST, 10_000), {})
    cache.put(day(OTHERS[0], 10_000), {})
    cache.forget([OTHERS[0]])
    cache.put(day(OTHERS[1], 10_000), {})
    assert len(cache.get([FIRST, OTHERS[1]])) == 2


def test_of_the_days_asked_for_those_are_returned_that_are_cached() -> None:
    cache = DocumentCache()
    assert cache.get([FIRST]) == {}
    cache.put(day(FIRST, 1) | day(OTHERS[1], 2), {})
    assert cache.get([OTHERS[0], FIRST]) == day(FIRST, 1)


def test_a_read_that_began_earlier_does_not_replace_a_later_commit() -> None:
    cache = DocumentCache()
    mark = cache.begin_read()
    cache.put(day(FIRST, 2, version=2), {})
    cache.put(day(FIRST, 1, version=1) | day(OTHERS[0], 1), {}, mark)
    assert cache.get([FIRST, OTHERS[0]]) == day(FIRST, 2, version=2) | day(OTHERS[0], 1)
    cache.put(day(FIRST, 3, version=3), {}, cache.begin_read())
    assert cache.get([FIRST]) == day(FIRST, 3, version=3)
