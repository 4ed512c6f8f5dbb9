"""The one way to write: what it costs, what it survives, and whom it makes wait."""

import asyncio

from shared.model.opening import Opening
from shared.rules.outcomes import Accepted, Outcome, SlotTaken
from shared.store.port import StoreRefused
from shared.transactions.coordinator import Coordinator
from shared.transactions.day_cache import DAYS_CACHED
from tests.builders import appointment, doctor, key, schedule, span
from tests.commands import command, conflicts, granted, move
from tests.scripted_store import (
    ScriptedStore,
    after,
    fails_for_good,
    hangs,
    instance,
    slow,
)
from tests.simulated_loop import now, simulated

MON = "2026-11-23"
NINE, HALF_PAST, TEN = f"{MON}T09:00Z", f"{MON}T09:30Z", f"{MON}T10:00Z"
ELEVEN = f"{MON}T11:00Z"
AT_NINE = appointment(NINE, HALF_PAST, "other")


def start(transactions: Coordinator, *asked: tuple[str, str]) -> list[asyncio.Task[Outcome]]:
    """Ask for half an hour under each id, in this order, and do not wait."""
    requests = (command(start, appointment_id) for appointment_id, start in asked)
    return [asyncio.create_task(transactions.run(request)) for request in requests]


# What it costs


@simulated
async def test_an_unknown_day_costs_one_load_and_one_commit() -> None:
    store = ScriptedStore()
    assert granted(await instance(store).run(command(NINE))) == "a"
    assert (store.loads, store.commits, store.scans) == (1, 1, 0)


@simulated
async def test_a_known_day_costs_one_commit_and_no_load() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    await transactions.run(command(NINE, "a"))
    assert granted(await transactions.run(command(TEN, "b"))) == "b"
    assert (store.loads, store.commits, store.scans) == (1, 2, 0)


@simulated
async def test_a_refusal_makes_its_day_known() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    await transactions.run(command(NINE, "a"))
    loads = store.loads
    await transactions.run(command(TEN, "b"))
    assert (store.loads - loads, store.commits) == (0, 1)


@simulated
async def test_at_most_so_many_days_are_remembered() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    days = [f"{2027 + n // 336}-{1 + n // 28 % 12:02}-{1 + n % 28:02}" for n in range(501)]
    assert DAYS_CACHED == 500
    for day in days:
        await transactions.preview(command(f"{day}T09:00Z"))
    store.loads = 0
    await transactions.run(command("2027-01-04T09:00Z"))
    assert store.loads == 0
    await transactions.run(command("2027-01-01T09:00Z"))
    assert store.loads == 1


# Deciding together


@simulated
async def test_requests_that_wait_for_a_day_are_committed_at_once() -> None:
    store = ScriptedStore()
    transactions = instance(store)
    starts = [f"{MON}T{hour:02}:{minute:02}Z" for hour in range(9, 17) for minute in (0, 30)]
    asked = [command(start, f"at-{start}") for start in starts]
    outcomes = await asyncio.gather(*map(transactions.run, asked))
    assert [granted(outcome) for outcome in outcomes] == [f"at-{start}" for start in starts]
    assert (store.loads, store.commits) == (1, 2)  # The first does not wait for the others.


@simulated
async def test_of_those_decided_together_the_first_to_arrive_wins_and_harms_no_other() -> None:
    store = ScriptedStore()
    store.on_load.append(slow(1))
    transactions = instance(store)
    outcomes = await asyncio.gather(
        transactions.run(command(ELEVEN, "first")),
        transactions.run(command(NINE, "a", minutes=60)),
        transactions.run(command(HALF_PAST, "b")),
        transactions.run(command(TEN, "c")),
    )
    assert conflicts(outcomes[2]) == [("09:30", "10:00")]
    assert store.ids() == ["a", "c", "first"]
    assert store.commits == 2


@simulated
async def test_a_request_that_goes_away_while_it_waits_is_not_decided() -> None:
    store = ScriptedStore()
    store.on_commit.append(slow(1))
    transactions = instance(store)
    first, gone, last = start(transactions, ("first", NINE), ("gone", TEN), ("last", TEN))
    await asyncio.sleep(0.5)
    gone.cancel()
    assert granted(await first) == "first"
    assert granted(await last) == "last"
    assert store.ids() == ["first", "last"]


@simulated
async def test_a_request_that_goes_away_while_its_day_is_loaded_is_not_decided() -> None:
    store = ScriptedStore()
    store.on_load.append(slow(1))
    (gone,) = start(instance(store), ("gone", NINE))
    await asyncio.sleep(0.5)
    gone.cancel()
    await asyncio.sleep(10)
    assert store.ids() == []


@simulated
async def test_a_request_that_goes_away_is_not_decided_again_and_does_not_stop_the_others() -> None:
    store = ScriptedStore()
    transactions = instance(store)

    def interrupt() -> None:
        gone.cancel()
        store.put(schedule(MON, AT_NINE))

    store.on_commit.extend([slow(1), after(interrupt)])
    first, gone, last = start(transactions, ("first", ELEVEN), ("gone", TEN), ("last", TEN))
    assert granted(await first) == "first"
    assert granted(await last) == "last"
    assert gone.cancelled()
    assert store.ids() == ["other", "last"]


@simulated
async def test_a_commit_that_is_refused_fails_only_the_command_that_the_store_objects_to() -> None:
    store = ScriptedStore()
    store.on_load.append(slow(1))
    transactions = instance(store)
    store.on_commit.extend([slow(1), fails_for_good, fails_for_good])
    asked = [command(NINE, "first"), command(TEN, "a"), command(ELEVEN, "b")]
    first, *others = await asyncio.gather(*map(transactions.run, asked), return_exceptions=True)
    assert granted(first) == "first"
    # Refused together, then each is committed alone: the store objects to "a" only.
    assert [type(other) for other in others] == [StoreRefused, Accepted]
    assert granted(await transactions.run(command(TEN, "later"))) == "later"


@simulated
async def test_a_request_ends_when_the_work_that_it_waits_for_is_cancelled() -> None:
    store = ScriptedStore()
    store.on_commit.append(hangs)
    request = asyncio.ensure_future(instance(store).run(command(NINE)))
    await asyncio.sleep(1)
    for task in asyncio.all_tasks() - {asyncio.current_task(), request}:
        task.cancel()
    await asyncio.wait([request])
    assert request.cancelled()
    assert now() == 1


# Memory


@simulated
async def test_a_day_remembered_as_free_does_not_grant_a_time_that_is_taken() -> None:
    store = ScriptedStore(schedule(MON))
    transactions = instance(store)
    await transactions.preview(command(NINE))
    store.put(schedule(MON, AT_NINE))
    assert conflicts(await transactions.run(command(NINE))) == [("09:00", "09:30")]


@simulated
async def test_a_day_remembered_as_taken_does_not_refuse_a_time_that_is_free() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    await transactions.preview(command(NINE))
    store.put(schedule(MON))
    assert granted(await transactions.run(command(NINE))) == "a"


@simulated
async def test_a_refusal_tells_of_the_day_as_it_is_not_as_it_is_remembered() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    await transactions.preview(command(NINE))
    store.put(schedule(MON, appointment(HALF_PAST, TEN, "other")))
    assert conflicts(await transactions.run(command(NINE, minutes=60))) == [("09:30", "10:00")]


@simulated
async def test_openings_of_a_refusal_are_free_in_the_snapshot_that_it_was_decided_on() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    store.on_scan.append(after(lambda: store.put(schedule(MON))))
    outcome = await instance(store).run(command(NINE))
    expected = [(HALF_PAST, TEN), (TEN, f"{MON}T10:30Z"), (f"{MON}T10:30Z", ELEVEN)]
    assert isinstance(outcome, SlotTaken)
    assert outcome.openings == tuple(Opening(doctor(), span(*times)) for times in expected)


@simulated
async def test_an_acceptance_that_changes_nothing_is_not_granted_on_memory() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, HALF_PAST)))
    transactions = instance(store)
    await transactions.preview(move(MON, NINE))
    store.put(schedule(MON, appointment(TEN, f"{MON}T10:30Z")))
    await transactions.run(move(MON, NINE))
    assert store.days[key(MON)].value.busy == (span(NINE, HALF_PAST),)


@simulated
async def test_many_who_are_refused_at_once_share_a_look() -> None:
    store = ScriptedStore(schedule(MON, AT_NINE))
    transactions = instance(store)
    tries = [transactions.run(command(NINE, f"a{number}")) for number in range(100)]
    outcomes = await asyncio.gather(*tries)
    assert [conflicts(outcome) for outcome in outcomes] == [[("09:00", "09:30")]] * 100
    # To see if they can be granted; for the first of them; for all who came meanwhile.
    assert (store.loads, store.commits, store.scans) == (3, 0, 0)
