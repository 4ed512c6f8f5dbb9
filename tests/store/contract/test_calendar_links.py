"""The secret of the link to a doctor's calendar: one at a time, and all instances know the same."""

import asyncio
from pathlib import Path

import pytest

from shared.store.port import Store, StoreRefused
from shared.store.usage import StoreUsage, charged_to
from tests.store.contract.raw import raw_of


async def test_each_doctor_has_a_link_once_somebody_makes_it(store: Store, rival: Store) -> None:
    assert await store.calendar_link("strange") is None
    assert await store.replace_calendar_link("strange", None, "a") == "a"
    assert await rival.calendar_link("strange") == "a"
    assert await rival.calendar_link("who") is None
    assert await rival.replace_calendar_link("who", None, "b") == "b"
    assert await store.calendar_link("strange") == "a"


async def test_a_link_that_is_replaced_is_gone_at_once(store: Store, rival: Store) -> None:
    await store.replace_calendar_link("strange", None, "a")
    assert await rival.replace_calendar_link("strange", "a", "b") == "b"
    assert await store.calendar_link("strange") == "b"


async def test_whoever_comes_second_gets_the_link_of_whoever_was_first(
    store: Store, rival: Store
) -> None:
    await store.replace_calendar_link("strange", None, "a")
    assert await rival.replace_calendar_link("strange", None, "b") == "a"
    await store.replace_calendar_link("strange", "a", "c")
    assert await rival.replace_calendar_link("strange", "a", "d") == "c"
    assert await store.calendar_link("strange") == "c"


async def test_one_that_was_deleted_by_hand_is_made_anew(store: Store) -> None:
    assert await store.replace_calendar_link("strange", "gone", "a") == "a"
    assert await store.calendar_link("strange") == "a"


async def test_of_many_that_replace_a_link_at_once_one_does_and_all_get_the_same(
    store: Store, rival: Store
) -> None:
    for replaced in (None, "a"):
        if replaced:
            await store.replace_calendar_link("strange", await store.calendar_link("strange"), "a")
        asked = [
            (store, rival)[n % 2].replace_calendar_link("strange", replaced, f"{replaced} {n}")
            for n in range(20)
        ]
        (kept,) = set(await asyncio.gather(*asked))
        assert await store.calendar_link("strange") == kept


@pytest.mark.parametrize("doctor_id", ["-", "nobody", "a" * 80, "a..b__"])
async def test_a_look_at_a_link_is_one_read_whether_there_is_such_a_doctor_or_not(
    store: Store, doctor_id: str
) -> None:
    await store.replace_calendar_link("strange", None, "a")
    for name in ("strange", doctor_id):
        usage = StoreUsage()
        with charged_to([usage]):
            await store.calendar_link(name)
        assert (usage.reads, usage.writes) == (1, 0)


async def test_to_make_a_link_is_a_read_and_a_write_and_to_come_second_a_read(store: Store) -> None:
    for writes in (1, 0):
        usage = StoreUsage()
        with charged_to([usage]):
            await store.replace_calendar_link("strange", None, f"{writes}")
        assert (usage.reads, usage.writes) == (1, writes)


async def test_what_a_newer_version_says_of_a_link_is_kept(store: Store, tmp_path: Path) -> None:
    await store.replace_calendar_link("strange", None, "a")
    raw = raw_of(store, tmp_path)
    await raw.put_link("strange", {"color": "red"})
    await store.replace_calendar_link("strange", "a", "b")
    expected = {"kind": "calendar_link", "schema": 3, "secret": "b", "color": "red"}
    assert await raw.link("strange") == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "secret"}, 'the calendar link of strange is of the kind "secret"'),
        ({"schema": 4}, "the calendar link of strange has schema 4"),
        ({"secret": ""}, "the calendar link of strange is damaged"),
        ({"secret": 7}, "the calendar link of strange is damaged"),
    ],
)
async def test_a_link_that_is_not_understood_is_refused_and_never_replaced(
    store: Store, tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    await store.replace_calendar_link("strange", None, "a")
    await raw_of(store, tmp_path).put_link("strange", fields)
    with pytest.raises(StoreRefused, match=said):
        await store.calendar_link("strange")
    with pytest.raises(StoreRefused, match=said):
        await store.replace_calendar_link("strange", "a", "b")
