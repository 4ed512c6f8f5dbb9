"""The commands of the project on Firestore, as an operator types them."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.end_to_end.processes import ROOT, free_port, local_runner, run_module
from tests.firestore_emulator import VARIABLE

BOOKING = {
    "doctor_id": "strange",
    "start": "2099-03-02T09:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@pytest.fixture
def settings(emulator: str) -> dict[str, str]:
    """An empty database."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{uuid4()}",
        VARIABLE: emulator,
        "DOCTORS_FILE": str(ROOT / "doctors.json"),
    }


def test_the_local_runner_fills_an_empty_database_and_keeps_what_is_booked(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with local_runner(tmp_path, settings) as server:
        assert server.post("/create_appointment", BOOKING).status_code == 201
    with local_runner(tmp_path, settings) as server:
        answer = server.post("/create_appointment", BOOKING)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")


def test_doctors_are_loaded_once_and_a_new_time_zone_only_before_the_first_appointment(
    settings: dict[str, str], tmp_path: Path
) -> None:
    def load(**changes: str) -> tuple[int, str]:
        done = run_module("shared.runtime.load_doctors", tmp_path, {**settings, **changes})
        return done.returncode, done.stdout or done.stderr

    assert load() == (0, "strange: added\nwho: added\n")
    assert load() == (0, "strange: unchanged\nwho: unchanged\n")
    assert load(CLINIC_TIME_ZONE="Europe/Berlin") == (0, "strange: changed\nwho: changed\n")
    with local_runner(tmp_path, settings) as server:
        assert server.post("/create_appointment", BOOKING).status_code == 201
    status, line = load(CLINIC_TIME_ZONE="UTC")
    assert status == 1
    assert line.startswith("DOCTORS_FILE: strange has appointments in Europe/Berlin")


@pytest.mark.parametrize("module", ["shared.runtime.local_runner", "shared.runtime.load_doctors"])
def test_a_database_that_does_not_answer_is_one_line(
    settings: dict[str, str], tmp_path: Path, module: str
) -> None:
    nowhere = {VARIABLE: f"127.0.0.1:{free_port()}", "PORT": str(free_port())}
    done = run_module(module, tmp_path, {**settings, **nowhere, "DEADLINE_SECONDS": "2"})
    assert done.returncode == 1
    assert done.stderr.startswith("STORE: cannot use Firestore, project demo-")
    assert len(done.stderr.splitlines()) == 1
