"""The doctor cache reads each doctor once a minute at most, and serves doctors without a store."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import cast

import pytest
from msgspec.structs import replace

from shared.directory import doctor_cache
from shared.directory.doctor_cache import DoctorCache
from shared.model.doctor import Doctor
from shared.store.port import Store, StoreError, StoreRefused, StoreUnavailable
from tests.builders import doctor
from tests.simulated_loop import now, simulated

STRANGE, WHO = doctor(), doctor(doctor_id="who")


class Doctors:
    """The part of a store that the cache needs, a clock that tests move, and what was asked."""

    def __init__(self, *present: Doctor) -> None:
        self.present = {each.id: each for each in present or (STRANGE, WHO)}
        self.error: StoreError | None = None
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.asked: list[list[str]] = []
        self.listed: list[tuple[int, str, str | None]] = []
        self.seconds = 0.0
        self.cache = DoctorCache(cast("Store", self), lambda: self.seconds)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        self.asked.append(list(ids))
        await self._answer()
        return {each: self.present[each] for each in ids if each in self.present}

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        self.listed.append((limit, after, service_id))
        await self._answer()
        behind = (self.present[name] for name in sorted(self.present) if name > after)
        if service_id is not None:
            behind = (d for d in behind if d.offers(service_id) and not d.retired)
        return list(behind)[:limit]

    async def _answer(self) -> None:
        await self.hangs.wait()
        if self.error:
            raise self.error

    async def found(self, *ids: str) -> list[str]:
        """The ids of those that are found."""
        return list(await self.cache.find(ids))


async def test_all_that_are_asked_for_are_read_in_one_call_each_once() -> None:
    store = Doctors()
    assert await store.cache.find(["who", "strange", "who"]) == {"who": WHO, "strange": STRANGE}
    assert store.asked == [["who", "strange"]]
    assert await store.cache.find([]) == {}
    assert store.asked == [["who", "strange"]]


async def test_only_what_is_not_known_is_read() -> None:
    store = Doctors()
    await store.found("strange")
    assert await store.found("strange", "who") == ["strange", "who"]
    assert store.asked == [["strange"], ["who"]]


async def test_retired_doctors_are_found() -> None:
    store = Doctors(replace(STRANGE, retired=True))
    assert await store.found("strange") == ["strange"]


@pytest.mark.parametrize(("seconds", "reads"), [(0.0, 1), (59.9, 1), (60.0, 2)])
async def test_a_changed_doctor_is_seen_after_a_minute(seconds: float, reads: int) -> None:
    store = Doctors()
    await store.found("strange")
    store.seconds = seconds
    store.present["strange"] = renamed = replace(STRANGE, name="Strange")
    expected = renamed if reads == 2 else STRANGE
    assert await store.cache.find(["strange"]) == {"strange": expected}
    assert len(store.asked) == reads


async def test_that_there_is_no_such_doctor_is_cached_for_a_minute_too() -> None:
    store = Doctors()
    assert await store.found("doom") == await store.found("doom") == []
    store.present["doom"] = doctor(doctor_id="doom")
    store.seconds = 59.9
    assert await store.found("doom") == []
    assert len(store.asked) == 1
    store.seconds = 60.0
    assert await store.found("doom") == ["doom"]


@pytest.mark.parametrize("name", ["", ".", "..", "__all__", "*", "a/b", "-a", "a" * 81, "a\n"])
async def test_the_store_is_not_asked_about_what_can_be_no_doctors_id(name: str) -> None:
    store = Doctors()
    assert await store.found(name, "strange") == ["strange"]
    assert store.asked == [["strange"]]


async def test_a_failure_is_passed_on_and_not_cached() -> None:
    store = Doctors()
    store.error = StoreUnavailable("no answer")
    with pytest.raises(StoreUnavailable):
        await store.found("strange")
    store.error = None
    assert await store.found("strange") == ["strange"]


async def test_however_many_requests_find_it_expired_it_is_read_once() -> None:
    store = Doctors()
    for reads in (1, 2):
        store.hangs.clear()
        requests = [asyncio.create_task(store.found("strange")) for _ in range(80)]
        await asyncio.sleep(0)
        store.hangs.set()
        assert await asyncio.gather(*requests) == [["strange"]] * 80
        assert len(store.asked) == reads
        store.seconds += 60


async def test_a_request_waits_for_a_read_of_another_and_reads_only_the_rest() -> None:
    store = Doctors()
    store.hangs.clear()
    first = asyncio.create_task(store.found("strange"))
    await asyncio.sleep(0)
    second = asyncio.create_task(store.found("who", "strange"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert store.asked == [["strange"], ["who"]]
    store.hangs.set()
    assert (await first, await second) == (["strange"], ["who", "strange"])


async def test_a_request_that_goes_away_does_not_end_the_read_for_others() -> None:
    store = Doctors()
    store.hangs.clear()
    first, second = (asyncio.create_task(store.found("strange")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    store.hangs.set()
    assert await second == ["strange"]
    assert len(store.asked) == 1


async def test_while_the_store_is_down_what_was_known_is_served_and_it_is_asked_at_times() -> None:
    store = Doctors()
    await store.found("strange", "doom")
    store.seconds, store.error = 60.0, StoreUnavailable("no answer")
    assert await store.found("strange", "doom") == ["strange"]
    assert await store.found("strange", "doom") == ["strange"]
    assert len(store.asked) == 2
    with pytest.raises(StoreUnavailable):
        await store.found("strange", "who")
    store.seconds, store.error = 65.0, None
    assert await store.found("strange", "who") == ["strange", "who"]


async def test_a_refused_read_is_passed_on_though_the_doctor_is_known() -> None:
    store = Doctors()
    await store.found("strange")
    store.seconds, store.error = 60.0, StoreRefused("the doctor strange has schema 9")
    with pytest.raises(StoreRefused, match="schema 9"):
        await store.found("strange")


@simulated
async def test_while_the_store_hangs_what_was_known_is_served_after_a_second() -> None:
    store = Doctors()
    await store.found("strange")
    store.seconds = 60.0
    store.hangs.clear()
    assert await store.found("strange") == ["strange"]
    assert now() == 1.0
    store.hangs.set()


@simulated
async def test_an_error_that_nobody_waits_for_any_more_is_not_reported_as_lost() -> None:
    store = Doctors()
    await store.found("strange")
    store.seconds = 60.0
    store.hangs.clear()
    await store.found("strange")
    gone = asyncio.create_task(store.found("who"))
    await asyncio.sleep(0)
    gone.cancel()
    store.error = StoreUnavailable("no answer")
    store.hangs.set()
    await asyncio.sleep(1)
    assert store.asked == [["strange"], ["strange"], ["who"]]


async def test_the_doctors_that_were_not_needed_for_longest_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_cache, "DOCTORS_CACHED", 2)
    store = Doctors()
    await store.found("strange")
    await store.found("who")
    await store.found("strange")
    assert await store.found("x", "y", "strange") == ["strange"]
    asked = len(store.asked)
    await store.found("y")
    assert len(store.asked) == asked
    await store.found("who")
    assert len(store.asked) == asked + 1


# Those who are not named


async def test_the_doctors_that_take_appointments_are_listed_by_id_and_read_once_a_minute() -> None:
    store = Doctors(WHO, replace(STRANGE, retired=True), doctor(doctor_id="doom"))
    for seconds in (0.0, 59.9):
        store.seconds = seconds
        assert [d.id for d in await store.cache.offering()] == ["doom", "who"]
    assert store.listed == [(201, "", None)]
    assert [d.id for d in await store.cache.everybody()] == ["doom", "strange", "who"]
    assert store.asked == []


async def test_those_who_offer_a_service_are_listed_for_each_service_apart() -> None:
    store = Doctors(WHO, replace(STRANGE, services=frozenset({"scan"})))
    assert [d.id for d in await store.cache.offering("scan")] == ["strange", "who"]
    assert [d.id for d in await store.cache.offering("talk")] == ["who"]
    assert [d.id for d in await store.cache.offering("scan")] == ["strange", "who"]
    assert store.listed == [(201, "", "scan"), (201, "", "talk")]


async def test_the_lists_of_only_so_many_services_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_cache, "SERVICES_CACHED", 1)
    store = Doctors()
    for service in ("a", "b", "a"):
        await store.cache.offering(service)
    assert len(store.listed) == 3


def many(count: int) -> list[Doctor]:
    return [doctor(doctor_id=f"d{number:03}") for number in range(count)]


async def test_of_more_doctors_than_one_request_goes_through_one_more_is_listed() -> None:
    store = Doctors(*many(250))
    assert len(await store.cache.offering()) == 201
    assert len(await store.cache.everybody()) == 201
    assert len(store.listed) == 2


async def test_retired_doctors_do_not_crowd_out_the_others() -> None:
    retired = [replace(each, retired=True) for each in many(250)]
    store = Doctors(*retired, WHO)
    assert await store.cache.offering() == [WHO]
    assert store.listed == [(201, "", None), (201, "d200", None)]


@pytest.mark.parametrize(
    ("after", "size", "expected"),
    [
        ("", 2, ["d000", "d001"]),
        ("d000", 1, ["d001"]),
        ("d001", 9, ["d002"]),
        ("d002", 1, []),
    ],
)
async def test_a_page_of_a_few_doctors_costs_no_read_of_its_own(
    after: str, size: int, expected: list[str]
) -> None:
    store = Doctors(*many(3))
    await store.cache.offering()
    assert [d.id for d in await store.cache.page(size, after)] == expected
    assert len(store.listed) == 1


async def test_a_page_of_many_doctors_is_read_without_those_who_are_retired() -> None:
    store = Doctors(*many(300), replace(doctor(doctor_id="d001"), retired=True))
    assert [d.id for d in await store.cache.page(3)] == ["d000", "d002", "d003"]
    behind = [(201, "d200", None), (3, "", None), (3, "d002", None)]
    assert store.listed == [(201, "", None), *behind]


async def test_while_the_store_is_down_the_doctors_that_were_listed_are_served() -> None:
    store = Doctors()
    await store.cache.offering()
    store.seconds, store.error = 60.0, StoreUnavailable("no answer")
    assert [d.id for d in await store.cache.offering()] == ["strange", "who"]
    with pytest.raises(StoreUnavailable):
        await store.cache.offering("scan")


async def test_a_clinic_of_retired_doctors_only_has_nobody_to_list() -> None:
    exactly_a_page = [replace(each, retired=True) for each in many(201)]
    store = Doctors(*exactly_a_page)
    assert await store.cache.offering() == []
    assert store.listed == [(201, "", None), (201, "d200", None)]
