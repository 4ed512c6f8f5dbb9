"""Holds in the one way to write: lost answers, keys used again, and two who want the same."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.hold import Hold, holder_of
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.holding import HoldRequest, Release, hold_time, release
from shared.rules.outcomes import Accepted, Held, Released
from shared.rules.refusals import KeyReused, SlotTaken, UnknownHold
from shared.transactions.command import Command
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import appointment, at, doctor, key, schedule
from tests.commands import command
from tests.scripted_store import ScriptedStore, Step, fails_after, fails_before, instance
from tests.simulated_loop import simulated

MON = "2026-11-23"
NINE, HALF_PAST = f"{MON}T09:00Z", f"{MON}T09:30Z"
NOW = at(f"{MON}T08:00Z")
ENDS = NOW + timedelta(minutes=5)
NAME = "strange.20261123.hold.{}"


def like(name: str) -> Appointment:
    """Half an hour from nine on Monday."""
    return appointment(NINE, HALF_PAST, name)


def hold_of(name: str) -> Hold:
    return Hold(name, "strange", like("").interval, ENDS, holder_of(name, None))


def to_hold(letter: str, idempotency_key: str | None = None, request: str = NINE) -> Command:
    """A request to hold that time."""
    name = NAME.format(letter)
    wish = HoldRequest(hold_of(name), Booking(doctor(), like(name), ANYBODY))
    identity = idempotency_key and Idempotency.of(idempotency_key, ["hold", request], ANYBODY)
    decide = partial(hold_time, request=wish, now=NOW)
    return Command(frozenset({key(MON)}), decide, NOW, name, ANYBODY, idempotency=identity or None)


def to_release(letter: str) -> Command:
    """A request to give that hold up."""
    name = NAME.format(letter)
    wish = Release(name, key(MON), doctor(), ANYBODY, NOW)
    decide = partial(release, request=wish, now=NOW)
    return Command(frozenset({key(MON)}), decide, NOW, name, ANYBODY)


def to_book(letter: str, name: str = "a", now: datetime = NOW) -> Command:
    """A request to book that time with a hold."""
    wish = Booking(doctor(), like(name), ANYBODY, hold_id=NAME.format(letter))
    return replace(command(NINE, name), decide=partial(book, booking=wish, now=now))


@pytest.mark.parametrize("step", [fails_before, fails_after])
@simulated
async def test_a_time_is_held_once_however_its_answer_is_lost(step: Step) -> None:
    store = ScriptedStore()
    store.on_commit.append(step)
    outcome = await instance(store).run(to_hold("a"))
    assert outcome == Held(hold_of(NAME.format("a")))
    assert store.days[key(MON)].value.holds == (hold_of(NAME.format("a")),)


@simulated
async def test_two_who_hold_the_same_time_at_once_are_told_who_was_first() -> None:
    store = ScriptedStore()
    coordinator = instance(store)
    first, second = await asyncio.gather(*map(coordinator.run, map(to_hold, "ab")))
    assert first == Held(hold_of(NAME.format("a")))
    assert isinstance(second, SlotTaken)
    assert second.retry_after == 300


@simulated
async def test_a_hold_that_is_booked_twice_at_once_is_booked_once() -> None:
    store = ScriptedStore(schedule(MON).with_hold(hold_of(NAME.format("a"))))
    both = [instance(store, seed).run(to_book("a", name)) for seed, name in enumerate("xy")]
    outcomes = await asyncio.gather(*both)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "UnknownHold"]
    assert len(store.ids()) == 1
    assert not store.days[key(MON)].value.holds


@pytest.mark.parametrize("step", [fails_before, fails_after])
@simulated
async def test_it_is_used_up_and_released_once_however_the_answer_is_lost(step: Step) -> None:
    for wish, expected in ((to_book("a"), Accepted), (to_release("a"), Released | UnknownHold)):
        store = ScriptedStore(schedule(MON).with_hold(hold_of(NAME.format("a"))))
        store.on_commit.append(step)
        assert isinstance(await instance(store).run(wish), expected)
        assert not store.days[key(MON)].value.holds


@pytest.mark.parametrize("then", [to_book("a"), to_release("a")], ids=["booked", "released"])
@simulated
async def test_the_same_request_again_gets_the_same_hold_whatever_became_of_it(
    then: Command,
) -> None:
    coordinator = instance(ScriptedStore())
    first = await coordinator.run(to_hold("a", "k"))
    await coordinator.run(then)
    assert isinstance(first, Held)
    assert await coordinator.run(to_hold("b", "k")) == replace(first, replayed=True)
    assert await coordinator.run(to_hold("b", "k", "ten")) == KeyReused()


@simulated
async def test_an_own_attempt_whose_answer_was_lost_is_no_replay() -> None:
    store = ScriptedStore()
    store.on_commit.append(fails_after)
    assert await instance(store).run(to_hold("a", "k")) == Held(hold_of(NAME.format("a")))


@pytest.mark.parametrize(
    ("first_now", "first", "second"),
    [
        pytest.param(ENDS - timedelta.resolution, Accepted, SlotTaken, id="in-time"),
        pytest.param(ENDS, UnknownHold, Accepted, id="too-late"),
    ],
)
@simulated
async def test_each_request_has_a_clock_of_its_own_when_a_hold_ends_between_them(
    first_now: datetime, first: type, second: type
) -> None:
    store = ScriptedStore(schedule(MON).with_hold(hold_of(NAME.format("a"))))
    coordinator = instance(store)
    outcomes = await asyncio.gather(
        coordinator.run(to_book("a", "x", first_now)),
        coordinator.run(command(NINE, "y", now=str(ENDS))),
    )
    assert [type(outcome) for outcome in outcomes] == [first, second]
