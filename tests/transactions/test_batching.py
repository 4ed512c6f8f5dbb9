"""Who is decided together, and who waits: order, exclusion, and an end for everybody."""

import asyncio
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.caller import ANYBODY
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.rules.outcomes import Accepted
from shared.rules.refusals import KeyReused
from shared.store.usage import StoreUsage, charged_to, count_reads
from shared.transactions import batching as batches
from shared.transactions.command import Command
from tests.builders import appointment, at, key
from tests.commands import command as booking_command
from tests.examples import examples
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
        decide=lambda documents: (documents, KeyReused()),
        now=at("2026-01-01T00:00Z"),
        subject=name,
        births=frozenset({ElsewhereKey("strange", name)}),
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

    def arrive(self, *days: DayKey, patients: Iterable[PatientKey] = ()) -> None:
        name = "abcdefgh"[len(self.arrived) % 8]
        self.arrived.append(waiter(*days, name=name, patients=patients))
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
        pytest.param("m m mt m -", "a bd", id="who-needs-one-day-goes-with-the-next-batch-of-it"),
        pytest.param("m m mt m - -", "a bd c", id="and-overtakes-who-needs-two-and-comes-next"),
        pytest.param("w tw mtw m t w - -", "a bef cd", id="one-day-waits-for-one-batch-of-many"),
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
    assert batches_of(story) == expected


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param("mP tP", "a", id="a-patient-is-held"),
        pytest.param("mP tQ", "a b", id="another-patient-is-not"),
        pytest.param("mP tP t", "a c", id="whoever-waits-for-a-patient-blocks-nobody"),
        pytest.param("mP tP -", "a b", id="until-the-patient-is-released"),
        pytest.param("mP tP t t -0 -0", "a c bd", id="and-goes-to-the-front"),
        pytest.param("mP tP t -1 -", "a c b", id="however-long-that-takes"),
        pytest.param("m mP mP mQ m -", "a bcde", id="all-patients-of-one-day-go-together"),
        pytest.param("m tP mP mP m -", "a b e", id="but-those-who-are-held-elsewhere"),
        pytest.param("mP t tP t tP t -1 - - -", "a b df c e", id="who-parks-first-goes-first"),
        pytest.param("mP tP t -0 wP", "a c", id="a-patient-is-promised-to-who-parked-first"),
        pytest.param("mP tP t -0 wP - -", "a c b d", id="and-then-to-the-next"),
        pytest.param("wP mtP t m", "a c d", id="both-its-days-go-on-without-it"),
        pytest.param("wP mtP t m - - -", "a c d b", id="and-it-takes-both-back"),
        pytest.param("wP m mtP t -1", "a b d", id="who-parks-lets-others-start-on-its-other-day"),
    ],
)
def test_a_command_whose_patient_is_held_waits_aside(story: str, expected: str) -> None:
    assert batches_of(story) == expected


def batches_of(story: str) -> str:
    """The batches that are taken as commands arrive and batches end.

    `mtP` needs two days and a patient; `-1` ends the second of the batches that run.
    """
    told, days = Story(), {"m": MON, "t": TUE, "w": WED}
    for chapter in story.split():
        if chapter.startswith("-"):
            told.end(int(chapter[1:] or 0))
        else:
            needed = [days[letter] for letter in chapter if letter in days]
            told.arrive(*needed, patients=[PatientKey(p) for p in chapter if p.isupper()])
    batches = ["".join(w.command.subject for w in batch.waiters) for batch in told.batches]
    return " ".join(batches)


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


@examples(100)
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
        for needs_others in (False, True):
            # Who needs this day only may overtake who needs others too; else all go in order.
            alike = [w for w in told.arrived if _is_alike(w, day, needs_others=needs_others)]
            assert [w for w in told.taken() if w in alike] == alike


def _is_alike(waiter: Waiter, day: DayKey, *, needs_others: bool) -> bool:
    days = waiter.command.days
    return day in days and (len(days) > 1) == needs_others


SOME = st.tuples(
    st.sets(st.sampled_from([MON, TUE, WED]), min_size=1),
    st.sampled_from([(), (), (PatientKey("P"),), (PatientKey("Q"),)]),
)


@examples(250)
@given(st.lists(SOME | st.integers(0, 2), max_size=40))
def test_nobody_is_forgotten_and_nobody_waits_for_what_is_free(
    story: list[tuple[set[DayKey], tuple[PatientKey, ...]] | int],
) -> None:
    told = Story()
    for chapter in story:
        if not isinstance(chapter, int):
            told.arrive(*chapter[0], patients=chapter[1])
        elif told.held:
            told.end(chapter)
        waiting = [w for w in told.arrived if w not in told.taken()]
        # Who came first of all who wait is never kept from free days by a free patient.
        held = {key for batch in told.held for key in (*batch.days, *batch.patients)}
        assert told.held or not waiting
        assert all(held & {*w.command.days, *w.command.patients} for w in waiting[:1])
    for _ in told.arrived:
        if told.held:
            told.end()
    assert sorted(told.taken(), key=id) == sorted(told.arrived, key=id)


async def test_a_request_with_several_commands_in_a_batch_is_charged_once() -> None:
    async def serve(batch: batches.Batch[str]) -> None:
        count_reads(1)
        for waiter in batch.waiting():
            waiter.tell("served")

    usage, batcher = StoreUsage(), batches.Batcher(serve)
    with charged_to([usage]):
        starts = (f"2026-11-23T{hour}:00Z" for hour in (10, 11, 12))
        await asyncio.gather(
            *(batcher.enter(booking_command(start, start), 10) for start in starts)
        )
    assert usage.reads == 2  # The first command goes alone, the others together.
