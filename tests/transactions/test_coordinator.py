"""The one way to write: what it costs, whom it makes wait, how it ends, and what it leaves.

That nothing is booked twice, lost or answered wrongly is shown by the simulation in tests/proof.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Literal, TypeVar

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.doctor_days import DAY
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.opening import Opening
from shared.rules.booking import book
from shared.rules.outcomes import Accepted, Outcome, Replayed
from shared.rules.refusals import InThePast, KeyReused, OutsideWorkingHours, SlotTaken
from shared.store.port import Keys, StoreRefused, StoreUnavailable, Versions, Writes
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.idempotency_keys import Idempotency
from shared.transactions.snapshot_decisions import SnapshotDecisions
from tests.builders import NEW_YORK, appointment, at, booking, doctor, key, schedule, span
from tests.commands import cancel, command, conflicts, granted, move
from tests.scripted_store import (
    ScriptedStore,
    Step,
    after,
    fails_after,
    fails_before,
    fails_for_good,
    hangs,
    instance,
    prompt,
    slow,
)
from tests.simulated_loop import now, simulated

T = TypeVar("T")

MON, TUE = "2026-11-23", "2026-11-24"
NINE, HALF_PAST, TEN, ELEVEN = (f"{MON}T{clock}Z" for clock in ("09:00", "09:30", "10:00", "11:00"))
TUE_TEN, WED_TEN = f"{TUE}T10:00Z", "2026-11-25T10:00Z"
AT_NINE = appointment(NINE, HALF_PAST, "other")
ID = "strange.20261123.a"
HASH_OF_K = "33e16bc480019ee4a86b6fb0c02650dad76f1f880c37c0f56aed865a18a7fcca"
NOTHING_AT_NINE, TAKEN_AT_NINE = schedule(MON), schedule(MON, AT_NINE)
BOTH_DAYS = (
    schedule(MON, appointment(NINE, HALF_PAST, "mon")),
    schedule(TUE, appointment(f"{TUE}T09:00Z", f"{TUE}T09:30Z", "tue")),
)
HERE = ElsewhereKey("strange", ID)


def start(coordinator: Coordinator, *commands: Command) -> list[asyncio.Task[Outcome]]:
    """Run these commands, begun in this order, and do not wait."""
    return [asyncio.create_task(coordinator.run(command)) for command in commands]


def full(day: date) -> DaySchedule:
    """A day of sixteen appointments and not a free minute."""
    nine = at(f"{day}T09:00Z")
    starts = [nine + n * timedelta(minutes=30) for n in range(17)]
    times = enumerate(pairwise(map(str, starts)))
    return schedule(str(day), *(appointment(*bounds, f"{day}-{n}") for n, bounds in times))


def standing(day: str = MON, clock: str = "09:00") -> Appointment:
    """The appointment `ID`, which was born on Monday, for half an hour of a day."""
    return appointment(f"{day}T{clock}Z", f"{day}T{clock[:-2]}30Z", ID)


# What it costs


@pytest.mark.parametrize(
    ("days", "earlier", "asked", "loads", "commits"),
    [
        pytest.param([], [], command(NINE), 1, 1, id="unknown-day"),
        pytest.param([], [command(TEN, "b")], command(NINE), 0, 1, id="day-that-was-written"),
        pytest.param([TAKEN_AT_NINE], [command(NINE)], command(TEN), 0, 1, id="day-of-a-refusal"),
        pytest.param([TAKEN_AT_NINE], [command(NINE)], command(NINE), 1, 0, id="known-refusal"),
        pytest.param(BOTH_DAYS, [], move(MON, TUE_TEN, "mon"), 1, 1, id="both-days-at-once"),
        pytest.param(BOTH_DAYS, [], cancel(MON, "mon"), 1, 1, id="at-home"),
    ],
)
@simulated
async def test_a_request_costs_a_load_of_what_is_unknown_and_a_commit(
    days: list[DaySchedule], earlier: list[Command], asked: Command, loads: int, commits: int
) -> None:
    store = ScriptedStore(*days)
    coordinator = instance(store)
    for each in earlier:
        await coordinator.run(each)
    store.loads = store.commits = 0
    await coordinator.run(asked)
    assert (store.loads, store.commits) == (loads, commits)


@pytest.mark.parametrize(
    ("asked", "loads"),
    [
        # The day of its birth; the pointer; where that leads; for a move, the target.
        pytest.param(cancel(MON, ID), 3, id="cancel"),
        pytest.param(
            replace(move(MON, f"{TUE}T11:00Z", ID), days=frozenset({key(MON)})), 3, id="move"
        ),
        pytest.param(replace(move(MON, WED_TEN, ID), days=frozenset({key(MON)})), 4, id="move-on"),
    ],
)
@simulated
async def test_what_has_left_the_day_of_its_birth_costs_a_load_for_each_step_to_it(
    asked: Command, loads: int
) -> None:
    store = ScriptedStore(schedule(MON), schedule(TUE, standing(TUE)))
    store.put_elsewhere(HERE, Pointer(key(TUE)))
    assert granted(await instance(store).run(asked)) == ID
    assert (store.loads, store.commits) == (loads, 1)


@pytest.mark.parametrize(
    ("step", "loads", "commits"),
    [
        pytest.param(prompt, 1, 1, id="plain"),
        pytest.param(fails_before, 2, 2, id="nothing-was-written"),
        pytest.param(fails_after, 3, 1, id="all-was-written"),
    ],
)
@pytest.mark.parametrize("idempotency_key", [None, "k"], ids=["no-key", "with-a-key"])
@simulated
async def test_what_was_not_answered_is_looked_at_and_not_written_again(
    step: Step, loads: int, commits: int, idempotency_key: str | None
) -> None:
    store = ScriptedStore()
    store.on_commit.append(step)
    asked = command(NINE, idempotency_key=idempotency_key)
    assert granted(await instance(store).run(asked)) == "a"
    assert (store.loads, store.commits) == (loads, commits)


@simulated
async def test_requests_that_wait_for_a_day_are_committed_at_once() -> None:
    store = ScriptedStore()
    starts = [f"{MON}T{hour:02}:{minute:02}Z" for hour in range(9, 17) for minute in (0, 30)]
    tasks = start(instance(store), *(command(time, f"at-{time}") for time in starts))
    outcomes = await asyncio.gather(*tasks)
    assert [granted(outcome) for outcome in outcomes] == [f"at-{time}" for time in starts]
    assert (store.loads, store.commits) == (1, 2)  # The first does not wait for the others.


@simulated
async def test_many_who_are_refused_at_once_share_a_look() -> None:
    store = ScriptedStore(TAKEN_AT_NINE)
    commands = (command(NINE, f"a{number}") for number in range(100))
    outcomes = await asyncio.gather(*start(instance(store), *commands))
    assert [conflicts(outcome) for outcome in outcomes] == [[("09:00", "09:30")]] * 100
    # To see if they can be granted; for the first of them; for all who came meanwhile.
    assert (store.loads, store.commits) == (3, 0)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param([command(f"{MON}T09:{n:02}Z", f"a{n}") for n in range(16)], id="bookings"),
        pytest.param([move(MON, f"{TUE}T09:{n:02}Z", f"{MON}-{n}") for n in range(16)], id="moves"),
    ],
)
@simulated
async def test_many_who_are_refused_at_once_share_the_days_on_which_they_look_for_others(
    asked: list[Command],
) -> None:
    store = ScriptedStore(*(full(date.fromisoformat(MON) + n * DAY) for n in range(100)))
    outcomes = await asyncio.gather(*start(instance(store), *asked))
    assert [type(outcome) for outcome in outcomes] == [SlotTaken] * 16
    # To see if they can be granted; for the first of them; for all who came meanwhile.
    assert max(Counter(store.days_read()).values()) == 3


@simulated
async def test_days_kept_for_others_are_not_kept_without_bound() -> None:
    begins = date.fromisoformat(MON)
    store = ScriptedStore(*(full(begins + n * DAY) for n in range(500)))
    asked = [command(f"{begins + n * DAY}T09:00Z", f"a{n}") for n in (0, 98, 196, 294)]
    snapshot = store.snapshot()
    state = await snapshot.load(Keys(days={key for each in asked for key in each.days}))
    decisions = SnapshotDecisions.on(snapshot, state)
    for each in asked:
        assert isinstance((await decisions.decide(each)).outcome, SlotTaken)
    assert len(decisions.read) == 2 * 90


@simulated
async def test_many_who_ask_for_a_time_outside_the_hours_share_the_days_of_its_date() -> None:
    # The shift is that of winter, and this is a date of summer: it begins an hour before its day.
    of = doctor(zone=NEW_YORK)
    asked = [
        booking(f"2026-07-06T22:{n:02}Z", f"2026-07-06T23:{n:02}Z", f"a{n}", of) for n in range(16)
    ]
    now = at("2026-01-01T00:00Z")
    commands = (
        replace(command(f"{MON}T09:00Z"), decide=partial(book, booking=b, now=now), days={*b.days})
        for b in asked
    )
    store = ScriptedStore()
    outcomes = await asyncio.gather(*start(instance(store), *commands))
    assert [type(outcome) for outcome in outcomes] == [OutsideWorkingHours] * 16
    # For the first of them; for all who came meanwhile.
    assert store.days_read().count("strange 2026-07-05") == 2


# Deciding together


@simulated
async def test_of_those_decided_together_the_first_to_arrive_wins_and_harms_no_other() -> None:
    store = ScriptedStore()
    store.on_load.append(slow(1))
    commands = command(NINE, "a", minutes=60), command(HALF_PAST, "b"), command(TEN, "c")
    tasks = start(instance(store), command(ELEVEN, "first"), *commands)
    outcomes = await asyncio.gather(*tasks)
    assert conflicts(outcomes[2]) == [("09:30", "10:00")]
    assert store.ids() == ["a", "c", "first"]
    assert store.commits == 2


@simulated
async def test_a_decision_is_given_the_days_that_it_needs_and_no_others() -> None:
    store = ScriptedStore(*BOTH_DAYS)
    store.on_commit.append(slow(1))
    first, unknown, elsewhere = start(
        instance(store),
        command(f"{TUE}T12:00Z", "first"),
        move(MON, f"{TUE}T11:00Z", "unknown"),
        move(TUE, TUE_TEN, "mon"),  # It is not there but on Monday.
    )
    await asyncio.wait([first, unknown, elsewhere])
    assert store.ids() == ["mon", "tue", "first"]


@simulated
async def test_a_refused_commit_fails_only_the_command_that_the_store_objects_to() -> None:
    store = ScriptedStore()
    store.on_commit.extend([slow(1), fails_for_good, fails_for_good])
    coordinator = instance(store)
    tasks = start(coordinator, command(NINE, "first"), command(TEN, "a"), command(ELEVEN, "b"))
    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert granted(first) == "first"
    # Refused together, each is then committed alone, and the store objects to "a" only.
    assert [type(other) for other in others] == [StoreRefused, Accepted]
    assert granted(await coordinator.run(command(TEN, "later"))) == "later"


class Picky(ScriptedStore):
    """Objects to every commit that would book one of these appointments, or was told to fail."""

    def __init__(self, *objectionable: str) -> None:
        super().__init__()
        self.objectionable = objectionable

    async def commit(self, writes: Writes) -> Versions:
        """Refuse it, or do as told."""
        if any(write.day.find(name) for write in writes.days for name in self.objectionable):
            self.on_commit.append(fails_for_good)
        return await super().commit(writes)


def two_hundred() -> list[Command]:
    """One that the others wait for, and 199 that go together then, a minute each."""
    starts = (f"{MON}T{9 + n // 60:02}:{n % 60:02}Z" for n in range(200))
    return [command(time, f"a{n}", minutes=1) for n, time in enumerate(starts)]


@pytest.mark.parametrize("at_fault", [[1], [77], [199], [1, 2, 3], [20, 60, 100, 140, 180]])
@simulated
async def test_few_at_fault_among_many_are_found_by_halves(at_fault: list[int]) -> None:
    store = Picky(*(f"a{n}" for n in at_fault))
    outcomes = await asyncio.gather(*start(instance(store), *two_hundred()), return_exceptions=True)
    refused = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Accepted)]
    assert refused == at_fault
    assert len(store.ids()) == 200 - len(at_fault)
    # What they wait for, all, and for each of them two halves of what is left, eight times at most.
    assert store.commits <= 1 + 1 + len(at_fault) * 2 * 8


@simulated
async def test_the_halves_of_a_refused_batch_are_decided_in_order_of_arrival() -> None:
    store = Picky("a2")
    asked = [command(NINE, "first"), command(TEN, "a1"), command(ELEVEN, "a2"), command(TEN, "a3")]
    outcomes = await asyncio.gather(*start(instance(store), *asked), return_exceptions=True)
    kinds = [Accepted, Accepted, StoreRefused, SlotTaken]
    assert [type(outcome) for outcome in outcomes] == kinds


@simulated
async def test_what_was_committed_before_a_refusal_and_moved_since_is_not_booked_again() -> None:
    store = ScriptedStore()

    def moves_on() -> None:
        store.put(store.days[key(MON)].value.without(ID), schedule(TUE, standing(TUE)))
        store.put_elsewhere(HERE, Pointer(key(TUE)))

    store.on_commit.extend([prompt, fails_after])
    store.on_load.extend([prompt, fails_for_good, after(moves_on)])
    asked = command(NINE, "first"), command(TEN, ID), command(ELEVEN, "b")
    outcomes = await asyncio.gather(*start(instance(store), *asked))
    assert [granted(outcome) for outcome in outcomes] == ["first", ID, "b"]
    assert store.ids() == ["first", "b", ID]
    assert store.commits == 2


@simulated
async def test_a_store_that_refuses_everything_is_not_asked_for_each_of_many() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(command(f"{MON}T16:00Z", "before"))
    store.on_commit.append(prompt)
    store.on_commit.extend([fails_for_good] * 500)
    outcomes = await asyncio.gather(*start(coordinator, *two_hundred()), return_exceptions=True)
    assert Counter(map(type, outcomes)) == {Accepted: 1, StoreRefused: 199}
    assert store.commits <= 2 + 17


class Unreadable(ScriptedStore):
    """Refuses whatever reads Tuesday, which a newer version wrote, and counts how often."""

    refused = 0

    async def call(
        self,
        verb: Literal["load", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: Any,  # noqa: ANN401 - what the call is given
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Refuse it, or do as told."""
        if any(isinstance(asked, Keys) and key(TUE) in asked.days for asked in arguments):
            self.refused += 1
            raise StoreRefused("Tuesday is not understood")
        return await super().call(verb, touches, do, *arguments)


@simulated
async def test_a_refusal_is_certain_though_a_day_with_other_times_cannot_be_read() -> None:
    refused = await instance(Unreadable(full(date.fromisoformat(MON)))).run(command(NINE))
    assert isinstance(refused, SlotTaken)
    assert refused.openings == ()
    closed = await instance(Unreadable(full(date.fromisoformat(MON)))).run(command(f"{MON}T20:00Z"))
    assert isinstance(closed, OutsideWorkingHours)


@simulated
async def test_a_day_that_cannot_be_read_is_asked_for_once_by_all_who_are_refused_one_time() -> (
    None
):
    store = Unreadable(full(date.fromisoformat(MON)))
    asked = [command(NINE, f"{number}") for number in range(10)]
    await asyncio.gather(*start(instance(store), *asked))
    assert store.refused <= 2  # The first goes alone.


@simulated
async def test_whose_time_is_over_takes_none_from_others_of_a_refused_batch() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    store.on_load.extend([slow(6), fails_for_good, hangs])
    first, early = (asyncio.create_task(coordinator.preview(command(t))) for t in (NINE, TEN))
    await asyncio.sleep(5)
    late = asyncio.create_task(coordinator.preview(command(ELEVEN)))
    outcomes = await asyncio.gather(first, early, late, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Accepted, StoreUnavailable, Accepted]


@simulated
async def test_what_one_refused_command_reads_fails_no_other() -> None:
    store, asked = ScriptedStore(), command(NINE, "gone", idempotency_key="k")
    await instance(store).run(asked)
    store.put(full(date.fromisoformat(MON)))  # Changed by hand.
    store.on_load.extend([prompt, slow(1)])  # The others wait for the snapshot of the first.
    tasks = start(instance(store), command(TEN, "first"), asked, command(TEN, "b"))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SlotTaken, StoreRefused, SlotTaken]


@simulated
async def test_what_one_previewed_command_reads_fails_no_other() -> None:
    coordinator = instance(Unreadable(TAKEN_AT_NINE))
    asked = command(NINE), move(MON, TUE_TEN, "other"), command(TEN)  # The first goes alone.
    outcomes = await asyncio.gather(*map(coordinator.preview, asked), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SlotTaken, StoreRefused, Accepted]


@simulated
async def test_a_single_command_that_the_store_objects_to_is_not_tried_again() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_for_good)
    with pytest.raises(StoreRefused):
        await instance(store).run(command(NINE))
    assert (store.loads, store.commits) == (1, 1)


@simulated
async def test_a_silent_day_does_not_hold_up_another_day() -> None:
    store = ScriptedStore()
    store.on_commit.append(hangs)
    coordinator = instance(store)
    (silent,) = start(coordinator, command(NINE, "a"))
    await asyncio.sleep(1)
    assert granted(await coordinator.run(command(TUE_TEN, "b"))) == "b"
    assert now() == 1
    assert not silent.done()


# Going away


@pytest.mark.parametrize("verb", ["on_load", "on_commit"])
@simulated
async def test_a_request_that_goes_away_is_not_decided_and_does_not_stop_the_others(
    verb: str,
) -> None:
    store = ScriptedStore()
    getattr(store, verb).append(slow(1))
    first, gone, last = start(
        instance(store), command(NINE, "first"), command(TEN, "gone"), command(TEN, "last")
    )
    await asyncio.sleep(0.5)
    gone.cancel()
    assert [granted(await task) for task in (first, last)] == ["first", "last"]
    assert store.ids() == ["first", "last"]


@simulated
async def test_the_only_request_of_a_batch_that_goes_away_is_not_decided() -> None:
    store = ScriptedStore()
    store.on_load.append(slow(1))
    (gone,) = start(instance(store), command(NINE))
    await asyncio.sleep(0.5)
    gone.cancel()
    await asyncio.sleep(10)
    assert store.ids() == []


@simulated
async def test_a_request_that_goes_away_during_a_commit_is_not_decided_again() -> None:
    store = ScriptedStore()

    def interrupt() -> None:
        gone.cancel()
        store.put(TAKEN_AT_NINE)

    store.on_commit.extend([slow(1), after(interrupt)])
    commands = command(ELEVEN, "first"), command(TEN, "gone"), command(TEN, "last")
    first, gone, last = start(instance(store), *commands)
    assert [granted(await task) for task in (first, last)] == ["first", "last"]
    assert gone.cancelled()
    assert store.ids() == ["other", "last"]


@simulated
async def test_a_request_that_goes_away_during_a_refused_commit_does_not_stop_the_others() -> None:
    store = ScriptedStore()

    def goes_and_fails() -> None:
        gone.cancel()
        raise StoreRefused("no permission")

    store.on_commit.extend([slow(1), fails_for_good, after(goes_and_fails)])
    commands = command(ELEVEN, "first"), command(TEN, "gone"), command(TEN, "last")
    first, gone, last = start(instance(store), *commands)
    assert [granted(await task) for task in (first, last)] == ["first", "last"]
    assert gone.cancelled()


@simulated
async def test_a_move_that_goes_away_leaves_both_days_to_others() -> None:
    store = ScriptedStore(*BOTH_DAYS)
    store.on_commit.append(slow(1))
    coordinator = instance(store)
    first, gone = start(coordinator, command(f"{TUE}T12:00Z", "a"), move(MON, TUE_TEN, "mon"))
    await asyncio.sleep(0.5)
    gone.cancel()
    for day in (MON, TUE):
        assert granted(await coordinator.run(command(f"{day}T13:00Z", day))) == day
    assert granted(await first) == "a"
    assert store.ids() == ["mon", MON, "tue", "a", TUE]


@simulated
async def test_a_request_ends_when_the_work_that_it_waits_for_is_cancelled() -> None:
    store = ScriptedStore()
    store.on_commit.append(hangs)
    (request,) = start(instance(store), command(NINE))
    await asyncio.sleep(1)
    for task in asyncio.all_tasks() - {asyncio.current_task(), request}:
        task.cancel()
    await asyncio.wait([request])
    assert request.cancelled()
    assert now() == 1


# Time


@simulated
async def test_endless_contention_ends_at_the_deadline() -> None:
    store = ScriptedStore(otherwise=after(lambda: store.put(NOTHING_AT_NINE)))
    with pytest.raises(StoreUnavailable, match=r"^no certain answer within 10 s$"):
        await instance(store).run(command(NINE))
    assert now() == 10
    assert 40 < store.commits < 200


@pytest.mark.parametrize("taken", [[], [TAKEN_AT_NINE]], ids=["granted", "refused"])
@simulated
async def test_who_gets_no_answer_learns_what_the_store_said_meanwhile(
    taken: list[DaySchedule],
) -> None:
    store = ScriptedStore(*taken, otherwise=fails_before)
    store.on_load.append(prompt)
    coordinator = instance(store)
    with pytest.raises(
        StoreUnavailable, match=r"^no certain answer within 10 s: it did not happen$"
    ):
        await coordinator.run(command(NINE))
    store.on_load.append(hangs)
    with pytest.raises(StoreUnavailable, match=r"^no certain answer within 10 s$"):
        await coordinator.run(command(NINE))


@pytest.mark.parametrize("verb", ["on_load", "on_commit"])
@simulated
async def test_a_call_that_hangs_holds_its_day_no_longer_than_to_the_deadline(verb: str) -> None:
    store = ScriptedStore()
    getattr(store, verb).append(hangs)
    coordinator = instance(store)
    (first,) = start(coordinator, command(NINE, "first"))
    await asyncio.sleep(5)
    assert granted(await coordinator.run(command(NINE, "second"))) == "second"
    assert 10 <= now() < 10.1
    with pytest.raises(StoreUnavailable):
        await first


@simulated
async def test_a_look_that_hangs_holds_its_day_no_longer_than_to_the_deadline() -> None:
    store = ScriptedStore(TAKEN_AT_NINE)
    store.on_load.append(hangs)
    coordinator = instance(store)
    looking = asyncio.create_task(coordinator.preview(command(NINE)))
    await asyncio.sleep(5)
    assert conflicts(await coordinator.preview(command(NINE))) == [("09:00", "09:30")]
    assert now() == 10
    with pytest.raises(StoreUnavailable):
        await looking


@simulated
async def test_a_slow_commit_is_waited_for_as_long_as_anybody_waits() -> None:
    store = ScriptedStore()
    store.on_commit.extend([slow(6), slow(6)])
    coordinator = instance(store)
    tasks = start(coordinator, command(NINE, "first"))
    for time, name in ((TEN, "impatient"), (ELEVEN, "patient")):
        await asyncio.sleep(2)
        tasks += start(coordinator, command(time, name))
    await asyncio.wait(tasks)
    assert granted(tasks[2].result()) == "patient"
    assert (now(), store.commits) == (12, 2)


@simulated
async def test_a_second_look_does_not_make_the_deadline_later() -> None:
    store = ScriptedStore(TAKEN_AT_NINE)
    coordinator = instance(store)
    await coordinator.preview(command(NINE))
    store.put(NOTHING_AT_NINE)
    store.on_load.append(slow(6))
    store.on_commit.append(hangs)
    with pytest.raises(StoreUnavailable):
        await coordinator.run(command(NINE, "first"))
    assert now() == 10
    assert granted(await coordinator.run(command(NINE, "second"))) == "second"
    assert now() < 10.1


@simulated
async def test_a_refusal_is_looked_for_again_if_the_store_gives_no_answer() -> None:
    store = ScriptedStore(TAKEN_AT_NINE)
    store.on_load.extend([prompt, fails_before])
    assert conflicts(await instance(store).run(command(NINE))) == [("09:00", "09:30")]
    assert store.loads == 3
    assert now() > 0


# What is kept of days


@simulated
async def test_a_day_whose_commit_had_no_answer_is_read_again() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(command(NINE, "a"))
    store.on_commit.append(fails_after)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await coordinator.run(command(TEN, "b"))
    await asyncio.sleep(1)
    assert granted(await coordinator.run(command(ELEVEN, "c"))) == "c"
    assert store.ids() == ["a", "b", "c"]
    assert store.commits == 3


@simulated
async def test_an_acceptance_that_changes_nothing_is_not_granted_on_a_cached_day() -> None:
    store = ScriptedStore(schedule(MON, appointment(NINE, HALF_PAST)))
    coordinator = instance(store)
    await coordinator.preview(move(MON, NINE))
    store.put(schedule(MON, appointment(TEN, f"{MON}T10:30Z")))
    await coordinator.run(move(MON, NINE))
    assert store.days[key(MON)].value.busy.times == (span(NINE, HALF_PAST),)


@simulated
async def test_openings_of_a_refusal_are_those_of_the_snapshot_that_it_was_decided_on() -> None:
    full = appointment(HALF_PAST, f"{MON}T17:00Z", "rest")
    store = ScriptedStore(schedule(MON, AT_NINE, full))
    all_tuesday = schedule(TUE, appointment(f"{TUE}T09:00Z", f"{TUE}T17:00Z", "tue"))
    store.on_load.extend([prompt, prompt, after(lambda: store.put(all_tuesday))])
    outcome = await instance(store).run(command(NINE))
    times = [(f"{TUE}T09:00Z", f"{TUE}T09:30Z"), (f"{TUE}T09:30Z", TUE_TEN)]
    times += [(TUE_TEN, f"{TUE}T10:30Z")]
    assert isinstance(outcome, SlotTaken)
    assert outcome.openings == tuple(Opening(doctor(), span(*time)) for time in times)
    assert store.ids() == ["other", "rest", "tue"]


@simulated
async def test_days_that_do_not_agree_are_looked_at_again_until_they_do() -> None:
    store = ScriptedStore()
    store.put_elsewhere(HERE, Pointer(key(TUE)))
    store.on_load.extend([prompt] * 4)
    store.on_load.append(after(lambda: store.put(schedule(TUE, standing(TUE)))))
    assert granted(await instance(store).run(cancel(MON, ID))) == ID
    assert store.ids() == []
    assert now() > 0


@pytest.mark.parametrize("asked", [cancel(MON, ID), command(NINE, "b", idempotency_key="k")])
@simulated
async def test_days_that_never_agree_get_no_answer(asked: Command) -> None:
    store = ScriptedStore()
    store.put_elsewhere(HERE, Pointer(key(TUE)))
    if record := asked.record():
        store.put_record(replace(record, appointment_id=ID))
    with pytest.raises(StoreUnavailable, match="within 10 s"):
        await instance(store).run(asked)
    assert store.loads < 400


# Idempotency keys


@simulated
async def test_what_is_granted_leaves_a_record_for_48_hours() -> None:
    store = ScriptedStore()
    asked = command(NINE, idempotency_key="k", now="2026-11-20T12:00Z")
    await instance(store).run(replace(asked, request_id="r"))
    (stored,) = store.records.values()
    assert stored.value == IdempotencyRecord(
        key=HASH_OF_K,
        fingerprint="16b4bcc54ca5305dad25ce0e666cfb6a24def94f3db57b865978a029dca5d1fb",
        appointment_id="a",
        expires_at=at("2026-11-22T12:00Z"),
        request_id="r",
    )


@simulated
async def test_neither_a_refusal_nor_a_request_without_a_key_leaves_a_record() -> None:
    store = ScriptedStore(TAKEN_AT_NINE)
    await instance(store).run(command(NINE, idempotency_key="k"))
    assert granted(await instance(store).run(command(TEN))) == "a"
    assert store.records == {}


def test_requests_are_the_same_if_and_only_if_all_their_parts_are() -> None:
    parts: list[str | None] = ["a", None, "b"]
    assert Idempotency.of("k", parts, ANYBODY) == Idempotency.of("k", list(parts), ANYBODY)
    others: list[list[str | None]] = [["a", "b"], ["a", "", "b"], ["ab", None], ["b", None, "a"]]
    for other in others:
        assert (
            Idempotency.of("k", other, ANYBODY).fingerprint
            != Idempotency.of("k", parts, ANYBODY).fingerprint
        )


@pytest.mark.parametrize(
    ("now", "ids"),
    [
        pytest.param("2026-11-12T11:59Z", ["a"], id="a minute before"),
        pytest.param("2026-11-12T12:00Z", ["a", "b"], id="at that instant"),
    ],
)
@simulated
async def test_a_key_is_free_again_when_its_record_expires(now: str, ids: list[str]) -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(command(NINE, "a", idempotency_key="k", now="2026-11-10T12:00Z"))
    await coordinator.run(command(TEN, "b", idempotency_key="k", now=now))
    assert store.ids() == ids
    (record,) = store.records.values()
    assert record.value.appointment_id == ids[-1]


@simulated
async def test_a_replay_is_granted_after_the_start_is_past() -> None:
    coordinator = instance(ScriptedStore())
    await coordinator.run(command(NINE, "a", idempotency_key="k", now="2026-11-23T08:59Z"))
    again = command(NINE, "b", idempotency_key="k", now="2026-11-23T09:01Z")
    assert isinstance(await coordinator.run(again), Replayed)
    assert isinstance(await coordinator.run(replace(again, idempotency=None)), InThePast)


@pytest.mark.parametrize("gone", ["strange.20261123.gone", "strange.20261125.gone", "gone"])
@simulated
async def test_a_record_whose_appointment_is_gone_is_a_failure_and_books_nothing(gone: str) -> None:
    store = ScriptedStore()
    asked = command(NINE, ID, idempotency_key="k")
    record = asked.record()
    assert record is not None
    store.put_record(replace(record, appointment_id=gone))
    with pytest.raises(StoreRefused, match=rf"^{gone} was acknowledged but is gone"):
        await instance(store).run(asked)
    assert store.ids() == []


# Preview


@simulated
async def test_a_preview_grants_and_writes_nothing() -> None:
    store = ScriptedStore()
    assert granted(await instance(store).preview(command(NINE, idempotency_key="k"))) == "a"
    assert (store.commits, store.days, store.records) == (0, {}, {})


@simulated
async def test_a_preview_reads_the_store_though_the_day_is_known_and_refuses_as_a_booking() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    await coordinator.run(command(NINE))
    store.put(schedule(MON, appointment(TEN, f"{MON}T10:30Z", "other")))
    outcome = await coordinator.preview(command(TEN, "b"))
    assert conflicts(outcome) == [("10:00", "10:30")]
    assert outcome == await coordinator.run(command(TEN, "b"))


@simulated
async def test_a_preview_knows_used_keys_and_who_used_them() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    asked = command(NINE, "a", idempotency_key="k")
    first = await coordinator.run(asked)
    assert isinstance(first, Accepted)
    assert await coordinator.preview(asked) == first
    again = command(NINE, "b", idempotency_key="k")
    assert await coordinator.preview(again) == Replayed(first.appointment)
    assert await coordinator.preview(command(TEN, "b", idempotency_key="k")) == KeyReused()
    assert store.commits == 1


@simulated
async def test_a_preview_that_is_not_answered_is_unavailable_at_the_deadline() -> None:
    store = ScriptedStore()
    store.on_load.append(hangs)
    with pytest.raises(StoreUnavailable, match="no certain answer within 10 s"):
        await instance(store).preview(command(NINE))
    assert now() == 10


@simulated
async def test_previews_can_be_decided_together() -> None:
    coordinator = instance(ScriptedStore())
    outcomes = await asyncio.gather(*(coordinator.preview(command(NINE, name)) for name in "abc"))
    assert [granted(outcome) for outcome in outcomes] == ["a", "b", "c"]
