"""The doctor cache reads the doctors once a minute at most, and serves them without a store."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from shared.directory.doctor_cache import DoctorCache
from shared.model.doctor import Doctor
from shared.store.port import Store, StoreError, StoreRefused, StoreUnavailable
from tests.builders import doctor
from tests.simulated_loop import now, simulated


class Doctors:
    """The part of a store that the cache needs, a clock that tests move, and a count."""

    def __init__(self) -> None:
        self.present = [doctor()]
        self.broken = False
        self.error: StoreError = StoreUnavailable("no answer")
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.asked = 0
        self.seconds = 0.0
        self.doctor_cache = DoctorCache(cast("Store", self), lambda: self.seconds)

    async def doctors(self) -> Sequence[Doctor]:
        self.asked += 1
        await self.hangs.wait()
        if self.broken:
            raise self.error
        return tuple(self.present)


async def test_doctors_are_found_by_their_ids() -> None:
    store = Doctors()
    store.present.append(doctor(doctor_id="who"))
    assert await store.doctor_cache.doctors() == {
        "strange": doctor(),
        "who": doctor(doctor_id="who"),
    }


@pytest.mark.parametrize(
    ("seconds", "known"),
    [(0.0, ["strange"]), (59.9, ["strange"]), (60.0, ["strange", "who"])],
)
async def test_a_new_doctor_is_seen_after_a_minute(seconds: float, known: list[str]) -> None:
    store = Doctors()
    await store.doctor_cache.doctors()
    store.seconds = seconds
    store.present.append(doctor(doctor_id="who"))
    assert list(await store.doctor_cache.doctors()) == known
    assert store.asked == len(known)


async def test_a_failure_is_passed_on_and_not_cached() -> None:
    store = Doctors()
    store.broken = True
    with pytest.raises(StoreUnavailable):
        await store.doctor_cache.doctors()
    store.broken = False
    assert list(await store.doctor_cache.doctors()) == ["strange"]


async def test_however_many_requests_find_it_expired_it_reads_once() -> None:
    store = Doctors()
    for asked in (1, 2):
        store.hangs.clear()
        requests = [asyncio.create_task(store.doctor_cache.doctors()) for _ in range(80)]
        await asyncio.sleep(0)
        store.hangs.set()
        assert [list(found) for found in await asyncio.gather(*requests)] == [["strange"]] * 80
        assert store.asked == asked
        store.seconds += 60


async def test_a_request_that_goes_away_does_not_end_the_read_for_others() -> None:
    store = Doctors()
    store.hangs.clear()
    first, second = (asyncio.create_task(store.doctor_cache.doctors()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    store.hangs.set()
    assert list(await second) == ["strange"]
    assert store.asked == 1


async def test_while_the_store_is_down_what_was_known_is_served_and_it_is_asked_at_times() -> None:
    store = Doctors()
    await store.doctor_cache.doctors()
    store.seconds, store.broken = 60.0, True
    assert list(await store.doctor_cache.doctors()) == ["strange"]
    assert list(await store.doctor_cache.doctors()) == ["strange"]
    assert store.asked == 2
    store.seconds, store.broken = 65.0, False
    store.present.append(doctor(doctor_id="who"))
    assert list(await store.doctor_cache.doctors()) == ["strange", "who"]


async def test_a_refused_read_is_passed_on_though_doctors_are_known() -> None:
    store = Doctors()
    await store.doctor_cache.doctors()
    store.seconds, store.broken = 60.0, True
    store.error = StoreRefused("the doctor who has schema 3")
    with pytest.raises(StoreRefused, match="schema 3"):
        await store.doctor_cache.doctors()


@simulated
async def test_while_the_store_hangs_what_was_known_is_served_after_a_second() -> None:
    store = Doctors()
    await store.doctor_cache.doctors()
    store.seconds = 60.0
    store.hangs.clear()
    assert list(await store.doctor_cache.doctors()) == ["strange"]
    assert now() == 1.0
    store.hangs.set()
