"""The commands of docs/backup.md, as they are printed there: what they save, and give back."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.end_to_end.processes import PATIENCE_SECONDS, PYTHON, ROOT, Server, local_runner
from tests.firestore_emulator import VARIABLE, started
from tests.ports import HOST, free_port

# The deadline is long, so that a slow machine is not taken for a store that cannot answer.
SETTINGS = {"DEADLINE_SECONDS": "120"}
CLIENTS = 4
WEEK = {"start": "2099-03-02T00:00", "end": "2099-03-09T00:00"}
ADDRESS, PROJECT = "127.0.0.1:8085", "demo-local"  # In the commands for the emulator.

Json = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "doctors.json").write_text(
        '{"policy": {"horizon_days": 36600},'
        ' "doctors": [{"id": "strange", "name": "Doctor Strange", "working_hours": [{"days":'
        ' ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "00:00", "closes": "24:00"}'
        "]}]}"
    )
    shutil.copy(ROOT / "firestore.rules", tmp_path)
    return tmp_path


@dataclass(slots=True)
class Clients:
    """Clients that book as fast as they can; each wish overlaps the one before and the next."""

    server: Server
    starts: Iterator[str]
    asked: set[str] = field(default_factory=set)
    acknowledged: dict[str, Json] = field(default_factory=dict)
    enough: Event = field(default_factory=Event)

    @contextmanager
    def booking(self) -> Iterator[None]:
        """Book, from the first acknowledgement on, for as long as the context lasts."""
        with ThreadPoolExecutor(CLIENTS) as threads:
            going = [threads.submit(self._book_on) for _ in range(CLIENTS)]
            try:
                self._wait_for_one(going)
                yield
            finally:
                self.enough.set()
            for client in going:
                client.result()

    def _book_on(self) -> None:
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            for start in self.starts:
                if self.enough.is_set():
                    return
                self.asked.add(start)
                answer = _book(self.server, start, client)
                if answer.status_code == 201:
                    self.acknowledged[start] = answer.json()
                else:
                    assert answer.json()["code"] == "slot_taken", answer.text

    def _wait_for_one(self, going: Sequence[Future[None]]) -> None:
        while not self.acknowledged and not any(client.done() for client in going):
            time.sleep(0.01)


def test_a_copy_of_the_sqlite_file_that_is_made_while_it_is_written_can_be_served_from(
    folder: Path,
) -> None:
    backup, restore = _commands("SQLite")
    (folder / "backup-2026-01-01T000000Z.db").write_text("an older one")
    with local_runner(folder, SETTINGS) as server:
        booked = _book(server, "2099-03-19T09:00:00Z").json()
        ended = server.post("/cancel_appointment", {"appointment_id": booked["id"]}).json()
        clients = Clients(server, iter(_minutes_of_a_week()))
        with clients.booking():
            at_first = len(clients.acknowledged)
            for _ in range(5):
                before = dict(clients.acknowledged)
                _run(backup, folder).check_returncode()
                saved = _check_copy(folder, before, clients.asked)
            assert len(clients.acknowledged) > at_first
        late = _book(server, "2099-03-20T09:00:00Z").json()
        server.kill()  # So its last bookings are in the log, which must not get into the copy.

    assert _run(restore, folder).stdout == "ok\n"
    with local_runner(folder, SETTINGS) as server:
        listed = _listed(server)
        assert [appointment["id"] for appointment in listed] == saved
        assert [a for a in listed if a["start"] in before] == [before[s] for s in sorted(before)]
        assert _book(server, listed[0]["start"]).json()["code"] == "slot_taken"
        assert server.get("/get_appointment", appointment_id=ended["id"]).json() == ended
        assert server.get("/get_appointment", appointment_id=late["id"]).status_code == 404
        assert _book(server, late["start"]).status_code == 201


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(folder: Path) -> None:
    failed = _run(_commands("SQLite")[0], folder)
    assert failed.returncode == 1
    assert "unable to open database file" in failed.stderr
    assert list(folder.glob("backup-*")) == []


@pytest.mark.firestore
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_an_emulator_that_starts_with_an_export_has_the_appointments_and_the_keys(
    folder: Path, emulator: str
) -> None:
    project = f"demo-{uuid4()}"
    settings = {**SETTINGS, "STORE": "firestore", "GOOGLE_CLOUD_PROJECT": project}
    *export, start = _commands("The emulator")[0].splitlines()
    with local_runner(folder, {**settings, VARIABLE: emulator}) as server:
        first = _book(server, "2099-03-02T09:00:00Z", key="first")
        second = _book(server, "2099-03-03T09:00:00Z", key="second")
        move = {"appointment_id": second.json()["id"], "start": "2099-03-04T10:00:00Z"}
        moved = server.post("/reschedule_appointment", move)
        exported = _run(
            "\n".join(export).replace(ADDRESS, emulator).replace(PROJECT, project),
            folder,
        )
    assert (first.status_code, moved.status_code) == (201, 200)
    assert json.loads(exported.stdout) == {}

    with (
        _started_emulator(start, folder) as address,
        local_runner(folder, {**settings, VARIABLE: address}) as server,
    ):
        assert _listed(server) == [first.json(), moved.json()]
        found = server.get("/get_appointment", appointment_id=move["appointment_id"])
        assert found.json() == moved.json()
        assert _book(server, "2099-03-04T10:00:00Z").json()["code"] == "slot_taken"
        again = _book(server, "2099-03-02T09:00:00Z", key="first")
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")


def _commands(heading: str) -> list[str]:
    """The commands under a heading, one text for each block of them."""
    guide = (ROOT / "docs" / "backup.md").read_text()
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", guide, re.DOTALL | re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def _run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        ["bash", "-c", commands],  # noqa: S607 - the bash of whoever runs this
        cwd=folder,
        env={"PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def _check_copy(folder: Path, before: dict[str, Json], asked: set[str]) -> list[str]:
    """Check the newest copy against what was known before; the ids in it, in order of start."""
    newest = max(folder.glob("backup-*.db"))
    with closing(sqlite3.connect(newest)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        bodies = [
            json.loads(body) for (body,) in connection.execute("SELECT DISTINCT body FROM entries")
        ]
    bodies.sort(key=lambda body: str(body["start"]))
    assert {a["id"] for a in before.values()} <= {body["id"] for body in bodies}
    assert {body["start"] for body in bodies} <= asked
    assert all(one["end"] <= other["start"] for one, other in pairwise(bodies))
    return [body["id"] for body in bodies]


@contextmanager
def _started_emulator(command: str, folder: Path) -> Iterator[str]:
    """The address of the emulator that a printed command starts."""
    if shutil.which("gcloud") is None:
        pytest.skip("NOT TESTED: an emulator with an export is started by gcloud")
    address = f"{HOST}:{free_port()}"
    shell = ["bash", "-c", command.replace(ADDRESS, address)]
    with started(shell, folder / "emulator.txt", folder):
        yield address


def _book(
    server: Server, start: str, client: httpx.Client | None = None, key: str | None = None
) -> httpx.Response:
    patient = {"name": "Ada Lovelace"}
    body = {"doctor_id": "strange", "start": start, "duration_minutes": 2, "patient": patient}
    headers = {"Idempotency-Key": key} if key else {}
    url = server.url + "/create_appointment"
    if client is None:
        return httpx.post(url, json=body, headers=headers, trust_env=False)
    return client.post(url, json=body, headers=headers)


def _listed(server: Server) -> list[Json]:
    asked = {"doctor_id": "strange", "page_size": "1000", **WEEK}
    found: list[Json] = []
    token: str | None = ""
    while token is not None:
        page = {"page_token": token} if token else {}
        answer = server.get("/list_appointments", **asked, **page).json()
        found, token = found + answer["appointments"], answer["next_page_token"]
    return found


def _minutes_of_a_week() -> list[str]:
    return [
        f"2099-03-{day:02}T{minute // 60:02}:{minute % 60:02}:00Z"
        for day in range(2, 9)
        for minute in range(1439)
    ]
