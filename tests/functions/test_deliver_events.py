"""deliver_events, and which functions make something happen that others are told of."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest
from msgspec.structs import replace

from shared.model.event import EventType
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.notifications.sink import DeliveryFailed, Message
from shared.rules.events import Telling
from shared.transactions.coordinator import Coordinator
from shared.transactions.overrides import OverrideTransactions
from tests.builders import at
from tests.functions.api import MONDAY_AT_NINE, ON_BOTH_STORES, SETTINGS, Api, Json, problem
from tests.functions.callers import ADA, CLERK, STEPHEN

pytestmark = ON_BOTH_STORES

NOTHING: Json = {"delivered": 0, "failed": 0}


class Noted:
    """A sink that takes everything, or nothing."""

    name = "noted"

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.takes = True

    def wants(self, message: Message) -> bool:
        return message.appointment.patient.name != "Nobody"

    async def send(self, message: Message) -> None:
        if not self.takes:
            raise DeliveryFailed("it does not")
        self.messages.append(message)

    async def close(self) -> None:
        """There is nothing to close."""

    @property
    def told(self) -> list[tuple[EventType, int]]:
        """What happened, and to which version."""
        return [(each.event.type, each.event.version) for each in self.messages]


@pytest.fixture
def sink() -> Noted:
    return Noted()


@pytest.fixture
def told(api: Api, sink: Noted) -> Api:
    """An instance that tells a sink of everything, and reminds a day before."""
    known, random = api.dependencies, Random(1)  # noqa: S311 - jitter
    telling = Telling((timedelta(days=1),))
    messages = Messages(known.store, known.doctor_cache, known.clinic_cache)
    telling_all = replace(
        known,
        transactions=Coordinator(known.store, 10, random, telling),
        overrides=OverrideTransactions(known.store, 30, random, telling),
        deliverer=Deliverer(known.store, messages, lambda: [sink], api.clock, random),
        settings=replace(SETTINGS, test_clock=True),
    )
    return Api(telling_all, api.clock)


async def deliver(api: Api, headers: Mapping[str, str] | None = None) -> Json:
    """Deliver what is due."""
    answer = await api.post("deliver_events", {}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_every_change_is_told_once_in_order(told: Api, sink: Noted) -> None:
    booked = await told.book("2050-11-21T09:00")
    await told.update(booked, reason="knee")
    await told.move(booked, "2050-11-22T10:00")
    await told.move(booked, "2050-11-22T15:00Z", doctor_id="who")
    await told.cancel(booked)
    assert await deliver(told) == {"delivered": 5, "failed": 0}
    assert sink.told == [
        ("booked", 1),
        ("updated", 2),
        ("moved", 3),
        ("moved", 4),
        ("cancelled", 5),
    ]
    _, updated, moved, to_another, cancelled = sink.messages
    assert (updated.appointment.reason, updated.previous_doctor) == ("knee", None)
    assert moved.event.previous
    assert moved.event.previous.interval.start == at("2050-11-21T14:00Z")
    assert to_another.previous_doctor
    assert (to_another.doctor.id, to_another.previous_doctor.id) == ("who", "strange")
    assert cancelled.appointment.status == "cancelled"
    assert await deliver(told) == NOTHING


async def test_what_happens_at_the_clinic_is_told(told: Api, sink: Noted) -> None:
    first, second = await told.book("2050-11-18T15:00"), await told.book("2050-11-18T16:00")
    told.clock.now = at("2050-11-18T21:05Z")
    await told.mark(first, "arrived")
    await told.mark(first, "fulfilled")
    await told.mark(second, "no_show")
    await deliver(told)
    assert sorted(sink.told) == [
        ("arrived", 2),
        ("booked", 1),
        ("booked", 1),
        ("fulfilled", 3),
        ("no_show", 2),
    ]


async def test_a_series_and_its_end_are_told_for_each_appointment(told: Api, sink: Noted) -> None:
    series = await told.book_series("FREQ=WEEKLY;COUNT=3")
    await told.cancel_series(series, after="2050-11-25T00:00Z")
    await deliver(told)
    assert sorted(sink.told) == [("booked", 1)] * 3 + [("cancelled", 2)] * 2
    assert {each.appointment.series_id for each in sink.messages} == {series["series_id"]}


async def test_whom_time_off_affects_is_told_so(told: Api, sink: Noted) -> None:
    booked = await told.book("2050-11-21T09:00")
    await told.book("2050-11-22T09:00")
    away = {"doctor_id": "strange", "kind": "time_off", "start": "2050-11-21", "end": "2050-11-21"}
    made = await told.post("create_override", {**away, "note": "for nobody to know"}, "key")
    assert (made.status_code, made.json()["affected_count"]) == (201, 1)
    await told.post("create_override", {**away, "note": "for nobody to know"}, "key")
    extra = {**away, "kind": "extra_hours", "start": "2050-11-23T18:00", "end": "2050-11-23T19:00"}
    await told.post("create_override", extra)
    await told.post("delete_override", {"override_id": made.json()["override_id"]})
    await deliver(told)
    (affected,) = [each for each in sink.messages if each.event.type == "affected"]
    assert (affected.appointment.id, affected.event.version) == (booked["id"], 1)
    assert len(sink.messages) == 3


async def test_what_changes_nothing_is_told_to_nobody(told: Api, sink: Noted) -> None:
    booked = (await told.ask("key")).json()
    await told.ask("key")
    await told.ask()
    await told.validate(MONDAY_AT_NINE)
    held = await told.hold(start="2050-11-21T10:00")
    await told.release(held)
    await told.update(booked, reason=None)
    problem(await told.mark(booked, "no_show"), 422, "too_early")
    await told.cancel(booked)
    await told.cancel(booked)
    await deliver(told)
    assert sink.told == [("booked", 1), ("cancelled", 2)]


async def test_who_is_erased_is_told_of_no_more(told: Api, sink: Noted) -> None:
    ahead = await told.book("2050-11-21T09:00")
    sink.takes = False
    assert await deliver(told) == {"delivered": 0, "failed": 1}
    await told.erase(appointment_ids=[ahead["id"]])
    sink.takes = True
    await deliver(told)
    assert sink.told == [("cancelled", 2)]
    assert sink.messages[0].appointment.patient.name == "erased"


async def test_a_reminder_comes_when_it_is_due_and_follows_a_move(told: Api, sink: Noted) -> None:
    booked = await told.book("2050-11-21T09:00")
    await told.move(booked, "2050-11-23T09:00")
    await told.book("2050-11-18T15:00")  # Too near to be reminded of.
    await deliver(told)
    sink.messages.clear()
    assert await deliver(told, {"Test-Now": "2050-11-22T13:59:59Z"}) == NOTHING
    assert await deliver(told, {"Test-Now": "2050-11-22T14:00:00Z"}) == {
        "delivered": 1,
        "failed": 0,
    }
    assert sink.told == [("reminder", 2)]
    assert sink.messages[0].appointment.interval.start == at("2050-11-23T14:00Z")


async def test_nobody_is_reminded_of_what_is_cancelled(told: Api, sink: Noted) -> None:
    booked = await told.book("2050-11-21T09:00")
    await told.cancel(booked)
    told.clock.now += timedelta(days=3)
    await deliver(told)
    assert sink.told == [("booked", 1), ("cancelled", 2)]


async def test_without_a_sink_nothing_is_written_and_nothing_delivered(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    assert await deliver(api) == NOTHING
    assert await api.dependencies.store.waiting_events([booked["id"]]) == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"Content-Type": "application/protobuf", "ce-type": "created"}, b"\x0a\xff\x00"),
        ({"Content-Type": "application/json"}, b'{"a": 1, "a": 2'),
        ({"Content-Type": "application/octet-stream"}, b"x" * 2**20),
        ({"Content-Encoding": "gzip"}, b"not zipped"),
    ],
    ids=["none", "protobuf", "json", "large", "encoded"],
)
async def test_whatever_triggers_it_may_send_any_body(
    told: Api, headers: dict[str, str], body: bytes
) -> None:
    await told.book("2050-11-21T09:00")
    answer = await told.client.post("/deliver_events", headers=headers, content=body)
    assert (answer.status_code, answer.json()) == (200, {"delivered": 1, "failed": 0})


async def test_only_staff_may_deliver(told: Api) -> None:
    for caller, status in ((ADA, 403), (STEPHEN, 403), (CLERK, 200)):
        assert (await told.by(caller).post("deliver_events", {})).status_code == status
    answer = await told.client.get("/deliver_events")
    assert (problem(answer, 405, "method_not_allowed"), answer.headers["allow"])[
        1
    ] == "POST, OPTIONS"


async def test_a_store_that_does_not_answer_is_tried_again_later(told: Api) -> None:
    await told.dependencies.store.close()
    problem(await told.post("deliver_events", {}), 503, "try_again")
