"""What a newcomer does: start it, paste what it prints, stop it, start it again, get it wrong."""

import json
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.end_to_end.pasting import paste
from tests.end_to_end.processes import ROOT, local_runner, run_module
from tests.firestore_emulator import VARIABLE
from tests.ports import HOST, free_port

FUNCTIONS = [
    *("create_appointment", "list_appointments", "first_available"),
    *("get_appointment", "cancel_appointment", "reschedule_appointment"),
    *("validate_appointment", "export_patient", "erase_patient"),
    *("list_openings", "list_doctors", "list_services"),
    *("mark_appointment", "update_appointment"),
    *("create_override", "delete_override", "list_overrides"),
    *("hold_time", "release_hold", "create_series", "cancel_series"),
    *("appointment_calendar", "create_calendar_link", "doctor_calendar", "deliver_events"),
]
FAR_AHEAD = {"horizon_days": 36_600}
NOON = {
    "doctor_id": "strange",
    "start": "2099-03-02T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = json.loads((ROOT / "doctors.json").read_text("utf-8"))
    (tmp_path / "doctors.json").write_text(json.dumps({**file, "policy": FAR_AHEAD}))
    return tmp_path


@pytest.fixture
def settings(own_store_settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process that uses one of the stores, which is empty."""
    return own_store_settings


def test_it_answers_as_soon_as_it_has_printed_where(folder: Path) -> None:
    with local_runner(folder, {}, wait=False) as server:
        greeting = server.greeting()
        assert "Everybody who can connect may do everything: AUTH is none." in greeting
        assert server.get("/docs").status_code == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_printed_commands_work_as_printed(folder: Path) -> None:
    port = free_port()
    with local_runner(folder, {}, port) as server:
        greeting = server.greeting()
        assert greeting[: len(FUNCTIONS)] == [
            f"http://localhost:{port}/{name}" for name in sorted(FUNCTIONS)
        ]
        commands = [line for line in greeting if re.match("curl |ID=", line)]
        booked, listed, first, found, moved, cancelled, off = paste(commands, folder)

    assert (booked[0], booked[1]["status"]) == (201, "booked")
    assert listed == (200, {"appointments": [booked[1]], "next_page_token": None})
    assert (first[0], len(first[1]["openings"])) == (200, 1)
    assert found == (200, booked[1])
    assert (moved[0], moved[1]["id"]) == (200, booked[1]["id"])
    was, now = ((it["start"], it["doctor_id"]) for it in (booked[1], moved[1]))
    assert was < now
    assert (cancelled[0], cancelled[1]["status"]) == (200, "cancelled")
    assert cancelled[1]["start"] == moved[1]["start"]
    assert (off[0], off[1]["kind"], off[1]["affected"]) == (201, "time_off", [])


def test_appointments_are_still_there_after_control_c_and_a_new_start(
    folder: Path, settings: dict[str, str]
) -> None:
    with local_runner(folder, settings) as server:
        booked = server.post("/create_appointment", NOON)
        assert booked.status_code == 201
        server.greeting()
        server.process.send_signal(signal.SIGINT)
        last_words = server.wait()
        assert server.process.returncode == 0
        assert last_words.startswith("\nStopped. The appointments are kept in ")
        (line,) = server.errors.read_text().splitlines()
        assert re.match(r"\d\d:\d\d:\d\d create_appointment 201 ok in [\d.]+ ms; ", line)

    with local_runner(folder, settings) as server:
        window = {"start": "2099-03-02T00:00", "end": "2099-03-03T00:00"}
        listed = server.get("/list_appointments", doctor_id="strange", **window)
        assert listed.json()["appointments"] == [booked.json()]
        again = server.post("/create_appointment", NOON)
        assert (again.status_code, again.json()["code"]) == (409, "slot_taken")


def test_other_doctors_in_the_file_are_pointed_out(folder: Path) -> None:
    assert run_module("shared.runtime.load_doctors", folder, {}).returncode == 0
    (folder / "doctors.json").write_text(_doctors(("strange", "UTC")))
    with local_runner(folder, {}) as server:
        assert "The store differs from doctors.json: `make doctors` loads it." in server.greeting()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "web", "whole number"),
        ("STORE", "sqlite:no/a.db", "unable to open database file"),
        ("DOCTORS_FILE", "no.json", "No such file or directory"),
        pytest.param(
            "STORE",
            "sqlite:sealed/a.db",
            "unable to open database file",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere"),
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(
    folder: Path, name: str, value: str, words: str
) -> None:
    (folder / "sealed").mkdir(mode=0o555)
    line = _start_error(folder, {name: value})
    assert line.startswith(f"{name}: ")
    assert f'"{value.removeprefix("sqlite:")}"' in line
    assert words in line


def test_a_taken_port_is_named_in_one_line(folder: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        line = _start_error(folder, {"PORT": str(port)})
    assert line.startswith(f"PORT: cannot listen on {port}: Address already in use")


@pytest.mark.firestore
@pytest.mark.parametrize(
    "module",
    [
        "shared.runtime.local_runner",
        "shared.runtime.load_doctors",
        "shared.runtime.report_appointments",
    ],
)
def test_a_database_that_does_not_answer_is_one_line(folder: Path, module: str) -> None:
    nowhere = {VARIABLE: f"{HOST}:{free_port()}", "PORT": str(free_port())}
    firestore = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "demo-nowhere"}
    done = run_module(module, folder, {**firestore, **nowhere, "DEADLINE_SECONDS": "2"})
    assert done.returncode == 1
    assert done.stderr.startswith("STORE: cannot use Firestore, project demo-nowhere")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "module",
    [
        "shared.runtime.local_runner",
        "shared.runtime.migrate",
        "shared.runtime.load_doctors",
        "shared.runtime.report_appointments",
    ],
)
def test_a_server_that_is_not_there_is_one_line_at_the_first_attempt(
    folder: Path, module: str
) -> None:
    nowhere = f"postgresql://appointments@{HOST}:{free_port()}/appointments"
    done = run_module(module, folder, {"STORE": nowhere, "PORT": str(free_port())})
    assert done.returncode == 1
    assert done.stderr.startswith(f"STORE: cannot use {nowhere}: connection failed: ")
    assert len(done.stderr.splitlines()) == 1


def test_loading_doctors_says_what_it_changed_and_never_the_clock_of_appointments_ahead(
    folder: Path,
) -> None:
    # On SQLite: the next test loads, books and reports on each store.
    def load(*doctors: tuple[str, str]) -> tuple[int, str]:
        (folder / "doctors.json").write_text(_doctors(*doctors))
        return _ended("shared.runtime.load_doctors", folder, {})

    assert load(("strange", "UTC")) == (0, "the clinic: added\nstrange: added\n")
    assert load(("strange", "UTC")) == (0, "the clinic: unchanged\nstrange: unchanged\n")
    both = "the clinic: unchanged\nstrange: changed\nwho: added\n"
    assert load(("strange", "Europe/Paris"), ("who", "UTC")) == (0, both)
    both = "the clinic: unchanged\nstrange: changed\nwho: unchanged\n"
    assert load(("strange", "UTC"), ("who", "UTC")) == (0, both)
    with local_runner(folder, {}) as server:
        assert server.post("/create_appointment", NOON).status_code == 201
    status, line = load(("strange", "Europe/Paris"), ("who", "Europe/Paris"))
    assert status == 1
    assert re.match(r"DOCTORS_FILE: .* strange .*UTC.*Europe/Paris.* \(1 booked\).*\n\Z", line)
    assert load(("strange", "Etc/UTC"), ("who", "UTC")) == (0, both)
    with local_runner(folder, {}) as server:
        found = server.get("/first_available", count="50").json()
    assert {(o["doctor_id"], o["time_zone"]) for o in found["openings"]} == {
        ("strange", "Etc/UTC"),
        ("who", "UTC"),
    }


def test_a_doctor_who_is_no_longer_in_the_file_and_appointments_out_of_hours_are_reported(
    folder: Path, settings: dict[str, str]
) -> None:
    def load(*doctors: tuple[str, str], closes: str) -> str:
        (folder / "doctors.json").write_text(_doctors(*doctors, closes=closes))
        status, said = _ended("shared.runtime.load_doctors", folder, settings)
        assert status == 0
        return said

    load(("strange", "UTC"), ("who", "UTC"), closes="17:00")
    with local_runner(folder, settings) as server:
        booked = server.post("/create_appointment", NOON).json()["id"]
        assert server.post("/create_appointment", {**NOON, "doctor_id": "who"}).status_code == 201
    clean = "Nothing is wrong. Booked appointments ahead: 2.\n"
    assert _ended("shared.runtime.report_appointments", folder, settings) == (0, clean)
    said = load(("strange", "UTC"), closes="12:00").splitlines()
    assert said[1] == "strange: changed"
    noon = "2099-03-02T12:00:00"
    found = [
        f"strange: outside the working hours: {booked} at {noon}Z (told: {noon})",
        "who: not in the clinic file: booked appointments ahead: 1",
    ]
    assert said[2:4] == found
    status, whole = _ended("shared.runtime.report_appointments", folder, settings)
    assert (status, whole.splitlines()[:2]) == (1, found)
    with local_runner(folder, settings) as server:
        still = server.get("/get_appointment", appointment_id=booked).json()
    assert still["status"] == "booked"


def _ended(module: str, folder: Path, settings: dict[str, str]) -> tuple[int, str]:
    """The status of a command, and what it printed."""
    done = run_module(module, folder, settings)
    return done.returncode, done.stdout or done.stderr


def _doctors(*ids_and_zones: tuple[str, str], closes: str = "17:00") -> str:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": closes}]
    doctors = [
        {"id": doctor_id, "name": "Doctor", "time_zone": zone, "working_hours": hours}
        for doctor_id, zone in ids_and_zones
    ]
    return json.dumps({"doctors": doctors, "policy": FAR_AHEAD})


def _start_error(folder: Path, settings: dict[str, str]) -> str:
    """The one line with which the local runner ends when it cannot start."""
    settings = {"PORT": str(free_port()), **settings}
    ended = run_module("shared.runtime.local_runner", folder, settings)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    return line
