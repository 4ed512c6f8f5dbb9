"""The revision of a doctor's days: another one after every commit that wrote one of them."""

import asyncio
from pathlib import Path

from shared.model.day import DaySchedule
from shared.store.port import DayWrite, Keys, Store, Stored, Writes
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, key, schedule
from tests.store.contract.conftest import Opener

MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
SECOND = appointment("2026-11-24T09:00Z", "2026-11-24T09:30Z", "second")


async def revision(store: Store, doctor_id: str = "strange") -> int:
    async with store.snapshot() as snapshot:
        return await snapshot.revision(doctor_id)


async def write(store: Store, *days: DaySchedule) -> None:
    """Replace days by these, in one commit."""
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=[day.key for day in days]))
    await store.commit(Writes([DayWrite(state.days[day.key], day) for day in days]))


async def test_a_doctor_without_days_has_a_revision_too(store: Store) -> None:
    assert await revision(store) == await revision(store, "nobody") == 0


async def test_every_commit_of_a_day_makes_another_revision_and_none_comes_back(
    store: Store, rival: Store
) -> None:
    monday, tuesday = schedule("2026-11-23", FIRST), schedule("2026-11-24", SECOND)
    states: list[tuple[DaySchedule, ...]] = [
        (monday,),
        (tuesday,),
        (DaySchedule(MONDAY),),
        (monday,),
        (DaySchedule(MONDAY), DaySchedule(TUESDAY)),
        (monday, tuesday),
        (monday,),  # As it was; so writes what only checks its version.
    ]
    seen = [await revision(store)]
    for number, days in enumerate(states):
        await write((store, rival)[number % 2], *days)
        seen.append(await revision(rival))
        assert await revision(store) == seen[-1]
    assert len(set(seen)) == 8


async def test_commits_of_one_moment_that_nobody_can_tell_apart_by_time_are_told_apart(
    store: Store,
) -> None:
    days = [
        schedule(f"2026-11-{day}", appointment(f"2026-11-{day}T09:00Z", f"2026-11-{day}T09:30Z"))
        for day in range(10, 30)
    ]
    empty = [DayWrite(Stored(DaySchedule(day.key), None), day) for day in days]
    await asyncio.gather(*(store.commit(Writes([each])) for each in empty[:10]))
    before = await revision(store)
    await asyncio.gather(*(store.commit(Writes([each])) for each in empty[10:]))
    assert await revision(store) != before


async def test_the_days_of_others_and_what_is_kept_beside_change_nothing(store: Store) -> None:
    await write(store, schedule("2026-11-23", FIRST))
    before = await revision(store)
    other = FIRST._replace(doctor_id="who")
    await write(store, schedule("2026-11-23", other, doctor_id="who"))
    await store.secret("name", "a")
    await store.replace_calendar_link("strange", None, "a")
    assert await revision(store) == before
    assert await revision(store, "who") != 0


async def test_a_view_shows_the_revision_of_the_days_that_it_shows(
    store: Store, rival: Store
) -> None:
    await write(store, schedule("2026-11-23", FIRST))
    async with store.snapshot() as snapshot:
        before = await snapshot.revision("strange")
        await write(rival, DaySchedule(MONDAY))
        shown = [day async for day in snapshot.scan("strange", MONDAY.day, TUESDAY.day)]
        assert await snapshot.revision("strange") == before
    assert shown == [schedule("2026-11-23", FIRST)]
    assert await revision(store) != before


async def test_a_revision_is_one_read_however_many_days_there_are(store: Store) -> None:
    await write(store, *(DaySchedule(key(f"2026-11-{day}")) for day in range(10, 30)))
    usage = StoreUsage()
    with charged_to([usage]):
        await revision(store)
    assert (usage.reads, usage.writes) == (1, 0)


async def test_an_instance_that_starts_anew_finds_the_same_revision(
    store: Store, opener: Opener, tmp_path: Path
) -> None:
    await write(store, schedule("2026-11-23", FIRST))
    before = await revision(store)
    later = opener(tmp_path)
    assert await revision(later) == before
    await later.close()
