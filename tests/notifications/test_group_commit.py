"""Commits of many that share a call: each gets its own answer."""

import asyncio

import pytest

from shared.notifications.group_commit import MOST_TOGETHER, GroupCommit
from shared.store.port import OutboxWrite, StoreUnavailable, VersionConflict, Versions, Writes
from tests.notifications.simulated_sinks import Clinic, leave, record
from tests.simulated_loop import simulated
from tests.simulated_store import SimulatedStore


class Counting(Clinic):
    """A store that notes how many records each commit changes, and goes wrong if told to."""

    def __init__(self, store: SimulatedStore) -> None:
        super().__init__(store)
        self.commits: list[int] = []
        self.bug: Exception | None = None

    async def commit(self, writes: Writes) -> Versions:
        self.commits.append(len(writes.events))
        await asyncio.sleep(1)
        if self.bug:
            raise self.bug
        return await super().commit(writes)


def create(name: str) -> list[OutboxWrite]:
    return [OutboxWrite(record(name))]


@simulated
async def test_what_arrives_during_a_commit_shares_the_next_one() -> None:
    store = Counting(SimulatedStore())
    group = GroupCommit(store)
    await asyncio.gather(*(group.commit(create(name)) for name in "abcd"))
    assert sorted(store.commits) == [1, 3] or store.commits == [4]
    assert len(store.store.outbox) == 4


@simulated
async def test_one_whose_record_has_changed_does_not_harm_the_others() -> None:
    store = Counting(SimulatedStore())
    leave(store.store, record("b"))
    group = GroupCommit(store)
    answers = await asyncio.gather(
        *(group.commit(create(name)) for name in "abc"), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [dict, VersionConflict, dict]
    assert sorted(store.store.outbox) == ["a~00000001~0", "b~00000001~0", "c~00000001~0"]


@simulated
async def test_a_bug_reaches_everybody_who_waits() -> None:
    store = Counting(SimulatedStore())
    store.bug = ZeroDivisionError()
    group = GroupCommit(store)
    answers = await asyncio.gather(
        *(group.commit(create(name)) for name in "abc"), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {ZeroDivisionError}


@pytest.mark.parametrize("bug", [None, VersionConflict()], ids=["written", "conflict"])
@simulated
async def test_who_goes_away_while_waiting_is_left_out_and_harms_nobody(
    bug: Exception | None,
) -> None:
    store = Counting(SimulatedStore())
    group = GroupCommit(store)
    first, going, last = (asyncio.create_task(group.commit(create(name))) for name in "abc")
    await asyncio.sleep(0.5)
    going.cancel()
    store.bug = bug
    answers = await asyncio.gather(first, last, return_exceptions=True)
    assert {type(answer) for answer in answers} == {VersionConflict if bug else dict}
    assert going.cancelled()
    assert "b~00000001~0" not in store.store.outbox


@pytest.mark.parametrize("bug", [None, VersionConflict()], ids=["together", "one-by-one"])
@simulated
async def test_who_goes_away_in_the_middle_of_a_commit_lets_the_others_try_again(
    bug: Exception | None,
) -> None:
    store = Counting(SimulatedStore())
    group = GroupCommit(store)
    await group.commit(create("before"))
    store.bug = bug
    several = [asyncio.create_task(group.commit(create(name))) for name in "abc"]
    await asyncio.sleep(0)
    # The first one commits alone; of those that come together then, the next one has the turn.
    await asyncio.sleep(1.5 if bug is None else 4.5)
    several[1].cancel()
    answers = await asyncio.gather(*several, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert type(answers[2]) in {StoreUnavailable, VersionConflict}
    store.bug = None
    assert await group.commit(create("after"))


@pytest.mark.parametrize("bug", [None, VersionConflict()], ids=["together", "one-by-one"])
@simulated
async def test_who_does_not_wait_for_the_answer_harms_nobody(bug: Exception | None) -> None:
    store = Counting(SimulatedStore())
    store.bug = bug
    group = GroupCommit(store)
    several = [asyncio.create_task(group.commit(create(name))) for name in "abc"]
    await asyncio.sleep(1.5 if bug is None else 4.5)
    several[2].cancel()
    answers = await asyncio.gather(*several, return_exceptions=True)
    expected = dict if bug is None else VersionConflict
    assert [type(answer) for answer in answers] == [expected, expected, asyncio.CancelledError]


@simulated
async def test_so_many_records_are_committed_together_and_no_more() -> None:
    store = Counting(SimulatedStore())
    group = GroupCommit(store)
    names = [f"n{number}" for number in range(MOST_TOGETHER + 2)]
    await asyncio.gather(*(group.commit(create(name)) for name in names))
    assert max(store.commits) == MOST_TOGETHER
    assert sum(store.commits) == MOST_TOGETHER + 2
