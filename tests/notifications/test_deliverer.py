"""Deliveries in simulated time: in order, at least once, by whoever, whatever the receivers do."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from shared.model.appointment import Mark
from shared.model.event import Event
from shared.model.outbox import Delivery, OutboxRecord
from shared.notifications.queue import resent
from shared.notifications.sending import DOWN_AFTER, SENDS_AT_ONCE, Report
from shared.notifications.sink import Message
from shared.store.port import (
    OutboxWrite,
    StoredRecord,
    StoreRefused,
    StoreUnavailable,
    Versions,
    Writes,
)
from tests.builders import at, schedule
from tests.examples import seeds
from tests.notifications.simulated_sinks import (
    BEGIN,
    Clinic,
    Down,
    Receiver,
    Slow,
    Told,
    booked,
    deliverer,
    leave,
    present,
    record,
    versions,
)
from tests.simulated_loop import now, simulated
from tests.simulated_store import SimulatedStore

RUN = 40.0


@simulated
async def test_what_waits_is_sent_in_order_and_then_gone() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record("b"), record("a", 2), record("a", 1), record("a", 3))
    report = await deliverer(Clinic(store), sink).run(RUN)
    assert versions(sink.arrived, "a") == [1, 2, 3]
    assert sorted(sink.arrived) == [
        ("a", 1, "booked"),
        ("a", 2, "updated"),
        ("a", 3, "updated"),
        ("b", 1, "booked"),
    ]
    assert store.outbox == {}
    assert report == Report(delivered=4)


@simulated
async def test_what_stood_behind_a_reminder_that_is_out_of_date_is_sent_at_once() -> None:
    store, sink = SimulatedStore(), Receiver()
    later = BEGIN + timedelta(minutes=30)
    failing = Delivery("waiting", 4, BEGIN, later, "answered 503")
    reminder = OutboxRecord(Event("reminder", "a", 1, BEGIN, None), later)
    leave(store, replace(reminder, deliveries={"hook": failing}), record("a", 2))
    await deliverer(Clinic(store), sink).run(RUN)
    assert sink.arrived == [("a", 2, "updated")]
    assert store.outbox == {}


@simulated
async def test_nothing_is_done_where_nothing_waits() -> None:
    report = await deliverer(Clinic(SimulatedStore()), Receiver()).run(RUN)
    assert not report.tried


@simulated
async def test_what_a_sink_does_not_want_is_not_tried() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record("unwanted"))
    report = await deliverer(Clinic(store), sink).run(RUN)
    assert (sink.tried, store.outbox, report.tried) == ([], {}, 0)


@simulated
async def test_a_sink_that_fails_holds_up_neither_another_one_nor_other_appointments() -> None:
    store, down, up = SimulatedStore(), Down("down"), Receiver("up")
    leave(store, record("a", 1), record("a", 2), record("b", 1))
    report = await deliverer(Clinic(store), down, up).run(RUN)
    assert versions(up.arrived, "a") == [1, 2]
    assert versions(up.arrived, "b") == [1]
    assert sorted(told for _, told in down.tried) == [("a", 1, "booked"), ("b", 1, "booked")]
    assert (report.delivered, report.failed) == (3, 2)
    waiting = store.outbox["a~00000001~0"].value
    assert waiting.deliveries["up"].state == "delivered"
    failing = waiting.deliveries["down"]
    assert (failing.state, failing.tries, failing.reason) == ("waiting", 1, "answered 503")
    assert waiting.claimed_until is None
    assert waiting.due_at
    assert BEGIN + timedelta(seconds=4) <= waiting.due_at <= BEGIN + timedelta(seconds=6)
    assert store.outbox["a~00000002~0"].value.due_at is None


async def each_minute(store: SimulatedStore, *sinks: Receiver, minutes: int) -> None:
    """Run a deliverer as a scheduler does."""
    every = deliverer(Clinic(store), *sinks)
    for minute in range(1, minutes + 1):
        await every.run(RUN)
        await asyncio.sleep(max(0, minute * 60 - now()))


@simulated
async def test_an_hour_of_503_is_survived_with_growing_pauses_and_in_order() -> None:
    store, sink = SimulatedStore(), Down()
    sink.up_at = 2000
    leave(store, record("a", 1), record("a", 2))
    await each_minute(store, sink, minutes=59)
    assert sink.arrived == [("a", 1, "booked"), ("a", 2, "updated")]
    assert store.outbox == {}
    tried = [seconds for seconds, told in sink.tried if told[1] == 1]
    # After 5 s, 30 s, 5 min and 30 min, each a fifth longer at most, and then the next minute.
    assert len(tried) == 5
    assert [
        later - sooner >= least
        for (sooner, later), least in zip(
            itertools.pairwise(tried), (4, 24, 240, 1440), strict=True
        )
    ] == [True] * 4


@simulated
async def test_what_has_failed_for_three_days_is_set_aside_and_the_next_one_goes_out() -> None:
    store, sink = SimulatedStore(), Down()
    sink.up_at = 1
    begun = Delivery("waiting", 15, BEGIN - timedelta(days=3), BEGIN, "answered 503")
    first = replace(record("a", 1), deliveries={"hook": begun})
    leave(store, first, record("a", 2))
    every = deliverer(Clinic(store), sink)
    await every.run(RUN)
    assert store.outbox["a~00000001~0"].value.deliveries["hook"].state == "set_aside"
    await asyncio.sleep(10)
    await every.run(RUN)
    assert versions(sink.arrived, "a") == [2]
    left = store.outbox.pop("a~00000001~0").value
    assert (left.due_at, store.outbox) == (None, {})


@simulated
async def test_a_sink_that_fails_again_and_again_is_left_alone_until_the_next_run() -> None:
    store, down, up = SimulatedStore(), Down("down"), Receiver("up")
    leave(store, *(record(f"n{number:03}") for number in range(300)))
    report = await deliverer(Clinic(store), down, up).run(RUN)
    assert len(up.arrived) == 300
    assert DOWN_AFTER <= len(down.tried) <= DOWN_AFTER + SENDS_AT_ONCE
    assert report.delivered == 300


@simulated
async def test_no_sink_is_sent_more_at_once_than_it_may_be() -> None:
    store, sink = SimulatedStore(), Slow(1)
    leave(store, *(record(f"n{number}") for number in range(100)))
    await deliverer(Clinic(store), sink).run(RUN)
    assert (len(sink.arrived), sink.most_at_once) == (100, SENDS_AT_ONCE)


@simulated
async def test_a_receiver_that_never_answers_costs_ten_seconds_and_counts_as_failed() -> None:
    store, hangs = SimulatedStore(), Slow(1e6)
    leave(store, record())
    report = await deliverer(Clinic(store), hangs).run(RUN)
    assert (report.failed, now()) == (1, 10)
    failing = store.outbox["a~00000001~0"].value.deliveries["slow"]
    assert failing.reason == "no answer within 10 s"


@simulated
async def test_a_bug_of_one_sink_stops_no_other() -> None:
    class Wrong(Receiver):
        async def answer(self, told: Told) -> None:
            raise ZeroDivisionError(told)

    store, up = SimulatedStore(), Receiver("up")
    leave(store, record())
    report = await deliverer(Clinic(store), Wrong("wrong"), up).run(RUN)
    assert (report.delivered, report.failed) == (1, 1)
    assert store.outbox["a~00000001~0"].value.deliveries["wrong"].reason == "ZeroDivisionError"


@simulated
async def test_two_who_deliver_at_once_send_everything_once() -> None:
    store, sink = SimulatedStore(), Slow(0.5)
    leave(store, *(record(name, version) for name in "abcdefgh" for version in (1, 2)))
    several = [deliverer(Clinic(store), sink) for _ in range(3)]
    await asyncio.gather(*(each.run(RUN) for each in several))
    assert Counter(sink.arrived).most_common(1)[0][1] == 1
    assert len(sink.arrived) == 16
    assert [versions(sink.arrived, name) for name in "abcdefgh"] == [[1, 2]] * 8


@simulated
async def test_who_dies_loses_the_claim_in_a_minute() -> None:
    store, sink = SimulatedStore(), Slow(5)
    leave(store, record("a", 1), record("a", 2))
    dies = asyncio.create_task(deliverer(Clinic(store), sink).run(RUN))
    await asyncio.sleep(1)
    dies.cancel()
    other = deliverer(Clinic(store), sink)
    await other.run(RUN)
    assert len(sink.tried) == 1
    await asyncio.sleep(60)
    await other.run(RUN)
    assert sink.arrived == [("a", 1, "booked"), ("a", 2, "updated")]


@simulated
async def test_a_booking_that_nobody_has_tried_is_sent_without_looking_for_others() -> None:
    class Looking(Clinic):
        looked_for: tuple[str, ...] = ()

        async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
            self.looked_for = (*self.looked_for, *sorted(appointment_ids))
            return await super().waiting_events(appointment_ids)

    store, sink = SimulatedStore(), Receiver()
    tried = {"gone": Delivery("waiting", 1, BEGIN, BEGIN, "503")}
    leave(store, record("a"), record("b"), record("b", 2), record("c", 2))
    leave(store, replace(record("d"), deliveries=tried), replace(record("e"), claim="dead"))
    looking = Looking(store)
    await deliverer(looking, sink).run(RUN)
    assert looking.looked_for == ("b", "c", "d", "e")
    assert (len(sink.arrived), store.outbox) == (6, {})


@simulated
async def test_what_comes_while_its_appointment_is_claimed_goes_out_in_the_same_run() -> None:
    store, sink = SimulatedStore(), Slow(5)
    leave(store, record("a", 1))
    run = asyncio.create_task(deliverer(Clinic(store), sink).run(RUN))
    await asyncio.sleep(2)
    leave(store, record("a", 2))
    await deliverer(Clinic(store), sink).run(RUN)  # It finds them claimed.
    await run
    assert versions(sink.arrived, "a") == [1, 2]
    assert store.outbox == {}


@simulated
async def test_a_run_beside_another_one_of_the_instance_only_lets_that_look_again() -> None:
    store, sink = SimulatedStore(), Slow(5)
    every = deliverer(Clinic(store), sink)
    leave(store, record("a", 1))
    run = asyncio.create_task(every.run(RUN))
    await asyncio.sleep(2)
    leave(store, record("b", 1))
    assert await every.run(RUN) == Report()
    assert now() == 2
    assert (await run).delivered == 2
    assert store.outbox == {}
    leave(store, record("c", 1))
    assert (await every.run(RUN)).delivered == 1


class Distant(Clinic):
    """A store that tells after a second what was due."""

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        found = await super().due_events(until, limit, after)
        await asyncio.sleep(1)
        return found


@simulated
async def test_it_looks_again_though_it_found_nothing_itself() -> None:
    store, sink = SimulatedStore(), Receiver()
    every = deliverer(Distant(store), sink)
    run = asyncio.create_task(every.run(RUN))
    await asyncio.sleep(0.5)
    leave(store, record("b"))
    assert await every.run(RUN) == Report()
    await run
    assert versions(sink.arrived, "b") == [1]


@simulated
async def test_a_run_that_is_over_sends_nothing_new() -> None:
    store, sink = SimulatedStore(), Slow(6)
    leave(store, *(record("a", version) for version in range(1, 10)))
    await deliverer(Clinic(store), sink).run(10)
    assert (versions(sink.arrived, "a"), now()) == ([1, 2], 12)
    assert store.outbox["a~00000003~0"].value.claimed_until is None


@simulated
async def test_a_run_that_is_stopped_ends_once_all_is_sent_and_recorded() -> None:
    store, sink = SimulatedStore(), Slow(6)
    leave(store, record("a", 1), record("a", 2))
    every = deliverer(Clinic(store), sink)
    run = asyncio.create_task(every.run(RUN))
    await asyncio.sleep(2)
    every.stop()
    assert (await run).delivered == 1
    assert (versions(sink.arrived, "a"), now()) == ([1], 6)
    assert [*store.outbox] == ["a~00000002~0"]
    assert store.outbox["a~00000002~0"].value.claimed_until is None
    assert await every.run(RUN) == Report()


@simulated
async def test_what_waits_for_its_turn_is_not_sent_once_the_run_is_over() -> None:
    store, sink = SimulatedStore(), Slow(9)
    leave(store, *(record(f"n{number}") for number in range(2 * SENDS_AT_ONCE)))
    await deliverer(Clinic(store), sink).run(5)
    assert (len(sink.arrived), now()) == (SENDS_AT_ONCE, 9)
    assert all(left.value.claimed_until is None for left in store.outbox.values())


@simulated
async def test_a_run_that_is_over_looks_for_nothing_more() -> None:
    store, sink = SimulatedStore(), Slow(2)
    leave(store, *(record(f"n{number:03}") for number in range(300)))
    await deliverer(Clinic(store), sink).run(1)
    assert SENDS_AT_ONCE <= len(sink.arrived) < 200
    # What was not sent has no claim, and goes out at once in the next run.
    sink.answer = Receiver("").answer  # type: ignore[method-assign]
    await deliverer(Clinic(store), sink).run(RUN)
    assert (len(sink.arrived), store.outbox) == (300, {})


REMINDER = Event("reminder", "strange.20261123.a", 1, at("2026-11-20T09:00Z"), detail="004320")


def remind(store: SimulatedStore, version: int = 1, mark: Mark | None = None) -> None:
    """Leave a reminder of version 1 where the appointment has a version by now."""
    there = booked("strange.20261123.a", version)._replace(mark=mark)
    store.put(schedule("2026-11-23", there))
    leave(store, OutboxRecord(REMINDER, REMINDER.at))


@simulated
async def test_a_reminder_is_sent_when_it_is_due_and_tells_how_it_is_then() -> None:
    class Reading(Receiver):
        names: list[str]

        async def send(self, message: Message) -> None:
            await super().send(message)
            self.names = [message.appointment.patient.name]

    store, sink = SimulatedStore(), Reading()
    remind(store)
    every = deliverer(Clinic(store), sink)
    await asyncio.sleep(3599)
    await every.run(RUN)
    assert sink.tried == []
    await asyncio.sleep(1)
    await every.run(RUN)
    assert sink.arrived == [("strange.20261123.a", 1, "reminder")]
    assert (sink.names, store.outbox) == (["Ada Lovelace"], {})


@pytest.mark.parametrize(
    ("version", "mark"), [(2, None), (1, "arrived")], ids=["changed", "arrived"]
)
@simulated
async def test_a_reminder_of_what_has_changed_is_not_sent(version: int, mark: Mark | None) -> None:
    store, sink = SimulatedStore(), Receiver()
    remind(store, version, mark)
    await asyncio.sleep(3600)
    await deliverer(Clinic(store), sink).run(RUN)
    assert (sink.tried, store.outbox) == ([], {})


@simulated
async def test_a_reminder_of_what_is_nowhere_is_not_sent() -> None:
    store, sink = SimulatedStore(), Receiver()
    store.put(schedule("2026-11-23"))
    leave(store, OutboxRecord(REMINDER, REMINDER.at))
    store.elsewhere.clear()
    await asyncio.sleep(3600)
    await deliverer(Clinic(store), sink).run(RUN)
    assert (sink.tried, store.outbox) == ([], {})


@simulated
async def test_a_test_says_when_it_is_to_reminders() -> None:
    store, sink = SimulatedStore(), Receiver()
    remind(store)
    every = deliverer(Clinic(store), sink)
    await every.run(RUN, at("2026-11-20T08:59:59Z"))
    assert sink.tried == []
    await every.run(RUN, at("2026-11-20T09:00Z"))
    assert sink.arrived == [("strange.20261123.a", 1, "reminder")]


@simulated
async def test_an_appointment_of_a_doctor_who_is_not_known_is_tried_again() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record())
    by_nobody = record("b")
    assert by_nobody.event.appointment
    event = replace(
        by_nobody.event, appointment=by_nobody.event.appointment._replace(doctor_id="x")
    )
    leave(store, replace(by_nobody, event=event))
    report = await deliverer(Clinic(store), sink).run(RUN)
    assert sink.arrived == [("a", 1, "booked")]
    assert report.failed == 1
    reason = store.outbox["b~00000001~0"].value.deliveries["hook"].reason
    assert reason == "the doctor of the appointment is not known any more"


Unread: TypeAlias = Any


class Flaky(Clinic):
    """A store whose next commits go wrong."""

    def __init__(self, store: SimulatedStore, *errors: Exception | None) -> None:
        super().__init__(store)
        self.errors = list(errors)

    async def commit(self, writes: Writes) -> Versions:
        if self.errors and (error := self.errors.pop(0)):
            raise error
        return await super().commit(writes)


@simulated
async def test_what_cannot_be_claimed_is_not_sent() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record())
    await deliverer(Flaky(store, StoreUnavailable("no answer")), sink).run(RUN)
    assert sink.tried == []
    await deliverer(Clinic(store), sink).run(RUN)
    assert store.outbox == {}


@simulated
async def test_what_cannot_be_settled_is_sent_again_once_the_claim_has_ended() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record())
    await deliverer(Flaky(store, None, StoreUnavailable("no answer")), sink).run(RUN)
    await deliverer(Clinic(store), sink).run(RUN)
    assert len(sink.arrived) == 1
    await asyncio.sleep(60)
    await deliverer(Clinic(store), sink).run(RUN)
    assert (sink.arrived, store.outbox) == ([("a", 1, "booked")] * 2, {})


@simulated
async def test_what_the_store_refuses_is_said_after_all_else_is_done() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record("a"), record("b"))
    refuses = Flaky(store, StoreRefused("no permission"), StoreRefused("no permission"))
    with pytest.raises(StoreRefused, match="no permission"):
        await deliverer(refuses, sink).run(RUN)


class Failing(Clinic):
    """A store that finds the first page of what is due, and no other one."""

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        if after:
            raise StoreUnavailable("no answer")
        return await super().due_events(until, limit, after)


@simulated
async def test_what_is_being_sent_while_the_store_fails_is_recorded() -> None:
    store, sink = SimulatedStore(), Slow(1)
    leave(store, *(record(f"n{number:03}") for number in range(300)))
    with pytest.raises(StoreUnavailable, match="no answer"):
        await deliverer(Failing(store), sink).run(RUN)
    assert (len(sink.arrived), len(store.outbox)) == (200, 100)
    await deliverer(Clinic(store), sink).run(RUN)
    assert (len(sink.tried), store.outbox) == (300, {})


@simulated
async def test_a_bug_with_one_appointment_stops_no_other() -> None:
    class Wrong(Slow):
        def wants(self, message: Message) -> bool:
            if message.appointment.id == "wrong":
                raise ZeroDivisionError
            return True

    store, sink = SimulatedStore(), Wrong(1)
    leave(store, record("a"), record("wrong"))
    with pytest.raises(ZeroDivisionError):
        await deliverer(Clinic(store), sink).run(RUN)
    assert (sink.arrived, [*store.outbox]) == ([("a", 1, "booked")], ["wrong~00000001~0"])


@simulated
async def test_the_age_of_the_oldest_event_is_told() -> None:
    store, sink = SimulatedStore(), Receiver()
    leave(store, record("a"))
    await asyncio.sleep(90)
    leave(store, record("b"))
    assert (await deliverer(Clinic(store), sink).run(RUN)).oldest_seconds == 90


@simulated
async def test_closing_closes_every_sink() -> None:
    sinks = Receiver("a"), Receiver("b")
    every = deliverer(Clinic(SimulatedStore()), *sinks)
    await every.close()  # None is open yet.
    assert [*every.open()] == ["a", "b"]
    await every.close()
    assert [sink.open for sink in sinks] == [False, False]


def after(wait: timedelta) -> datetime:
    return present() + wait


class Late(Clinic):
    """A store that takes ten seconds before it writes."""

    async def commit(self, writes: Writes) -> Versions:
        await asyncio.sleep(10)
        return await super().commit(writes)


@simulated
async def test_no_event_is_told_to_wait_behind_one_that_has_just_been_delivered() -> None:
    store, sink = SimulatedStore(), Slow(3)
    next_at = BEGIN + timedelta(seconds=5)
    failed = {"slow": Delivery("waiting", 1, BEGIN, next_at, "503")}
    leave(store, replace(record("a", 2), deliveries=failed, due_at=next_at), record("a", 3))
    # One reads that the second version waits, and tells the third one to wait behind it.
    late = asyncio.create_task(deliverer(Late(store), sink).run(RUN))
    await asyncio.sleep(6)
    # Before that is written, another one delivers the second version, and has no more time.
    await deliverer(Clinic(store), sink).run(1)
    assert versions(sink.arrived, "a") == [2]
    await late
    await deliverer(Clinic(store), sink).run(RUN)
    assert (versions(sink.arrived, "a"), store.outbox) == ([2, 3], {})


class Far(Clinic):
    """A store whose answers take three seconds to arrive."""

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        found = await super().waiting_events(appointment_ids)
        await asyncio.sleep(3)
        return found


@simulated
async def test_nor_behind_one_that_is_delivered_by_somebody_who_does_not_know_of_it() -> None:
    store, sink = SimulatedStore(), Receiver("slow")
    next_at = BEGIN + timedelta(minutes=1)
    failed = {"slow": Delivery("waiting", 1, BEGIN, next_at, "503")}
    second = replace(record("a", 2), deliveries=failed, due_at=next_at)
    leave(store, second, replace(record("a", 3), due_at=None))
    # One whose clock is ahead has read of two events that wait.
    ahead = partial(after, timedelta(hours=1))
    delivering = asyncio.create_task(deliverer(Far(store), sink, clock=ahead).run(RUN))
    await asyncio.sleep(1)
    # A third one comes, and is told to wait behind the first, which stays as it is.
    leave(store, record("a", 4))
    await deliverer(Clinic(store), sink).run(1)
    await delivering
    await deliverer(Clinic(store), sink, clock=ahead).run(RUN)
    assert (versions(sink.arrived, "a"), store.outbox) == ([2, 3, 4], {})


@simulated
async def test_what_waits_behind_an_event_that_is_resent_goes_out_after_it() -> None:
    store, sink = SimulatedStore(), Receiver()
    aside = replace(record("a", 1), deliveries={"hook": Delivery("set_aside")}, due_at=None)
    leave(store, aside, replace(record("a", 2), due_at=None))
    again = OutboxWrite(resent(aside, present()), store.outbox[aside.id].version)
    store.write_unchanged(Writes(events=[again]))
    await deliverer(Clinic(store), sink).run(RUN)
    assert (versions(sink.arrived, "a"), store.outbox) == ([1, 2], {})


class Moody(Receiver):
    """Takes what it is sent after a while, or does not."""

    def __init__(self, name: str, random: Random) -> None:
        super().__init__(name)
        self._random = random

    async def answer(self, told: Told) -> None:
        await asyncio.sleep(self._random.choice([0, 0.1, 3, 30]))
        if self._random.random() < 0.3:
            raise ConnectionError(told)


class Stale(Clinic):
    """A store whose answers are sometimes late, so that others act on what they tell meanwhile."""

    def __init__(self, store: SimulatedStore, random: Random) -> None:
        super().__init__(store)
        self._random = random

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        found = await super().waiting_events(appointment_ids)
        await asyncio.sleep(self._random.choice([0, 0, 0.1, 5]))
        return found

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        found = await super().due_events(until, limit, after)
        await asyncio.sleep(self._random.choice([0, 0, 0.1, 5]))
        return found


async def killed_at_times(store: SimulatedStore, sinks: list[Receiver], random: Random) -> int:
    """Deliver for a while, and die at times; return how often that was."""
    deaths = 0
    while now() < 600:
        run = asyncio.create_task(deliverer(Stale(store, random), *sinks).run(RUN))
        _, running = await asyncio.wait([run], timeout=random.choice([1, 5, 60, 60]))
        for task in running:
            task.cancel()
            deaths += 1
        await asyncio.sleep(random.choice([0, 1, 20]))
    return deaths


@pytest.mark.parametrize("seed", seeds(40))
@simulated
async def test_whatever_happens_each_sink_sees_all_in_order(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same run again for each seed
    store = SimulatedStore()
    sinks: list[Receiver] = [Moody(name, random) for name in ("hook", "mail")]
    many = [killed_at_times(store, sinks, random) for _ in range(3)]
    running = asyncio.gather(*many)
    for version in range(1, 5):
        for name in "abc":
            leave(store, record(name, version))
            await asyncio.sleep(random.choice([0, 0.5, 20]))
    deaths = sum(await running)
    for sink in sinks:
        sink.answer = Receiver("").answer  # type: ignore[method-assign]
    for days in range(1, 4):
        later = partial(after, timedelta(days=days))
        await deliverer(Clinic(store), *sinks, clock=later).run(RUN)
    assert store.outbox == {}
    for sink in sinks:
        for name in "abc":
            first_seen = list(dict.fromkeys(versions(sink.arrived, name)))
            assert first_seen == [1, 2, 3, 4]
        again = len(sink.arrived) - 12
        assert again <= deaths * len("abc")
