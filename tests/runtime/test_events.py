"""The command that looks after events: what it lists, resends and drops. On both stores."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

import pytest

from shared.http.dependencies import Dependencies
from shared.model.event import Event, EventType
from shared.model.outbox import Delivery, OutboxRecord
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.notifications.sink import Message
from shared.runtime.composition import build_dependencies
from shared.runtime.events import DROP, RESEND, change_events, list_events, main
from shared.settings import read_settings
from shared.store.port import OutboxWrite, Store, StoreUnavailable, Writes
from tests.builders import appointment, at, doctor
from tests.runtime.clinic import NOW, Clinic

A, B, C = (f"strange.20261130.{letter}" for letter in "abc")
FAILED = Delivery("set_aside", 21, at("2026-11-20T08:00Z"), None, "it answered 500")
TRIED = Delivery("waiting", 3, at("2026-11-26T11:50Z"), at("2026-11-26T12:20Z"), "no answer")
DELIVERED = Delivery("delivered")
NOTHING: Mapping[str, Delivery] = {}
HOUR = timedelta(hours=1)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Hook:
    """A sink that takes all that it is sent."""

    name = "hook"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def wants(self, message: Message) -> bool:  # noqa: ARG002
        return True

    async def send(self, message: Message) -> None:
        self.sent.append(message.event.id)

    async def close(self) -> None:
        """Nothing is open."""


class Overtaken:
    """A store before whose first commit somebody else does something."""

    def __init__(self, store: Store, before: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._before: Callable[[], Awaitable[object]] | None = before

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._store, name)

    async def commit(self, writes: Writes) -> object:
        before, self._before = self._before, None
        if before:
            await before()
        return await self._store.commit(writes)


def record(  # noqa: PLR0913 - what a record is made of
    appointment_id: str,
    version: int = 1,
    due_at: datetime | None = NOW,
    deliveries: Mapping[str, Delivery] = NOTHING,
    *,
    type_: EventType = "booked",
    happened_at: datetime = NOW - HOUR,
    claimed_until: datetime | None = None,
) -> OutboxRecord:
    of = appointment("2026-11-30T09:00Z", "2026-11-30T09:30Z", appointment_id)
    event = Event(type_, appointment_id, version, happened_at, of, personal=True)
    return OutboxRecord(event, due_at, claimed_until, deliveries=deliveries)


def on(store: Store, clock: Clock | None = None) -> Dependencies:
    return build_dependencies(read_settings({}), store, clock or Clock())


async def keep(store: Store, *records: OutboxRecord) -> None:
    await store.commit(Writes(events=[OutboxWrite(each) for each in records]))


async def kept(store: Store, appointment_id: str = A) -> list[OutboxRecord]:
    return [each.value for each in await store.waiting_events([appointment_id])]


async def delivered(store: Store, clock: Clock) -> list[str]:
    """Deliver what is due to a hook, and return what it was sent."""
    await store.put_doctors([doctor()])
    it, hook = on(store, clock), Hook()
    messages = Messages(store, it.doctor_cache, it.clinic_cache)
    await Deliverer(store, messages, lambda: [hook], clock, Random(1)).run(5)  # noqa: S311 - jitter is no secret
    return hook.sent


async def never(seconds: float) -> None:
    raise AssertionError(seconds)


# List


async def test_a_line_tells_of_each_event_and_each_sink_that_did_not_take_it(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = NOW + 24 * HOUR
    await keep(
        store,
        record(A, 1, NOW, {"hook": FAILED, "mail": DELIVERED}),
        record(A, 2, None, type_="moved"),
        record(B, 1, at("2026-11-26T12:20Z"), {"hook": TRIED, "mail": TRIED}),
        record(B, 1, tomorrow, type_="reminder", happened_at=tomorrow),
        record(C, 3, NOW, {"mail": DELIVERED}, type_="reminder", happened_at=NOW),
    )
    await list_events(on(store))
    printed = capsys.readouterr().out
    set_aside, moved, reminder, booked, of_mail, count = printed.replace("\t", " ").splitlines()[1:]
    assert set_aside == (
        f"set aside {A}~00000001~0 appointment.booked {A} 1 hook 21 2026-11-20T08:00:00Z"
        " it answered 500"
    )
    assert moved == f"waiting {A}~00000002~0 appointment.moved {A} 2 - 0 2026-11-26T11:00:00Z "
    assert reminder == (
        f"waiting {C}~00000003~2 appointment.reminder {C} 3 - 0 2026-11-26T12:00:00Z "
    )
    assert booked == (
        f"waiting {B}~00000001~0 appointment.booked {B} 1 hook 3 2026-11-26T11:50:00Z no answer"
    )
    assert of_mail == booked.replace("hook", "mail")
    assert count == "1 set aside, 3 waiting"
    assert [line.count("\t") for line in printed.splitlines()] == [8] * 6 + [0]
    assert "Lovelace" not in printed


async def test_an_event_may_wait_for_one_sink_and_be_set_aside_for_another(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await keep(store, record(A, deliveries={"hook": FAILED, "mail": TRIED}))
    await list_events(on(store))
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], *line[5:6]) for line in lines[1:]] == [
        ("set aside", "hook"),
        ("waiting", "mail"),
        ("1 set aside, 1 waiting",),
    ]


async def test_of_many_events_each_is_listed_once(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    for letter, due_at, deliveries in (("x", None, {"hook": FAILED}), ("y", NOW, NOTHING)):
        some = [record(f"{letter}{n:03}", 1, due_at, deliveries) for n in range(205)]
        await keep(store, *some)
    await keep(store, record("y000", 2, NOW + HOUR))  # The last page has its appointment again.
    await list_events(on(store))
    lines = capsys.readouterr().out.splitlines()
    assert len({line.split("\t")[1] for line in lines[1:-1]}) == len(lines) - 2 == 411
    assert lines[-1] == "205 set aside, 206 waiting"


async def test_where_nothing_waits_there_are_no_lines(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await list_events(on(store))
    assert capsys.readouterr().out.splitlines()[1:] == ["0 set aside, 0 waiting"]


# Resend


async def test_what_was_set_aside_is_tried_again_as_if_for_the_first_time(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await keep(store, record(A, 1, None, {"hook": FAILED, "mail": DELIVERED}))
    assert await change_events(on(store), RESEND, [f"{A}~00000001~0"], never)
    assert await kept(store) == [record(A, 1, NOW, {"hook": Delivery(), "mail": DELIVERED})]
    assert capsys.readouterr().out == f"{A}~00000001~0: is tried again\n1 of 1 events\n"
    assert await delivered(store, Clock()) == [f"{A}~00000001~0"]
    assert await kept(store) == []


async def test_all_that_was_set_aside_can_be_resent_at_once(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (A, B):
        await keep(store, record(name, 1, None, {"hook": FAILED}), record(name, 2, None))
    await keep(store, record(C, 1, NOW))
    assert await change_events(on(store), RESEND, None, never)
    assert capsys.readouterr().out.endswith("\n2 of 2 events\n")
    assert [each.value for each in await store.set_aside_events(9)] == []
    expected = [f"{name}~0000000{version}~0" for name in (A, B) for version in (1, 2)]
    assert sorted(await delivered(store, Clock())) == [*expected, f"{C}~00000001~0"]


async def test_what_was_not_set_aside_is_left_alone_and_does_not_keep_others_from_it(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await keep(store, record(A, 1, NOW, {"hook": TRIED}), record(B, 1, None, {"hook": FAILED}))
    ids = [f"{A}~00000001~0", f"{B}~00000001~0", f"{B}~00000009~0", "none"]
    assert not await change_events(on(store), RESEND, ids, never)
    assert capsys.readouterr().out.splitlines() == [
        "none: no such event was set aside",
        f"{A}~00000001~0: no such event was set aside",
        f"{B}~00000001~0: is tried again",
        f"{B}~00000009~0: no such event was set aside",
        "1 of 4 events",
    ]
    assert await kept(store) == [record(A, 1, NOW, {"hook": TRIED})]


# Drop


async def test_what_waited_behind_a_dropped_event_is_due_at_once(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    later = NOW + HOUR
    await keep(store, record(A, 1, later, {"hook": TRIED}), record(A, 2, None, type_="moved"))
    assert await change_events(on(store), DROP, [f"{A}~00000001~0"], never)
    assert capsys.readouterr().out == f"{A}~00000001~0: is dropped\n1 of 1 events\n"
    assert await kept(store) == [record(A, 2, NOW, type_="moved")]
    assert await delivered(store, Clock()) == [f"{A}~00000002~0"]


async def test_several_events_of_one_appointment_are_dropped_together(store: Store) -> None:
    await keep(store, *(record(A, version, NOW) for version in (1, 2, 3)))
    assert await change_events(on(store), DROP, [f"{A}~00000003~0", f"{A}~00000001~0"], never)
    assert await kept(store) == [record(A, 2, NOW)]
    assert await change_events(on(store), DROP, [f"{A}~00000002~0"], never)
    assert await kept(store) == []


async def test_all_that_was_set_aside_can_be_dropped_and_what_waits_stays(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await keep(store, record(A, 1, None, {"hook": FAILED}), record(B, 1, NOW, {"hook": TRIED}))
    assert await change_events(on(store), DROP, None, never)
    assert (await kept(store, A), len(await kept(store, B))) == ([], 1)
    assert capsys.readouterr().out == f"{A}~00000001~0: is dropped\n1 of 1 events\n"


async def test_an_event_that_is_not_there_cannot_be_dropped(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not await change_events(on(store), DROP, ["a~00000001~0"], never)
    assert capsys.readouterr().out == "a~00000001~0: there is no such event\n0 of 1 events\n"


# Beside those who deliver


async def test_it_waits_until_whoever_delivers_the_events_is_done(store: Store) -> None:
    clock, waits = Clock(), list[float]()

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        clock.now += timedelta(seconds=20)

    claimed_until = NOW + timedelta(seconds=60)
    await keep(store, record(A, 1, claimed_until, claimed_until=claimed_until))
    assert await change_events(on(store, clock), DROP, [f"{A}~00000001~0"], pause)
    assert waits == [2.0, 2.0, 2.0]
    assert await kept(store) == []


async def test_it_gives_up_if_somebody_always_delivers_them(store: Store) -> None:
    waits = list[float]()

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    await keep(store, record(A, 1, NOW + HOUR, claimed_until=NOW + HOUR))
    with pytest.raises(StoreUnavailable, match=f"the events of {A} are being delivered"):
        await change_events(on(store), DROP, [f"{A}~00000001~0"], pause)
    assert len(waits) == 40


async def test_what_has_changed_meanwhile_is_looked_at_again(store: Store) -> None:
    """The first event is claimed and delivered while an operator resends the second one."""
    clock = Clock()
    await keep(store, record(A, 1, NOW - HOUR), record(A, 2, None, {"hook": FAILED}))
    rival = Overtaken(store, lambda: delivered(store, clock))
    it = on(cast("Store", rival), clock)
    assert await change_events(it, RESEND, [f"{A}~00000002~0"], never)
    assert await kept(store) == [record(A, 2, NOW, {"hook": Delivery()})]


# The command line


def test_the_command_works_on_the_store_of_the_settings(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["list"], clinic.environment)
    assert capsys.readouterr().out.endswith("\n0 set aside, 0 waiting\n")
    for verb in ("resend", "drop"):
        main([verb, "--all"], clinic.environment)
        assert capsys.readouterr().out == "0 of 0 events\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drop", "a~00000001~0"], 1),
        (["resend", "a~00000001~0"], 1),
        (["drop"], "drop: name events, or --all that was set aside"),
        (["resend", "a", "--all"], "resend: name events, or --all that was set aside"),
        ([], "the following arguments are required: VERB"),
    ],
)
def test_what_cannot_be_done_ends_with_status_1(
    clinic: Clinic, arguments: list[str], said: object
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, clinic.environment)
    assert ended.value.code == said
