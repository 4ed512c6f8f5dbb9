"""Appointments that have left the day of their birth: retries know them, batches keep them right.

Each test is of one order of events that a simulation in tests/proof meets by chance.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.rules.outcomes import Accepted
from shared.rules.refusals import AlreadyCancelled
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.builders import appointment, key, schedule, span
from tests.commands import cancel, command, granted, move
from tests.scripted_store import (
    ScriptedStore,
    Step,
    fails_after,
    fails_before,
    fails_for_good,
    instance,
    prompt,
    slow,
)
from tests.simulated_loop import simulated

T = TypeVar("T")

MON, TUE, WED = "2026-11-23", "2026-11-24", "2026-11-25"
NINE, TEN, ELEVEN = (f"{MON}T{clock}Z" for clock in ("09:00", "10:00", "11:00"))
TUE_TEN, WED_TEN = f"{TUE}T10:00Z", f"{WED}T10:00Z"
ID = "strange.20261123.a"
HERE = ElsewhereKey("strange", ID)
BOTH_DAYS = frozenset({key(MON), key(TUE)})


def after_another(coordinator: Coordinator, asked: Command) -> Step:
    """Another instance does something first."""

    async def step(effect: Callable[[], T]) -> T:
        assert isinstance(await coordinator.run(asked), Accepted)
        return effect()

    return step


def ended(store: ScriptedStore) -> Appointment:
    """What is kept of the appointment `ID` once it has ended."""
    found = store.elsewhere[HERE].value
    assert isinstance(found, Appointment)
    return found


# A commit that was made and not answered


LEFT = pytest.mark.parametrize(
    ("others", "stands"),
    [
        pytest.param(cancel(MON, ID), [], id="cancelled"),
        pytest.param(move(MON, TUE_TEN, ID), [ID], id="moved-away"),
        pytest.param(move(MON, TEN, ID), [ID], id="moved-within-its-day"),
    ],
)


@LEFT
@pytest.mark.parametrize("idempotency_key", [None, "k"], ids=["no-key", "with-a-key"])
@simulated
async def test_a_booking_that_others_undid_before_the_retry_is_answered_and_not_made_again(
    others: Command, stands: list[str], idempotency_key: str | None
) -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    store.on_load.extend([prompt, after_another(instance(store), others)])
    asked = command(NINE, ID, idempotency_key=idempotency_key)
    assert granted(await instance(store).run(asked)) == ID
    assert store.ids() == stands
    assert store.commits == 2


@LEFT
@simulated
async def test_nor_is_one_that_others_undid_after_the_retry_had_seen_it(
    others: Command, stands: list[str]
) -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    store.on_load.extend([prompt, prompt, after_another(instance(store), others)])
    assert granted(await instance(store).run(command(NINE, ID))) == ID
    assert store.ids() == stands
    assert store.commits == 2


@simulated
async def test_nor_is_one_whose_look_had_no_answer_either() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    store.on_load.extend([prompt, prompt, fails_before])
    store.on_load.append(after_another(instance(store), cancel(MON, ID)))
    assert granted(await instance(store).run(command(NINE, ID))) == ID
    assert store.ids() == []
    assert ended(store).interval == span(NINE, f"{MON}T09:30Z")


@simulated
async def test_nor_is_one_whose_batch_is_then_refused() -> None:
    """The other of its batch could not be granted beside it, and now can be."""
    store = ScriptedStore()
    coordinator = instance(store)
    store.on_commit.extend([slow(1), fails_after])
    first, made, other = (
        asyncio.create_task(coordinator.run(each))
        for each in (command(ELEVEN, "first"), command(NINE, ID), command(NINE, "other"))
    )
    await first
    store.on_load.append(after_another(instance(store, seed=1), cancel(MON, ID)))
    store.on_commit.extend([prompt, fails_for_good])
    assert granted(await made) == ID
    assert granted(await other) == "other"
    assert store.ids() == ["other", "first"]


@simulated
async def test_a_move_that_others_undid_before_the_retry_is_answered_and_not_made_again() -> None:
    store = ScriptedStore()
    await instance(store).run(command(NINE, ID))
    back = replace(move(MON, ELEVEN, ID), days=BOTH_DAYS)
    store.on_commit.append(fails_after)
    store.on_load.extend([prompt, after_another(instance(store), back)])
    assert granted(await instance(store).run(move(MON, TUE_TEN, ID))) == ID
    assert store.days[key(MON)].value.busy.times == (span(ELEVEN, f"{MON}T11:30Z"),)
    assert store.days[key(TUE)].value.busy.times == ()
    assert store.elsewhere == {}


@simulated
async def test_a_cancellation_whose_answer_was_lost_is_found_done() -> None:
    store = ScriptedStore()
    await instance(store).run(command(NINE, ID))
    store.on_commit.append(fails_after)
    assert await instance(store).run(cancel(MON, ID)) == AlreadyCancelled(ended(store))


# Two of one batch on the whereabouts of one appointment


AWAY = appointment(TUE_TEN, f"{TUE}T10:30Z", ID)


async def together(store: ScriptedStore, *commands: Command) -> None:
    """Grant these in one batch, which waits for another command of Monday and holds three days."""
    coordinator = instance(store)
    store.on_commit.append(slow(1))
    days = BOTH_DAYS | {key(WED)}
    asked = [command(f"{MON}T15:00Z", "first"), *(replace(c, days=days) for c in commands)]
    outcomes = await asyncio.gather(*(coordinator.run(each) for each in asked))
    assert [granted(outcome) for outcome in outcomes] == ["first", *(ID for _ in commands)]
    assert store.commits == 2


@simulated
async def test_moved_away_and_cancelled_at_once_it_is_kept_where_its_pointer_would_be() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, f"{MON}T09:30Z", ID)))
    await together(store, move(MON, TUE_TEN, ID), cancel(MON, ID))
    assert store.ids() == ["first"]
    assert store.elsewhere.keys() == {HERE}
    assert ended(store).interval == AWAY.interval
    assert ended(store).status == "cancelled"


@simulated
async def test_moved_away_and_back_at_once_it_leaves_no_pointer() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, f"{MON}T09:30Z", ID)))
    await together(store, move(MON, TUE_TEN, ID), move(MON, ELEVEN, ID))
    assert store.ids() == [ID, "first"]
    assert store.elsewhere == {}


@simulated
async def test_moved_home_and_away_at_once_its_pointer_leads_to_the_last_place() -> None:
    store = ScriptedStore(schedule(TUE, AWAY))
    store.put_elsewhere(HERE, Pointer(key(TUE)))
    home = replace(move(MON, ELEVEN, ID), elsewhere=frozenset({HERE}))
    await together(store, home, move(MON, WED_TEN, ID))
    assert store.ids() == ["first", ID]
    assert {k: stored.value for k, stored in store.elsewhere.items()} == {HERE: Pointer(key(WED))}


@simulated
async def test_moved_home_and_cancelled_at_once_it_takes_the_place_of_its_pointer() -> None:
    store = ScriptedStore(schedule(TUE, AWAY))
    store.put_elsewhere(HERE, Pointer(key(TUE)))
    home = replace(move(MON, ELEVEN, ID), elsewhere=frozenset({HERE}))
    await together(store, home, cancel(MON, ID))
    assert store.ids() == ["first"]
    assert ended(store).interval == span(ELEVEN, f"{MON}T11:30Z")


@simulated
async def test_what_the_first_of_a_batch_moves_away_the_second_looks_for_where_it_went() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, f"{MON}T09:30Z", ID)))
    coordinator = instance(store)
    store.on_commit.append(slow(1))
    asked = command(f"{MON}T15:00Z", "first"), move(MON, TUE_TEN, ID), cancel(MON, ID)
    outcomes = await asyncio.gather(*(coordinator.run(each) for each in asked))
    assert [granted(outcome) for outcome in outcomes] == ["first", ID, ID]
    assert store.ids() == ["first"]
    assert ended(store).interval == AWAY.interval
