"""`kill -9` in the middle of writing: what was acknowledged is there, the rest can be resent."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.processes import Server, functions, kill_all, run_module

# The deadline is long, so that a slow machine is not taken for a store that cannot answer.
SETTINGS = {"DEADLINE_SECONDS": "120"}
TARGETS = ("create_appointment", "create_appointment", "list_appointments")
CLIENTS_PER_PROCESS = 8

Answers = dict[str, Any]
"""Appointments by the start that was asked for, which is the idempotency key as well."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "doctors.json").write_text(
        '{"policy": {"horizon_days": 36600},'
        ' "doctors": [{"id": "strange", "name": "Doctor Strange", "working_hours":'
        ' [{"days": ["mon", "tue"], "opens": "00:00", "closes": "24:00"}]}]}'
    )
    return tmp_path


@dataclass(slots=True)
class Clients:
    """Clients that book one minute after the other as fast as they can, until the lights go out."""

    starts: Iterator[str]
    asked: set[str] = field(default_factory=set)
    acknowledged: Answers = field(default_factory=dict)

    async def rush(self, servers: Sequence[Server], kill_at: int) -> None:
        """Book until so many have been acknowledged in all; at that moment kill the servers."""

        async def book_on(client: httpx.AsyncClient) -> None:
            for start in self.starts:
                self.asked.add(start)
                try:
                    await self._book(client, start)
                except httpx.TransportError:
                    return
                if len(self.acknowledged) == kill_at:
                    kill_all(servers)

        async with servers[0].client() as one, servers[1].client() as other:
            rushing = [book_on(client) for client in [one, other] * CLIENTS_PER_PROCESS]
            await asyncio.gather(*rushing)

    async def resend(self, server: Server) -> None:
        """Ask again for what was never answered, with the same keys."""
        async with server.client() as client:
            for start in sorted(self.asked - set(self.acknowledged)):
                await self._book(client, start)

    def expected(self) -> list[Any]:
        """The appointments that were acknowledged, in order of start."""
        return [self.acknowledged[start] for start in sorted(self.acknowledged)]

    async def _book(self, client: httpx.AsyncClient, start: str) -> None:
        answer = await _book(client, start)
        assert answer.status_code == 201, answer.text
        self.acknowledged[start] = answer.json()


async def test_what_was_acknowledged_survives_a_kill_at_any_moment(
    folder: Path, store_settings: dict[str, str]
) -> None:
    settings = {**SETTINGS, **store_settings}
    run_module("shared.runtime.load_doctors", folder, settings).check_returncode()
    clients = Clients(_minutes_of_two_days())
    for kill_at in (1, 200):
        with functions(*TARGETS, folder=folder, settings=settings) as servers:
            await _check_what_is_there(clients, servers)
            await clients.rush(servers, kill_at)
            assert [server.process.returncode for server in servers] == [-9, -9, -9]
        if settings["STORE"].startswith("sqlite"):
            assert _integrity(folder / "appointments.db") == "ok"
    with functions(*TARGETS, folder=folder, settings=settings) as servers:
        await _check_what_is_there(clients, servers)


async def _check_what_is_there(clients: Clients, servers: Sequence[Server]) -> None:
    """Every acknowledged appointment, and whatever else was asked for not more than once."""
    listed = await _listed(servers[-1])
    starts = [appointment["start"] for appointment in listed]
    assert len(starts) == len(set(starts))
    assert set(starts) <= clients.asked
    assert [a for a in listed if a["start"] in clients.acknowledged] == clients.expected()

    # Who got no answer asks again: whether it had been booked or not, there is one of it then.
    await clients.resend(servers[0])
    assert set(clients.acknowledged) == clients.asked
    assert await _listed(servers[-1]) == clients.expected()


async def _book(client: httpx.AsyncClient, start: str) -> httpx.Response:
    body = {"doctor_id": "strange", "start": start, "duration_minutes": 1}
    patient = {"name": "Ada Lovelace"}
    headers = {"Idempotency-Key": start}
    return await client.post("/", json={**body, "patient": patient}, headers=headers)


async def _listed(server: Server) -> list[Any]:
    window = {"start": "2099-03-02T00:00", "end": "2099-03-04T00:00"}
    appointments: list[Any] = []
    token: str | None = ""
    async with server.client() as client:
        while token is not None:
            page = {"page_token": token} if token else {}
            answer = await client.get("/", params={"doctor_id": "strange", **window, **page})
            appointments += answer.json()["appointments"]
            token = answer.json()["next_page_token"]
    return appointments


def _minutes_of_two_days() -> Iterator[str]:
    """Alternating, so that the two days are written at the same time."""
    for minute in range(1440):
        for day in (2, 3):
            yield f"2099-03-{day:02}T{minute // 60:02}:{minute % 60:02}:00Z"


def _integrity(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(verdict)
