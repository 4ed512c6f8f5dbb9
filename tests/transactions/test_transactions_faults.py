"""What the transaction survives: stale and lost commits, late answers, silence."""

import asyncio

import pytest

from shared.rules.outcomes import Replayed
from shared.store.port import StoreUnavailable
from tests.builders import appointment, key, schedule
from tests.commands import command, conflicts, granted
from tests.scripted_store import (
    ScriptedStore,
    Step,
    after,
    fails_after,
    fails_before,
    hangs,
    instance,
    late,
    lost,
    prompt,
    slow,
)
from tests.simulated_loop import now, simulated

MON = "2026-11-23"
NINE, HALF_PAST, TEN = f"{MON}T09:00Z", f"{MON}T09:30Z", f"{MON}T10:00Z"
ELEVEN = f"{MON}T11:00Z"
AT_NINE = appointment(NINE, HALF_PAST, "other")


@simulated
async def test_a_stale_commit_is_decided_again() -> None:
    store = ScriptedStore()
    store.on_commit.append(after(lambda: store.put(schedule(MON, AT_NINE))))
    assert granted(await instance(store).run(command(TEN))) == "a"
    assert (store.loads, store.commits) == (2, 2)
    assert store.ids() == ["other", "a"]


@pytest.mark.parametrize(
    ("steps", "commits"),
    [
        pytest.param([fails_before], 2, id="nothing was written"),
        pytest.param([fails_after], 1, id="all was written"),
        pytest.param([lost(1), late(2)], 2, id="written just before it is tried again"),
        pytest.param([lost(2), late(1)], 2, id="arrives after it was tried again"),
    ],
)
@simulated
async def test_a_commit_without_an_answer_books_once(steps: list[Step], commits: int) -> None:
    store = ScriptedStore()
    store.on_commit.extend(steps)
    transactions = instance(store)
    assert granted(await transactions.run(command(NINE, idempotency_key="k"))) == "a"
    await asyncio.sleep(30)
    assert store.ids() == ["a"]
    assert store.commits == commits
    assert granted(await transactions.run(command(TEN, "b"))) == "b"


@pytest.mark.parametrize("verb", ["on_load", "on_scan"])
@simulated
async def test_a_refusal_is_looked_for_again_if_the_store_gives_no_answer(verb: str) -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    await transactions.preview(command(NINE))
    getattr(store, verb).append(fails_before)
    assert conflicts(await transactions.run(command(NINE))) == [("09:00", "09:30")]


@simulated
async def test_a_time_that_is_freed_while_a_refusal_is_looked_for_is_booked() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    store.on_load.extend([prompt, after(lambda: store.put(schedule(MON)))])
    assert granted(await instance(store).run(command(NINE))) == "a"


# Time


@simulated
async def test_endless_contention_ends_at_the_deadline() -> None:
    store = ScriptedStore(otherwise=lambda: after(lambda: store.put(schedule(MON))))
    with pytest.raises(StoreUnavailable, match=r"^no certain answer within 10 s$"):
        await instance(store).run(command(NINE))
    assert now() == 10
    assert 40 < store.commits < 200


@simulated
async def test_an_answer_after_the_deadline_is_no_answer_but_the_appointment_stands() -> None:
    store = ScriptedStore()
    store.on_commit.append(late(20))
    transactions = instance(store)
    with pytest.raises(StoreUnavailable):
        await transactions.run(command(NINE, "a", idempotency_key="k"))
    await asyncio.sleep(20)
    again = await transactions.run(command(NINE, "b", idempotency_key="k"))
    assert again == Replayed(store.days[key(MON)].value.appointments[0])
    assert store.ids() == ["a"]


@simulated
async def test_what_lands_after_the_deadline_does_not_undo_what_was_booked_since() -> None:
    store = ScriptedStore()
    store.on_commit.append(late(20))
    transactions = instance(store)
    with pytest.raises(StoreUnavailable):
        await transactions.run(command(NINE, "late"))
    assert granted(await transactions.run(command(NINE, "since"))) == "since"
    await asyncio.sleep(20)
    assert store.ids() == ["since"]


@pytest.mark.parametrize("verb", ["on_load", "on_commit"])
@simulated
async def test_a_call_that_hangs_holds_its_day_no_longer_than_to_the_deadline(verb: str) -> None:
    store = ScriptedStore()
    getattr(store, verb).append(hangs)
    transactions = instance(store)
    first = asyncio.ensure_future(transactions.run(command(NINE, "first")))
    await asyncio.sleep(5)
    assert granted(await transactions.run(command(NINE, "second"))) == "second"
    assert 10 <= now() < 10.1
    with pytest.raises(StoreUnavailable):
        await first


@simulated
async def test_a_slow_commit_is_waited_for_as_long_as_anybody_waits() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    store.on_commit.extend([slow(6), slow(6)])
    requests = [asyncio.ensure_future(transactions.run(command(NINE, "first")))]
    for start, name in ((TEN, "impatient"), (ELEVEN, "patient")):
        await asyncio.sleep(2)
        requests.append(asyncio.ensure_future(transactions.run(command(start, name))))
    await asyncio.wait(requests)
    assert granted(requests[2].result()) == "patient"
    assert (now(), store.commits) == (12, 2)


@simulated
async def test_a_day_whose_commit_had_no_answer_is_not_remembered() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    await transactions.run(command(NINE, "a"))
    store.on_commit.append(lost(0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await transactions.run(command(TEN, "b"))
    await asyncio.sleep(1)
    assert granted(await transactions.run(command(ELEVEN, "c"))) == "c"
    assert store.ids() == ["a", "b", "c"]
    assert store.commits == 3


@simulated
async def test_a_second_look_does_not_make_the_deadline_later() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    await transactions.preview(command(NINE))
    store.put(schedule(MON))
    store.on_load.append(slow(6))
    store.on_commit.append(hangs)
    with pytest.raises(StoreUnavailable):
        await transactions.run(command(NINE, "first"))
    assert now() == 10
    assert granted(await transactions.run(command(NINE, "second"))) == "second"
    assert now() < 10.1
