"""Who is decided together, and who waits: order, exclusion, and an end for everybody."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.day import DayKey
from shared.rules.outcomes import Accepted, InThePast
from shared.transactions import batching as batches
from shared.transactions.command import Command
from tests.builders import appointment, at, key
from tests.simulated_loop import SimulatedLoop

MON, TUE, WED = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
Answer = Accepted | None
Waiter = batches.Waiter[Answer]
Batch = batches.Batch[Answer]
Queues = batches.Queues[Answer]
GRANTED = Accepted(appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z"))
LOOP = SimulatedLoop()
LOOP.close()


def waiter(*days: DayKey, name: str = "a") -> Waiter:
    command = Command(
        days=frozenset(days),
        decide=lambda days: (days, InThePast()),
        now=at("2026-01-01T00:00Z"),
        appointment_id=name,
    )
    return Waiter(command, 10, LOOP.create_future())


def queues(*waiters: Waiter) -> Queues:
    result = Queues()
    for each in waiters:
        result.add(each)
    return result


def taken(queues: Queues, day: DayKey) -> list[Waiter]:
    batch = queues.take(day)
    return batch.waiters if batch else []


def test_those_who_wait_for_one_day_are_taken_together_in_order_of_arrival() -> None:
    first, second, third = waiter(MON), waiter(MON), waiter(MON)
    assert taken(queues(first, second, third), MON) == [first, second, third]


def test_so_many_are_taken_together_and_the_others_next() -> None:
    everybody = [waiter(MON) for _ in range(201)]
    waiting = queues(*everybody)
    assert taken(waiting, MON) == everybody[:200]
    waiting.release(frozenset({MON}))
    assert taken(waiting, MON) == everybody[200:]


def test_a_day_that_nobody_waits_for_is_not_taken() -> None:
    waiting = queues(waiter(MON))
    assert waiting.take(TUE) is None


def test_a_day_is_held_until_it_is_released() -> None:
    first, second = waiter(MON), waiter(MON)
    waiting = queues(first)
    waiting.take(MON)
    waiting.add(second)
    assert waiting.take(MON) is None
    waiting.release(frozenset({MON}))
    assert taken(waiting, MON) == [second]


def test_a_held_day_does_not_hold_up_another() -> None:
    other = waiter(TUE)
    waiting = queues(waiter(MON), other)
    waiting.take(MON)
    assert taken(waiting, TUE) == [other]


def test_whoever_needs_two_days_holds_both() -> None:
    waiting = queues(waiter(MON, TUE))
    batch = waiting.take(TUE)
    waiting.add(waiter(MON))
    assert batch
    assert batch.days == {MON, TUE}
    assert waiting.take(MON) is None


def test_whoever_needs_two_days_takes_along_those_behind_who_need_one_of_them() -> None:
    both, monday, tuesday, again = waiter(MON, TUE), waiter(MON), waiter(TUE), waiter(MON, TUE)
    assert taken(queues(both, monday, tuesday, again), MON) == [both, monday, tuesday, again]


def test_a_batch_ends_before_the_first_who_needs_another_day_too() -> None:
    first, wider, last = waiter(MON), waiter(MON, TUE), waiter(MON)
    waiting = queues(first, wider, last)
    assert taken(waiting, MON) == [first]
    waiting.release(frozenset({MON}))
    assert taken(waiting, MON) == [wider, last]


def test_whoever_waits_for_a_second_day_holds_up_later_ones_of_the_first_only_so_long() -> None:
    tuesday, both, monday = waiter(TUE), waiter(MON, TUE), waiter(MON)
    waiting = queues(tuesday)
    waiting.take(TUE)
    waiting.add(both)
    waiting.add(monday)
    assert waiting.take(MON) is None
    waiting.release(frozenset({TUE}))
    assert taken(waiting, TUE) == [both, monday]


def test_whoever_is_first_for_one_day_waits_for_those_before_on_the_other() -> None:
    monday, both = waiter(MON), waiter(MON, TUE)
    waiting = queues(monday, both)
    assert waiting.take(TUE) is None


def test_crossing_needs_do_not_lock_each_other_out() -> None:
    there, back = waiter(MON, TUE), waiter(TUE, MON)
    assert taken(queues(there, back), TUE) == [there, back]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda w: w.tell(GRANTED), id="answered"),
        pytest.param(lambda w: w.tell(None), id="not granted"),
        pytest.param(lambda w: w.fail(ValueError()), id="failed"),
        pytest.param(lambda w: w.fail(None), id="work cancelled"),
        pytest.param(lambda w: w.answer.cancel(), id="gone away"),
    ],
)
def test_only_those_without_an_answer_are_still_waiting(end: Callable[[Waiter], None]) -> None:
    ended, other = waiter(MON), waiter(MON)
    end(ended)
    assert Batch(frozenset({MON}), [ended, other]).waiting() == [other]


@pytest.mark.parametrize(
    "too_late",
    [
        pytest.param(lambda w: w.tell(None), id="another answer"),
        pytest.param(lambda w: w.fail(ValueError()), id="failed"),
        pytest.param(lambda w: w.fail(None), id="work cancelled"),
    ],
)
def test_the_first_answer_stands(too_late: Callable[[Waiter], None]) -> None:
    answered = waiter(MON)
    answered.tell(GRANTED)
    too_late(answered)
    assert answered.answer.result() is GRANTED


DAYS = st.sets(st.sampled_from([MON, TUE, WED]), min_size=1)
ARRIVES: st.SearchStrategy[frozenset[DayKey]] = st.builds(frozenset, DAYS)
ENDS = st.integers(0, 2)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(ARRIVES | ENDS, max_size=30))
def test_everybody_is_taken_once_in_order_and_no_day_is_held_twice(
    story: list[frozenset[DayKey] | int],
) -> None:
    dependencies = _Clinic()
    for chapter in story:
        if isinstance(chapter, frozenset):
            dependencies.arrive(chapter)
        elif dependencies.held:
            dependencies.end(chapter)
    while dependencies.held:
        dependencies.end(0)
    assert sorted(dependencies.taken, key=id) == sorted(dependencies.arrived, key=id)
    for day in (MON, TUE, WED):
        arrived = [w for w in dependencies.arrived if day in w.command.days]
        assert [w for w in dependencies.taken if day in w.command.days] == arrived


class _Clinic:
    """Takes batches only when somebody arrives or a batch ends, on the days concerned."""

    def __init__(self) -> None:
        self.queues = Queues()
        self.arrived: list[Waiter] = []
        self.taken: list[Waiter] = []
        self.held: list[Batch] = []

    def arrive(self, days: frozenset[DayKey]) -> None:
        self.arrived.append(waiter(*days))
        self.queues.add(self.arrived[-1])
        self._take(days)

    def end(self, index: int) -> None:
        batch = self.held.pop(index % len(self.held))
        self.queues.release(batch.days)
        self._take(batch.days)

    def _take(self, days: frozenset[DayKey]) -> None:
        for day in sorted(days):
            if batch := self.queues.take(day):
                assert not any(batch.days & other.days for other in self.held)
                assert all(w.command.days <= batch.days for w in batch.waiters)
                self.held.append(batch)
                self.taken += batch.waiters
