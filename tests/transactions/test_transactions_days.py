"""Requests for two days go through the same door: all or nothing, and without deadlock."""

import asyncio

import pytest

from shared.model.day import DaySchedule
from shared.rules.outcomes import UnknownAppointment
from tests.builders import appointment, key, schedule
from tests.commands import command, conflicts, granted, move
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
    slow,
)
from tests.simulated_loop import now, simulate, simulated

MON, TUE = "2026-11-23", "2026-11-24"


def both_days() -> tuple[DaySchedule, DaySchedule]:
    """`mon` and `tue` at nine on their days."""
    return (
        schedule(MON, appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", "mon")),
        schedule(TUE, appointment(f"{TUE}T09:00Z", f"{TUE}T09:30Z", "tue")),
    )


@simulated
async def test_a_move_changes_both_days_in_one_commit() -> None:
    store = ScriptedStore(*both_days())
    assert granted(await instance(store).run(move(MON, f"{TUE}T10:00Z", "mon"))) == "mon"
    assert store.ids() == ["tue", "mon"]
    assert (store.loads, store.commits) == (1, 1)


@simulated
async def test_a_refused_move_changes_neither_day() -> None:
    store = ScriptedStore(*both_days())
    outcome = await instance(store).run(move(MON, f"{TUE}T09:00Z", "mon"))
    assert conflicts(outcome) == [("09:00", "09:30")]
    assert store.ids() == ["mon", "tue"]


@pytest.mark.parametrize("day", [MON, TUE], ids=["the old day", "the new day"])
@simulated
async def test_a_move_is_decided_again_if_either_day_has_changed(day: str) -> None:
    store = ScriptedStore(*both_days())
    (stored,) = (each for each in both_days() if each.key == key(day))
    more = stored.with_appointment(appointment(f"{day}T10:00Z", f"{day}T10:30Z", "more"))
    store.on_commit.append(after(lambda: store.put(more)))
    outcome = await instance(store).run(move(MON, f"{TUE}T11:00Z", "mon"))
    assert granted(outcome) == "mon"
    assert store.commits == 2
    assert sorted(store.ids()) == ["mon", "more", "tue"]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([fails_before], id="nothing was written"),
        pytest.param([fails_after], id="all was written"),
        pytest.param([lost(1), late(2)], id="written just before it is tried again"),
        pytest.param([lost(2), late(1)], id="arrives after it was tried again"),
    ],
)
@simulated
async def test_a_move_without_an_answer_is_made_once(steps: list[Step]) -> None:
    store = ScriptedStore(*both_days())
    store.on_commit.extend(steps)
    assert granted(await instance(store).run(move(MON, f"{TUE}T10:00Z", "mon"))) == "mon"
    await asyncio.sleep(30)
    assert store.ids() == ["tue", "mon"]


@simulated
async def test_crossing_moves_and_bookings_of_both_days_all_end() -> None:
    store = ScriptedStore(*both_days())
    transactions = instance(store)
    outcomes = await asyncio.gather(
        transactions.run(command(f"{MON}T12:00Z", "a")),
        transactions.run(move(MON, f"{TUE}T10:00Z", "mon")),
        transactions.run(command(f"{TUE}T12:00Z", "b")),
        transactions.run(move(TUE, f"{MON}T10:00Z", "tue")),
        transactions.run(command(f"{MON}T13:00Z", "c")),
        transactions.run(command(f"{TUE}T13:00Z", "d")),
    )
    assert [granted(outcome) for outcome in outcomes] == ["a", "mon", "b", "tue", "c", "d"]
    assert store.ids() == ["tue", "a", "c", "mon", "b", "d"]
    assert now() < 0.1


@pytest.mark.parametrize("seed", range(20))
def test_crossing_moves_of_two_instances_all_end(seed: int) -> None:
    async def cross() -> list[str]:
        store = ScriptedStore(*both_days())
        one, two = instance(store, 1), instance(store, 2)
        await asyncio.gather(
            one.run(move(MON, f"{TUE}T10:00Z", "mon")),
            two.run(move(TUE, f"{MON}T10:00Z", "tue")),
            two.run(command(f"{MON}T12:00Z", "a")),
            one.run(command(f"{TUE}T12:00Z", "b")),
        )
        assert now() < 1
        return store.ids()

    assert simulate(cross(), seed) == ["tue", "a", "mon", "b"], f"seed {seed}"


@simulated
async def test_a_move_gets_its_turn_between_endless_bookings_of_both_days() -> None:
    store = ScriptedStore(*both_days(), otherwise=lambda: slow(0.01))
    transactions = instance(store)

    async def keep_asking(day: str, hour: int) -> None:
        for minute in range(60):
            start = f"{day}T{hour}:{minute:02}Z"
            assert granted(await transactions.run(command(start, start, minutes=1))) == start

    others = [
        asyncio.ensure_future(keep_asking(day, hour)) for day in (MON, TUE) for hour in (12, 13)
    ]
    await asyncio.sleep(0.1)
    await transactions.run(move(MON, f"{TUE}T10:00Z", "mon"))
    assert now() < 0.2
    assert not any(other.done() for other in others)


@simulated
async def test_a_move_waits_for_its_second_day_and_holds_up_the_first_only_so_long() -> None:
    store = ScriptedStore(*both_days())
    transactions = instance(store)
    store.on_commit.append(slow(1))
    requests = [
        asyncio.ensure_future(transactions.run(request))
        for request in (
            command(f"{TUE}T12:00Z", "a"),
            move(MON, f"{TUE}T10:00Z", "mon"),
            command(f"{MON}T12:00Z", "b"),
        )
    ]
    await asyncio.wait(requests[2:])
    assert [granted(request.result()) for request in requests] == ["a", "mon", "b"]
    assert (now(), store.commits) == (1, 2)


@simulated
async def test_a_move_that_goes_away_leaves_both_days_to_others() -> None:
    store = ScriptedStore(*both_days())
    transactions = instance(store)
    store.on_commit.append(slow(1))
    first = asyncio.ensure_future(transactions.run(command(f"{TUE}T12:00Z", "a")))
    gone = asyncio.ensure_future(transactions.run(move(MON, f"{TUE}T10:00Z", "mon")))
    await asyncio.sleep(0.5)
    gone.cancel()
    for day in (MON, TUE):
        assert granted(await transactions.run(command(f"{day}T13:00Z", day))) == day
    assert granted(await first) == "a"
    assert store.ids() == ["mon", MON, "tue", "a", TUE]


@simulated
async def test_a_silent_day_does_not_hold_up_another_day() -> None:
    store = ScriptedStore()
    store.on_commit.append(hangs)
    transactions = instance(store)
    silent = asyncio.ensure_future(transactions.run(command(f"{MON}T09:00Z")))
    await asyncio.sleep(1)
    assert granted(await transactions.run(command(f"{TUE}T09:00Z", "b"))) == "b"
    assert now() == 1
    assert not silent.done()


@simulated
async def test_what_is_not_on_its_days_is_refused_as_the_decision_says() -> None:
    store = ScriptedStore(*both_days())
    outcome = await instance(store).run(move(MON, f"{TUE}T10:00Z", "unknown"))
    assert outcome == UnknownAppointment()


@simulated
async def test_a_decision_is_given_the_days_that_it_needs_and_no_others() -> None:
    store = ScriptedStore(*both_days())
    transactions = instance(store)
    store.on_commit.append(slow(1))
    await asyncio.gather(
        transactions.run(command(f"{TUE}T12:00Z", "first")),
        transactions.run(move(MON, f"{TUE}T11:00Z", "unknown")),
        transactions.run(move(TUE, f"{TUE}T10:00Z", "mon")),  # It is not there but on Monday.
    )
    assert store.ids() == ["mon", "tue", "first"]
