"""SIGTERM, as Google Cloud sends it: what an instance has begun, it ends, and answers."""

import asyncio
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.processes import (
    CLINIC,
    PATIENCE_SECONDS,
    Server,
    container,
    functions,
    local_runner,
    run_module,
)
from tests.ports import HOST

CLIENTS = 20
MINUTES_A_DAY = 8 * 60
MONDAY = datetime(2099, 3, 2, 8, tzinfo=UTC)
Start = Callable[[Path, dict[str, str]], AbstractContextManager[Server]]

DOCTORS = {"DOCTORS_FILE": CLINIC}


@contextmanager
def function(folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    """One function, as it is deployed."""
    with functions("create_appointment", folder=folder, settings=settings) as (server,):
        yield server


def booking(number: int) -> dict[str, Any]:
    """A minute of Doctor Who's; each number is another one."""
    day, minute = divmod(number, MINUTES_A_DAY)
    start = MONDAY + timedelta(days=7 * day, minutes=minute)
    return {
        "doctor_id": "who",
        "start": start.isoformat(),
        "duration_minutes": 1,
        "patient": {"name": "Ada Lovelace"},
    }


def sent(server: Server, number: int) -> socket.socket:
    """A connection on which a booking was asked for."""
    request = httpx.Request("POST", f"{server.url}/create_appointment", json=booking(number))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    connection = socket.create_connection((HOST, request.url.port or 0), PATIENCE_SECONDS)
    connection.sendall(f"POST /create_appointment HTTP/1.1\r\n{head}\r\n".encode())
    connection.sendall(request.content)
    return connection


def received(connection: socket.socket) -> str:
    """The first line of the answer, which comes whole: the server closes the connection."""
    with connection:
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.endswith(b"}\n")
    return answer.split(b"\r\n")[0].decode()


def wait_until_it_refuses(server: Server) -> None:
    """Return when no connection is accepted any more."""
    while True:
        try:
            server.get("/health")
        except httpx.TransportError:
            return


def booked(file: Path) -> set[str]:
    """The ids of all appointments in a store."""
    with closing(sqlite3.connect(file)) as store:
        return {appointment for (appointment,) in store.execute("SELECT DISTINCT id FROM entries")}


@pytest.mark.parametrize("serve", [function, container, local_runner])
def test_bookings_that_wait_for_the_disk_are_made_and_answered(
    serve: Start, tmp_path: Path
) -> None:
    file = tmp_path / "appointments.db"
    with serve(tmp_path, {"STORE": f"sqlite:{file}", **DOCTORS}) as server:
        with closing(sqlite3.connect(file, isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")  # So no booking can be written.
            connections = [sent(server, number) for number in range(CLIENTS)]
            assert server.get("/health").is_success  # What came before was accepted, too.
            server.process.send_signal(signal.SIGTERM)
            wait_until_it_refuses(server)
            assert server.process.poll() is None
            assert booked(file) == set()
            another.execute("ROLLBACK")
        answers = [received(connection) for connection in connections]
        server.wait()
    assert answers == ["HTTP/1.1 201 Created"] * CLIENTS
    assert len(booked(file)) == CLIENTS
    assert not (tmp_path / "appointments.db-wal").exists()  # The store was closed.


async def test_under_load_every_booking_that_was_begun_is_answered(
    store_settings: dict[str, str], tmp_path: Path
) -> None:
    """A request that nobody has read yet may end with its connection; then it was not begun."""
    settings, numbers = {**store_settings, **DOCTORS}, count()
    run_module("shared.runtime.load_doctors", tmp_path, settings).check_returncode()
    targets = ("create_appointment", "list_appointments")
    with functions(*targets, folder=tmp_path, settings=settings) as (booking_server, listing):
        acknowledged: list[str] = []
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(_book(booking_server, numbers, acknowledged))
        await asyncio.to_thread(booking_server.wait)
        assert booking_server.process.returncode == 0
        window = {"start": "2099-03-01T00:00Z", "end": "2100-03-01T00:00Z"}
        page = listing.get("/", doctor_id="who", page_size="1000", **window).json()
    assert page["next_page_token"] is None
    assert sorted(acknowledged) == sorted(found["id"] for found in page["appointments"])


async def _book(server: Server, numbers: Iterator[int], acknowledged: list[str]) -> None:
    """Book one time after another, end the server at the hundredth, and see it go."""
    async with server.client() as client:
        with suppress(httpx.TransportError):
            for number in numbers:
                answer = await client.post("/", json=booking(number))
                assert answer.status_code == 201, answer.text
                acknowledged.append(answer.json()["id"])
                if len(acknowledged) == 100:
                    server.process.send_signal(signal.SIGTERM)
