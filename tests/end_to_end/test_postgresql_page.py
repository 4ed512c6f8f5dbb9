"""The commands of docs/postgresql.md, as they are printed there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.end_to_end.processes import CLINIC, PATIENCE_SECONDS, ROOT, Server, container
from tests.firestore_emulator import NoEmulatorError
from tests.ports import HOST
from tests.postgresql_server import USER, PostgresqlServer, running_server
from tests.postgresql_users import ask_for_passwords

OWNER, ROLE = "appointments_owner", "appointments"
PASSWORDS = {OWNER: "of the owner", ROLE: "of the instances"}
WEEK = {"doctor_id": "strange", "start": "2099-03-02", "end": "2099-03-08"}
BY_HAND = """
    INSERT INTO entries (doctor_id, day, id, booked, body)
    SELECT doctor_id, day, 'by hand', int8range(upper(booked), upper(booked) + 1800000000), body
    FROM entries
"""
"""Half an hour behind the appointment that is there."""
MAKE = f"""\
#!/bin/bash
for target; do
  case $target in
    migrate) module=migrate;; doctors) module=load_doctors;; report) module=report_appointments;;
  esac
  {sys.executable} -m shared.runtime.$module || exit
done
"""


@dataclass
class Shell:
    """A folder with what an operator has, and a server."""

    folder: Path
    server: PostgresqlServer

    @property
    def store(self) -> str:
        return f"postgresql://{ROLE}@{HOST}:{self.server.port}/appointments"

    def prepare(self) -> None:
        """Carry out the first section, as a superuser who types the passwords."""
        roles, tables = blocks("Your own server")
        typed = "".join(f"{PASSWORDS[role]}\n" * 2 for role in (OWNER, ROLE))
        self.run(roles, typed)
        ask_for_passwords(self.server, OWNER, ROLE)
        lines = [
            f"{HOST}:{self.server.port}:appointments:{role}:{password}\n"
            for role, password in PASSWORDS.items()
        ]
        file = self.folder / ".pgpass"
        file.touch(0o600)
        file.write_text("".join(lines))
        self.tables = tables

    def run(self, commands: str, typed: str = "", status: int = 0) -> str:
        """Run commands, with the owner's address where they name the store; return the output."""
        done = subprocess.run(  # noqa: S603 - our own commands
            ["bash", "-e", "-c", commands.replace("@localhost/", f"@{HOST}:{self.server.port}/")],  # noqa: S607
            cwd=self.folder,
            env=self._environment(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            start_new_session=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        here = {"PGHOST": HOST, "PGPORT": str(self.server.port), "PGUSER": USER}
        make = self.folder / "make"
        make.write_text(MAKE)
        make.chmod(0o755)
        return {
            **here,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "DOCTORS_FILE": CLINIC,
            "STORE": self.store.replace(f"{ROLE}@", f"{OWNER}@"),
        }

    @contextmanager
    def instance(self) -> Iterator[Server]:
        """Start an instance as the role that may only read and write rows."""
        settings = {"STORE": self.store, "AUTH": "none", "PGPASSFILE": f"{self.folder}/.pgpass"}
        with container(self.folder, settings) as server:
            yield server


@pytest.fixture
def shells(tmp_path: Path) -> Iterator[tuple[Shell, Shell]]:
    """The same folder with one server, and with another one that has done other things."""
    try:
        with running_server() as one, running_server() as other:
            yield Shell(tmp_path, one), Shell(tmp_path, other)
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")


def blocks(heading: str) -> list[str]:
    """The commands under a heading, one text for each block of them."""
    page = (ROOT / "docs" / "postgresql.md").read_text()
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def book(server: Server, day: int, start: str = "09:00") -> httpx.Response:
    wish = {
        "doctor_id": "strange",
        "start": f"2099-03-{day:02}T{start}:00Z",
        "duration_minutes": 30,
        "patient": {"name": "Ada Lovelace"},
    }
    return server.post("/create_appointment", wish)


def listed(server: Server) -> list[str]:
    """The ids of all appointments of the week, page by page."""
    found, more = list[str](), dict[str, str]()
    while True:
        page = server.get("/list_appointments", **WEEK, page_size="2", **more).json()
        found += [appointment["id"] for appointment in page["appointments"]]
        if page["next_page_token"] is None:
            return found
        more = {"page_token": page["next_page_token"]}


@pytest.mark.postgresql
def test_what_is_restored_into_another_server_is_all_there_and_still_conflicts(
    shells: tuple[Shell, Shell],
) -> None:
    shell, other = shells
    shell.prepare()
    shell.run(shell.tables)
    count_transactions(shell.server, 3_000)
    backup, restore = blocks("Backup and restore")[:2]
    with shell.instance() as server:
        saved = [
            book(server, day, at).json()["id"] for day in (2, 3, 4) for at in ("09:00", "10:00")
        ]
        assert listed(server) == saved
        first = server.get("/list_appointments", **WEEK, page_size="2").json()
        shell.run(backup)
        late = book(server, 5).json()

    other.prepare()
    count_transactions(other.server, 300)  # It knows those that made the tables, and no later ones.
    other.run(restore.replace(" && make migrate", ""))
    with other.instance() as server:
        for more, status in (({}, 503), ({"page_token": first["next_page_token"]}, 400)):
            page = server.get("/list_appointments", **WEEK, page_size="2", **more)
            assert page.status_code == status  # Better none than one that lacks appointments.
        assert "the tables are those of another server" in server.errors.read_text()
    other.run("make migrate")
    with other.instance() as server:
        token = first["next_page_token"]
        page = server.get("/list_appointments", **WEEK, page_size="2", page_token=token)
        assert (page.status_code, page.json()["code"]) == (400, "invalid_request")
        assert listed(server) == saved
        assert book(server, 2).json()["code"] == "slot_taken"
        assert server.get("/get_appointment", appointment_id=late["id"]).status_code == 404
        assert book(server, 5).status_code == 201


@pytest.mark.postgresql
def test_what_an_operator_asks_the_server_is_answered(shells: tuple[Shell, Shell]) -> None:
    shell, _ = shells
    shell.prepare()
    shell.run(shell.tables)
    with shell.instance() as server:
        book(server, 2)
        (states,) = blocks("What to watch")
        said = shell.run(states)
        assert re.search(r"^ idle +\| +[1-5] \|", said, re.MULTILINE)
        assert re.search(r"^ doctor_days +\| +\d", said, re.MULTILINE)
        assert re.search(r"^ +\d+$", shell.run(blocks("Connections")[0]), re.MULTILINE)
        assert re.search(r"^ fsync +\| off$", shell.run(blocks("What must be on")[0]), re.MULTILINE)
        shell.run("psql -d postgres -c " + commands_of("What to watch", "ALTER ROLE"))

        with psycopg.connect(shell.server.address("appointments")) as hand:
            hand.execute(BY_HAND)
        refused = book(server, 2, "09:30")
        assert (refused.status_code, refused.json()["code"]) == (503, "try_again")
        assert "never_booked_twice" in server.errors.read_text()
        said = shell.run(blocks("If `never_booked_twice` is violated")[0], status=1)
        assert re.search(
            r"^ 2099-03-02 \| by hand +\| 2099-03-02 09:30:00\+00 \| 2099-", said, re.MULTILINE
        )
        assert "Booked appointments ahead: 2." in said


def count_transactions(server: PostgresqlServer, number: int) -> None:
    """Let the server begin so many transactions."""
    with psycopg.connect(server.address(USER), autocommit=True) as connection:
        for _ in range(number):
            connection.execute("SELECT pg_current_xact_id()")


def commands_of(heading: str, start: str) -> str:
    """The statement in the text of a section that begins so, in its quotation marks."""
    page = (ROOT / "docs" / "postgresql.md").read_text().partition(f"## {heading}\n")[2]
    (statement,) = re.findall(rf'"{start}[^"]*"', page)
    return str(statement)
