"""What a newcomer does: start it, paste what it prints, stop it, start it again, get it wrong."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.endpoints import endpoints
from tests.end_to_end.processes import (
    HOST,
    PATIENCE_SECONDS,
    ROOT,
    free_port,
    local_runner,
    run_module,
)

NOON = {
    "doctor_id": "strange",
    "start": "2099-03-02T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "doctors.json", tmp_path)
    return tmp_path


def test_it_answers_as_soon_as_it_has_printed_where(folder: Path) -> None:
    with local_runner(folder, {}, wait=False) as server:
        server.greeting()
        assert server.get("/docs").status_code == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_printed_commands_work_as_printed(folder: Path) -> None:
    port = free_port()
    with local_runner(folder, {}, port) as server:
        greeting = server.greeting()
        assert greeting[:6] == [f"http://localhost:{port}/{name}" for name in endpoints()]
        commands = [line for line in greeting if re.match("curl |ID=", line)]
        booked, listed, first, found, moved, cancelled = _paste(commands, folder)

    assert (booked[0], booked[1]["status"]) == (201, "booked")
    assert listed == (200, {"appointments": [booked[1]], "next_page_token": None})
    assert (first[0], len(first[1]["openings"])) == (200, 1)
    assert found == (200, booked[1])
    assert (moved[0], moved[1]["id"]) == (200, booked[1]["id"])
    assert moved[1]["start"] > booked[1]["start"]
    assert (cancelled[0], cancelled[1]["status"]) == (200, "cancelled")
    assert cancelled[1]["start"] == moved[1]["start"]


def test_appointments_are_still_there_after_control_c_and_a_new_start(folder: Path) -> None:
    port = free_port()
    with local_runner(folder, {}, port) as server:
        booked = server.post("/create_appointment", NOON)
        assert booked.status_code == 201
        server.greeting()
        server.process.send_signal(signal.SIGINT)
        last_words = server.wait()
        assert server.process.returncode == 0
        assert last_words == "\nStopped. The appointments are kept in appointments.db.\n"
        (line,) = server.errors.read_text().splitlines()
        assert re.match(r"\d\d:\d\d:\d\d create_appointment 201 ok in [\d.]+ ms; ", line)

    with local_runner(folder, {}, port) as server:
        window = {"start": "2099-03-02T00:00", "end": "2099-03-03T00:00"}
        listed = server.get("/list_appointments", doctor_id="strange", **window)
        assert listed.json()["appointments"] == [booked.json()]
        again = server.post("/create_appointment", NOON)
        assert (again.status_code, again.json()["code"]) == (409, "slot_taken")


def test_other_doctors_in_the_file_are_pointed_out(folder: Path) -> None:
    assert run_module("shared.runtime.load_doctors", folder, {}).returncode == 0
    (folder / "doctors.json").write_text(_doctors(("strange", "UTC")))
    with local_runner(folder, {}) as server:
        assert (
            "The store has other doctors than doctors.json: `make doctors` loads them."
            in server.greeting()
        )


NO_ZONE = 'is not an IANA time zone; use one such as "America/New_York" or "UTC"'
PORT_RANGE = "must be a whole number from 1 to 65535, not"
SECONDS = "must be a number above 0 and at most 300, not"
ORIGINS = (
    'must be "*" or origins such as "https://clinic.example", separated by commas, without a path;'
)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("PORT=0", f'{PORT_RANGE} "0"'),
        ("PORT=web", f'{PORT_RANGE} "web"'),
        (
            "STORE=a.db",
            'must be "firestore", or "sqlite:" and a file, as in "sqlite:a.db", not "a.db"',
        ),
        ("STORE=sqlite:.", 'cannot use the file ".": unable to open database file'),
        ("STORE=sqlite:no/a.db", 'cannot use the file "no/a.db": unable to open database file'),
        ("STORE=sqlite:doctors.json", 'cannot use the file "doctors.json": file is not a database'),
        ("DOCTORS_FILE=no.json", 'cannot read "no.json": No such file or directory'),
        ("CLINIC_TIME_ZONE=Mars", f'"Mars" {NO_ZONE}'),
        ("ALLOWED_ORIGINS=clinic.example", f'{ORIGINS} "clinic.example" is not one'),
        ("DEADLINE_SECONDS=soon", f'{SECONDS} "soon"'),
        ("DEADLINE_SECONDS=301", f'{SECONDS} "301"'),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(
    folder: Path, setting: str, message: str
) -> None:
    name, _, value = setting.partition("=")
    assert _start_error(folder, {name: value}) == f"{name}: {message}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_named_in_one_line(folder: Path) -> None:
    (folder / "sealed").mkdir(mode=0o555)
    assert _start_error(folder, {"STORE": "sqlite:sealed/a.db"}) == (
        'STORE: cannot use the file "sealed/a.db": unable to open database file'
    )


def test_a_taken_port_is_named_in_one_line(folder: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        assert _start_error(folder, {"PORT": str(port)}) == (
            f"PORT: cannot listen on {port}: Address already in use; try another, PORT=8081"
        )


def test_a_mistake_in_the_doctors_file_is_named_in_one_line(folder: Path) -> None:
    (folder / "doctors.json").write_text('{"doctors": [')
    assert _start_error(folder, {}) == (
        'DOCTORS_FILE: "doctors.json": invalid JSON: EOF while parsing a list at line 1 column 13'
    )


def test_the_api_page_loads_nothing_from_elsewhere_and_finds_its_document(folder: Path) -> None:
    with local_runner(folder, {}) as server:
        page = server.get("/docs").text
        assets = _Assets()
        assets.feed(page)
        assert len(assets.found) >= 3
        for asset in assets.found:
            assert re.match(r"/[^/]", asset), "is not on this host"
            assert server.get(asset).status_code == 200
        (document,) = re.findall(r'\burl: "(/[^/"][^"]*)"', page)
        api = server.get(document).json()
        assert set(api["paths"]) == {f"/{name}" for name in endpoints()}


class _Assets(HTMLParser):
    """What the `script` and `link` tags of a page refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"script": "src", "link": "href"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


def test_the_first_load_of_doctors_adds_them(folder: Path) -> None:
    assert (
        run_module("shared.runtime.load_doctors", folder, {}).stdout
        == "strange: added\nwho: added\n"
    )


def test_a_later_load_of_doctors_says_what_it_changed(folder: Path) -> None:
    def load(*doctors: tuple[str, str]) -> str:
        (folder / "doctors.json").write_text(_doctors(*doctors))
        return run_module("shared.runtime.load_doctors", folder, {}).stdout

    load(("strange", "UTC"))
    assert load(("strange", "UTC")) == "strange: unchanged\n"
    assert load(("strange", "Europe/Paris"), ("who", "UTC")) == "strange: changed\nwho: added\n"
    assert load(("who", "UTC")) == "who: unchanged\n"


def test_a_doctor_who_has_appointments_keeps_the_time_zone(folder: Path) -> None:
    (folder / "doctors.json").write_text(_doctors(("strange", "UTC"), ("who", "UTC")))
    with local_runner(folder, {}) as server:
        booked = server.post("/create_appointment", NOON)
        assert booked.status_code == 201

    moved = _doctors(("strange", "Europe/Paris"), ("who", "Europe/Paris"))
    (folder / "doctors.json").write_text(moved)
    refused = run_module("shared.runtime.load_doctors", folder, {})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "DOCTORS_FILE: strange has appointments in UTC,"
        " and so cannot get the time zone Europe/Paris\n"
    )
    with local_runner(folder, {}) as server:
        found = server.get("/first_available", count="50").json()
    assert {(o["doctor_id"], o["time_zone"]) for o in found["openings"]} == {
        ("strange", "UTC"),
        ("who", "UTC"),
    }


def _doctors(*ids_and_zones: tuple[str, str]) -> str:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}]
    doctors = [
        {"id": doctor_id, "name": "Doctor", "time_zone": zone, "working_hours": hours}
        for doctor_id, zone in ids_and_zones
    ]
    return json.dumps({"doctors": doctors})


def _paste(commands: list[str], home: Path) -> list[tuple[int, Any]]:
    """The statuses and the JSON that commands get; curl's own settings make it show the status."""
    (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}\\n"\n')
    ended = subprocess.run(  # noqa: S603 - our own commands
        ["bash", "-c", "\n".join(commands)],  # noqa: S607 - the bash of whoever runs this
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    lines = ended.stdout.splitlines()
    bodies, statuses = lines[::2], lines[1::2]
    return [(int(status), json.loads(body)) for body, status in zip(bodies, statuses, strict=True)]


def _start_error(folder: Path, settings: dict[str, str]) -> str:
    """The one line with which the local runner ends when it cannot start."""
    settings = {"PORT": str(free_port()), **settings}
    ended = run_module("shared.runtime.local_runner", folder, settings)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    return line
