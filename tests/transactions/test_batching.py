"""Who is decided together, and who waits: order, exclusion, and an end for everybody."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.access.caller import ANYBODY
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.rules.outcomes import Accepted, InThePast
from shared.transactions import batching as batches
from shared.transactions.command import Command
from tests.builders import appointment, at, key
from tests.simulated_loop import SimulatedLoop

MON, TUE, WED = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
Waiter = batches.Waiter[Accepted | None]
Batch = batches.Batch[Accepted | None]
Queues = batches.Queues[Accepted | None]
GRANTED = Accepted(appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z"))
LOOP = SimulatedLoop()
LOOP.close()


def waiter(*days: DayKey, name: str = "a", patients: Iterable[PatientKey] = ()) -> Waiter:
    command = Command(
        days=frozenset(days),
        decide=lambda documents: (documents, InThePast()),
        now=at("2026-01-01T00:00Z"),
        birth=ElsewhereKey("strange", name),
        caller=ANYBODY,
        patients=frozenset(patients),
    )
    return Waiter(command, 10, LOOP.create_future())


class Story:
    """Takes batches only when somebody arrives or a batch ends, on the days concerned."""

    def __init__(self) -> None:
        self.queues = Queues()
        self.arrived: list[Waiter] = []
        self.batches: list[Batch] = []
        self.held: list[Batch] = []

    def arrive(self, *days: DayKey) -> None:
        self.arrived.append(waiter(*days, name="abcdefgh"[len(self.arrived) % 8]))
        self.queues.add(self.arrived[-1])
        self._take(frozenset(days))

    def end(self, index: int = 0) -> None:
        batch = self.held.pop(index % len(self.held))
        self._take(self.queues.release(batch))

    def taken(self) -> list[Waiter]:
        return [waiter for batch in self.batches for waiter in batch.waiters]

    def _take(self, days: Iterable[DayKey]) -> None:
        for batch in self.queues.take(days):
            assert not any(batch.days & other.days for other in self.held)
            assert not any(batch.patients & other.patients for other in self.held)
            assert all(w.command.days <= batch.days for w in batch.waiters)
            self.held.append(batch)
            self.batches.append(batch)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param("m m m", "a", id="a-day-is-held"),
        pytest.param("m m m -", "a bc", id="who-waits-for-one-day-goes-together-in-order"),
        pytest.param("m t", "a b", id="a-held-day-does-not-hold-up-another"),
        pytest.param("mt m t", "a", id="whoever-needs-two-days-holds-both"),
        pytest.param("mt m t -", "a b c", id="two-days-are-free-for-two-at-once"),
        pytest.param("m mt m t mt -", "a bcde", id="who-needs-two-days-takes-along-those-behind"),
        pytest.param("m m mt m -", "a b", id="a-batch-ends-before-who-needs-another-day-too"),
        pytest.param("m m mt m - -", "a b cd", id="who-comes-next"),
        pytest.param("t mt m", "a", id="who-waits-for-a-second-day-holds-up-the-first"),
        pytest.param("t mt m -", "a bc", id="but-only-so-long"),
        pytest.param("m mt t", "a", id="first-for-one-day-but-not-for-the-other"),
        pytest.param("w tw mt", "a", id="nor-is-it-overtaken-on-days-that-are-free"),
        pytest.param("w tw mt - -", "a b c", id="but-followed"),
        pytest.param("w mt tm - -", "a b c", id="crossing-needs-lock-nobody-out"),
    ],
)
def test_a_batch_is_those_whose_turn_it_is_on_days_that_nobody_holds(
    story: str, expected: str
) -> None:
    told, days = Story(), {"m": MON, "t": TUE, "w": WED}
    for chapter in story.split():
        if chapter == "-":
            told.end()
        else:
            told.arrive(*(days[letter] for letter in chapter))
    batches = [
        "".join(w.command.birth.appointment_id for w in batch.waiters) for batch in told.batches
    ]
    assert " ".join(batches) == expected


@pytest.mark.parametrize(
    "too_late",
    [lambda w: w.tell(None), lambda w: w.fail(ValueError()), lambda w: w.fail(None)],
    ids=["another answer", "failed", "work cancelled"],
)
def test_the_first_answer_stands(too_late: Callable[[Waiter], None]) -> None:
    answered = waiter(MON)
    answered.tell(GRANTED)
    too_late(answered)
    assert answered.answer.result() is GRANTED


def test_two_hundred_are_taken_together_and_the_others_next() -> None:
    told = Story()
    for _ in range(202):
        told.arrive(MON)
    told.end()
    told.end()
    assert [len(batch.waiters) for batch in told.batches] == [1, 200, 1]
    assert told.taken() == told.arrived


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sets(st.sampled_from([MON, TUE, WED]), min_size=1) | st.integers(0, 2)))
def test_everybody_is_taken_once_in_order_and_no_day_is_held_twice(
    story: list[set[DayKey] | int],
) -> None:
    told = Story()
    for chapter in story:
        if isinstance(chapter, set):
            told.arrive(*chapter)
        elif told.held:
            told.end(chapter)
    for _ in told.arrived:
        if told.held:
            told.end()
    assert sorted(told.taken(), key=id) == sorted(told.arrived, key=id)
    for day in (MON, TUE, WED):
        arrived = [w for w in told.arrived if day in w.command.days]
        assert [w for w in told.taken() if day in w.command.days] == arrived
