"""Every kind of caller, signed in with Firebase's own emulator, through the local server."""

import base64
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.auth_emulator import (
    PROJECT,
    VARIABLE,
    Account,
    sign_in,
    sign_in_anonymously,
    sign_up,
)
from tests.deploy.deployments import shell_lines
from tests.end_to_end.pasting import paste
from tests.end_to_end.processes import (
    CLINIC,
    PATIENCE_SECONDS,
    PYTHON,
    ROOT,
    Server,
    local_runner,
    run_module,
)
from tests.ports import free_port

MARCH = {"start": "2099-03-01T00:00Z", "end": "2099-04-01T00:00Z"}
SIGN_IN = "sign in, and send the token: Authorization: Bearer <token>"
_starts = count()


@dataclass
class As:
    """A client that sends a token, or none."""

    server: Server
    token: str | None = None

    def get(self, path: str, **query: str) -> httpx.Response:
        return self._send("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        return self._send("POST", path, json=body)

    def books(self, doctor: str = "strange") -> httpx.Response:
        """Book half an hour that nobody else asks for."""
        start = datetime.fromisoformat("2099-03-02T09:00:00Z") + timedelta(days=next(_starts) % 5)
        start += timedelta(minutes=30 * (next(_starts) // 5 % 10))
        body = {"doctor_id": doctor, "start": start.isoformat(), "duration_minutes": 30}
        return self.post("create_appointment", {**body, "patient": {"name": "Ada"}})

    def _send(self, method: str, path: str, **sent: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.server.url}/{path}"
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            return client.request(method, url, headers=headers, **sent)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def settings(auth_emulator: str) -> dict[str, str]:
    firebase = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": PROJECT, VARIABLE: auth_emulator}
    return {**firebase, "DOCTORS_FILE": CLINIC}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clinic")


@pytest.fixture(scope="module")
def server(folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    with local_runner(folder, settings) as server:
        yield server


@pytest.fixture
def ada(auth_emulator: str) -> Account:
    return sign_up(auth_emulator)


@pytest.fixture
def bob(auth_emulator: str) -> Account:
    return sign_up(auth_emulator)


def gives(account: Account, role: str, folder: Path, settings: dict[str, str]) -> None:
    """Run the operator's command, and let the app get a new token."""
    arguments = [account.email, *role.split()]
    done = run_module("shared.runtime.set_role", folder, settings, arguments)
    assert (done.stderr, done.returncode) == ("", 0)
    account.refresh()


def test_who_is_not_signed_in_may_search_and_nothing_else(server: Server) -> None:
    nobody = As(server)
    assert nobody.get("first_available").status_code == 200
    booking = nobody.books()
    assert (booking.status_code, booking.json()["code"]) == (401, "unauthenticated")
    assert booking.json()["detail"] == SIGN_IN
    assert booking.headers["WWW-Authenticate"] == "Bearer"
    listing = nobody.get("list_appointments", doctor_id="strange", **MARCH)
    assert listing.status_code == 401


def test_a_patient_books_lists_moves_and_cancels_what_is_theirs(
    server: Server, ada: Account
) -> None:
    patient = As(server, ada.token)
    booked = patient.books()
    assert booked.status_code == 201
    assert booked.json()["patient"] == {"id": ada.uid, "name": "Ada"}
    which = {"appointment_id": booked.json()["id"]}
    listed = patient.get("list_appointments", patient_id="me", **MARCH)
    assert listed.json()["appointments"] == [booked.json()]
    assert patient.get("get_appointment", **which).json() == booked.json()
    moved = patient.post("reschedule_appointment", {**which, "start": "2099-03-30T09:00:00Z"})
    assert (moved.status_code, moved.json()["start"]) == (200, "2099-03-30T09:00:00Z")
    cancelled = patient.post("cancel_appointment", which)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


def test_what_is_another_patients_is_as_if_it_did_not_exist(
    server: Server, ada: Account, bob: Account
) -> None:
    which = {"appointment_id": As(server, ada.token).books().json()["id"]}
    nowhere = {"appointment_id": "strange.20990302.000000000000000000000000"}
    other = As(server, bob.token)

    def without_instance(answer: httpx.Response) -> dict[str, object]:
        assert answer.status_code == 404
        return {name: it for name, it in answer.json().items() if name != "instance"}

    for theirs, absent in (
        (other.get("get_appointment", **which), other.get("get_appointment", **nowhere)),
        (other.post("cancel_appointment", which), other.post("cancel_appointment", nowhere)),
    ):
        assert without_instance(theirs) == without_instance(absent)
    for query in ({"doctor_id": "strange"}, {"patient_id": ada.uid}):
        listing = other.get("list_appointments", **query, **MARCH)
        assert (listing.status_code, listing.json()["code"]) == (403, "forbidden")
    mine = other.get("list_appointments", patient_id="me", **MARCH)
    assert mine.json()["appointments"] == []


def test_a_role_counts_from_the_next_token_on_and_ends_with_the_next(
    server: Server, ada: Account, folder: Path, settings: dict[str, str]
) -> None:
    def status() -> int:
        asked = As(server, ada.token).get("list_appointments", doctor_id="strange", **MARCH)
        return asked.status_code

    before = ada.token
    assert status() == 403
    gives(ada, "staff", folder, settings)
    assert status() == 200
    after, ada.token = ada.token, before
    assert status() == 403
    ada.token = after
    gives(ada, "none", folder, settings)
    assert status() == 403


def test_a_doctor_sees_their_own_schedule_and_no_other(
    server: Server, ada: Account, bob: Account, folder: Path, settings: dict[str, str]
) -> None:
    with_them = As(server, ada.token).books("strange").json()["id"]
    with_another = As(server, ada.token).books("who").json()["id"]
    gives(bob, "doctor --doctor strange", folder, settings)
    doctor = As(server, bob.token)
    assert doctor.get("get_appointment", appointment_id=with_them).status_code == 200
    assert doctor.get("get_appointment", appointment_id=with_another).status_code == 404
    assert doctor.get("list_appointments", doctor_id="strange", **MARCH).status_code == 200
    assert doctor.get("list_appointments", doctor_id="who", **MARCH).status_code == 403
    assert doctor.books("strange").status_code == 201
    assert doctor.books("who").status_code == 403


def test_who_is_signed_in_anonymously_may_what_anybody_may(
    server: Server, auth_emulator: str
) -> None:
    somebody = As(server, sign_in_anonymously(auth_emulator).token)
    assert somebody.get("first_available").status_code == 200
    booking = somebody.books()
    assert (booking.status_code, booking.json()["code"]) == (401, "unauthenticated")


def forged(**changes: object) -> str:
    """A token as the emulator writes them, which anybody can write."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": "forged",
        "iat": now,
        "auth_time": now,
        "exp": now + 3600,
        "firebase": {"sign_in_provider": "password"},
        **changes,
    }
    parts = (json.dumps(it).encode() for it in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(it).decode().rstrip("=") for it in parts) + "."


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("rubbish", "not a signed JSON Web Token"),
        (forged(exp=int(time.time()) - 1000, iat=int(time.time()) - 2000), "expired; get a new"),
        (forged(aud="demo-other"), "another audience"),
        (forged(iss="https://securetoken.google.com/demo-other"), "another issuer"),
        (forged(sub=""), "subject of the token"),
        (forged(firebase={"sign_in_provider": "password", "tenant": "t"}), "another tenant"),
    ],
)
def test_a_token_that_does_not_count_is_refused_even_where_none_is_needed(
    server: Server, token: str, why: str
) -> None:
    answer = As(server, token).get("first_available")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert why in answer.json()["detail"]
    assert token not in answer.text


def test_who_is_blocked_must_sign_in_again(
    tmp_path: Path, settings: dict[str, str], ada: Account, bob: Account
) -> None:
    time.sleep(max(0.0, 1.1 - time.time() % 1))  # Tokens know whole seconds only.
    done = run_module("shared.runtime.block_caller", tmp_path, settings, [ada.uid])
    assert (done.stderr, done.returncode) == ("", 0)
    with local_runner(tmp_path, settings) as server:
        refused = As(server, ada.token).get("list_appointments", patient_id="me", **MARCH)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert "sign in again" in refused.json()["detail"]
        other = As(server, bob.token).get("list_appointments", patient_id="me", **MARCH)
        assert other.status_code == 200
        time.sleep(1.1)
        sign_in(ada)
        again = As(server, ada.token).get("list_appointments", patient_id="me", **MARCH)
        assert again.status_code == 200


def test_the_log_names_nobody(folder: Path, server: Server, ada: Account, bob: Account) -> None:
    As(server, ada.token).books()
    As(server, bob.token + "x").books()
    (log,) = folder.glob("errors-*.txt")
    lines = log.read_text()
    assert "create_appointment 201 ok" in lines
    assert "create_appointment 401 unauthenticated" in lines
    for secret in (ada.uid, ada.email, ada.token, bob.uid, bob.email, bob.token):
        assert secret not in lines


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_printed_commands_sign_somebody_up_and_work_as_printed(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    with local_runner(tmp_path, settings, free_port()) as server:
        greeting = server.greeting()
        who = f"unsigned by the emulator, of https://securetoken.google.com/{PROJECT}."
        assert any(line.endswith(who) for line in greeting)
        commands = [line for line in greeting if re.match("TOKEN=|curl |ID=", line)]
        booked, listed, first, found, moved, cancelled = paste(commands, tmp_path)
    assert (booked[0], booked[1]["status"]) == (201, "booked")
    assert listed == (200, {"appointments": [booked[1]], "next_page_token": None})
    assert first[0] == 200
    assert found == (200, booked[1])
    assert (moved[0], moved[1]["id"]) == (200, booked[1]["id"])
    assert (cancelled[0], cancelled[1]["status"]) == (200, "cancelled")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_page_leads_from_zero_to_a_booked_appointment(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    page = (ROOT / "docs" / "local.md").read_text("utf-8")
    part = tmp_path / "part.md"
    part.write_text(page[page.index("## Sign a user up") : page.index("## From an app")])
    port = str(free_port())
    here = {
        "127.0.0.1:9099": settings[VARIABLE],
        "127.0.0.1:5000": f"127.0.0.1:{port}",
        "demo-local": PROJECT,
        "ada@clinic.example": f"{uuid4()}@clinic.example",
        ".venv/bin/python": f"PYTHONPATH={ROOT} {PYTHON}",
    }
    commands = []
    for line in shell_lines(part):
        for words, others in here.items():
            line = line.replace(words, others)  # noqa: PLW2901 - one after the other
        tells_people = line.startswith("echo") or "set_role" in line
        commands.append(f"{line} > /dev/null" if tells_people else line)
    with local_runner(tmp_path, settings, int(port)):
        booked, mine, unknown, refused, everybodys = paste(commands, tmp_path)
    assert (booked[0], booked[1]["status"]) == (201, "booked")
    assert mine == (200, {"appointments": [booked[1]], "next_page_token": None})
    assert (unknown[0], unknown[1]["code"]) == (401, "unauthenticated")
    assert (refused[0], refused[1]["code"]) == (403, "forbidden")
    assert everybodys == mine
