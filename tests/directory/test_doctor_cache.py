"""The cache asks the store for its doctors once a minute at most."""

from collections.abc import Sequence
from typing import cast

import pytest

from shared.directory.doctor_cache import DoctorCache
from shared.model.doctor import Doctor
from shared.store.port import Store, StoreUnavailable
from tests.builders import doctor


class Doctors:
    """The part of a store that the cache needs, a clock that tests move, and a count."""

    def __init__(self) -> None:
        self.present = [doctor()]
        self.broken = False
        self.asked = 0
        self.seconds = 0.0
        self.doctor_cache = DoctorCache(cast("Store", self), lambda: self.seconds)

    async def doctors(self) -> Sequence[Doctor]:
        self.asked += 1
        if self.broken:
            raise StoreUnavailable("no answer")
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


async def test_a_failure_is_passed_on_and_not_remembered() -> None:
    store = Doctors()
    store.broken = True
    with pytest.raises(StoreUnavailable):
        await store.doctor_cache.doctors()
    store.broken = False
    assert list(await store.doctor_cache.doctors()) == ["strange"]
