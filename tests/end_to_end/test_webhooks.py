"""Real servers tell a webhook what happens: in order, signed, and also after they were killed."""

import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.hooks import Hook, listening_hook
from tests.end_to_end.processes import (
    CLINIC,
    PATIENCE_SECONDS,
    Server,
    container,
    functions,
    kill_all,
    local_runner,
)
from tests.end_to_end.test_graceful_end import wait_until_it_refuses

DOCTORS = {"DOCTORS_FILE": CLINIC}
NOON = {
    "doctor_id": "strange",
    "start": "2099-03-02T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@pytest.fixture
def settings(own_store_settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process that uses one of the stores, which is empty."""
    return {**own_store_settings, **DOCTORS}


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening_hook() as listening:
        yield listening


def told(event: dict[str, Any]) -> tuple[str, int]:
    """What happened, and the version of the appointment."""
    return event["type"], event["data"]["version"]


def answered(server: Server, path: str, body: dict[str, object]) -> dict[str, Any]:
    """The answer to a request that is granted."""
    found: dict[str, Any] = server.post(path, body).raise_for_status().json()
    return found


def wait_for(line: str, server: Server) -> None:
    """Return when the server has logged a line; AssertionError if it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not re.search(line, server.errors.read_text()):
        assert time.monotonic() < give_up_at, server.errors.read_text()
        time.sleep(0.02)


def test_a_booking_a_move_and_a_cancellation_are_told_in_order(
    settings: dict[str, str], tmp_path: Path, hook: Hook
) -> None:
    with local_runner(tmp_path, {**settings, **hook.settings}) as server:
        assert f"Told of events: a webhook at 127.0.0.1:{hook.server_port}." in server.greeting()
        booked = answered(server, "/create_appointment", NOON)
        move = {"appointment_id": booked["id"], "start": "2099-03-03T13:00:00Z"}
        moved = answered(server, "/reschedule_appointment", move)
        cancelled = answered(server, "/cancel_appointment", {"appointment_id": booked["id"]})
        events = [event for _, event in hook.events(3)]
    assert [told(event) for event in events] == [
        ("appointment.booked", 1),
        ("appointment.moved", 2),
        ("appointment.cancelled", 3),
    ]
    assert [event["data"] for event in events] == [booked, moved, cancelled]
    assert [event["timestamp"] for event in events] == [
        each["updated_at"] for each in (booked, moved, cancelled)
    ]
    assert [event.get("previous") for event in events] == [
        None,
        {
            "start": "2099-03-02T12:00:00Z",
            "end": "2099-03-02T12:30:00Z",
            "doctor_id": "strange",
        },
        None,
    ]


def test_what_happens_while_nobody_delivers_is_told_after_the_next_start(
    settings: dict[str, str], tmp_path: Path, hook: Hook
) -> None:
    settings = {**settings, **hook.settings}
    with local_runner(tmp_path, settings) as server:
        booked = answered(server, "/create_appointment", NOON)["id"]
        assert told(hook.event()) == ("appointment.booked", 1)
        wait_for("1 delivered, 0 failed", server)
        kill_all([server])
    with functions("reschedule_appointment", folder=tmp_path, settings=settings) as (server,):
        move = {"appointment_id": booked, "start": "2099-03-03T13:00:00Z"}
        assert server.post("/", move).status_code == 200
        kill_all([server])
    with local_runner(tmp_path, settings) as server:
        assert told(hook.event()) == ("appointment.moved", 2)
        answered(server, "/cancel_appointment", {"appointment_id": booked})
        assert told(hook.event()) == ("appointment.cancelled", 3)
    assert hook.taken.empty()


@pytest.mark.parametrize("serve", [local_runner, container])
def test_what_is_being_sent_when_a_server_ends_is_sent_and_settled(
    serve: Any,  # noqa: ANN401 - a context manager of one of two forms
    tmp_path: Path,
    hook: Hook,
) -> None:
    file = tmp_path / "appointments.db"
    hook.go_on.clear()
    with serve(tmp_path, {"STORE": f"sqlite:{file}", **DOCTORS, **hook.settings}) as server:
        answered(server, "/create_appointment", NOON)
        assert hook.called.wait(PATIENCE_SECONDS)
        server.process.send_signal(signal.SIGINT)
        wait_until_it_refuses(server)
        hook.go_on.set()
        assert told(hook.event()) == ("appointment.booked", 1)
        server.wait()
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_several_servers_on_one_file_tell_each_event_once(tmp_path: Path, hook: Hook) -> None:
    settings = {"STORE": "sqlite:appointments.db", **DOCTORS, **hook.settings}
    with (
        local_runner(tmp_path, settings) as first,
        local_runner(tmp_path, settings) as second,
    ):
        booked = []
        for number in range(20):
            start = {"start": f"2099-03-02T{9 + number // 4:02}:{number % 4 * 15:02}:00Z"}
            body = {**NOON, **start, "duration_minutes": 15}
            server = (first, second)[number % 2]
            booked.append(answered(server, "/create_appointment", body)["id"])
        events = hook.events(20)
        for server in (first, second):
            server.process.send_signal(signal.SIGINT)
            server.wait()
    assert sorted(event["data"]["id"] for _, event in events) == sorted(booked)
    assert len({event_id for event_id, _ in events}) == 20
    assert hook.taken.empty()
