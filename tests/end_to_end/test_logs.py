"""The log of deployed functions, as Cloud Logging reads it: field by field, and for secrets."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.access.issuing import unsigned
from tests.end_to_end.processes import CLINIC, Server, container, functions
from tests.ports import HOST

ALONE = ("create_appointment", "list_appointments", "get_appointment")
"""Those that have a process of their own, as Cloud Functions has them; a container has the rest."""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NOW = int(time.time())
TOKEN = unsigned(
    {
        "iss": "https://securetoken.google.com/demo-logs",
        "aud": "demo-logs",
        "sub": "zoe-secret",
        "role": "staff",
        "email": "zoe@secret.example",
        "iat": NOW,
        "auth_time": NOW,
        "exp": NOW + 3600,
        "firebase": {"sign_in_provider": "password"},
    }
)
HEADERS = {
    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    "Authorization": f"Bearer {TOKEN}",
    "Idempotency-Key": "secret-key",
    "User-Agent": "secret-agent",
}
PATIENT = {"name": "Zoe Secret", "email": "zoe@secret.example", "phone": "+44 secret 7946 0958"}
# Nothing that the random digits of an id could spell.
SECRETS = re.compile(r"secret|zoe|7946 0958", re.IGNORECASE)

FIELDS = {
    "severity": str,
    "message": str,
    "function": str,
    "method": str,
    "status": int,
    "code": str,
    "request_id": str,
    "latency_ms": float,
    "attempts": int,
    "batch_size": int,
    "reads": int,
    "writes": int,
    "logging.googleapis.com/trace": str,
    "logging.googleapis.com/spanId": str,
    "logging.googleapis.com/trace_sampled": bool,
}

Line = dict[str, Any]


class Deployment:
    """Some functions, each a server of its own, and one of all others, on one store."""

    def __init__(self, alone: Mapping[str, Server], others: Server) -> None:
        self.alone = alone
        self._others = others
        self.servers = [*alone.values(), others]
        self._read = [0] * len(self.servers)

    def call(
        self,
        function: str,
        headers: Mapping[str, str] = HEADERS,
        **request: Any,  # noqa: ANN401 - of httpx
    ) -> httpx.Response:
        """The answer to a request that is full of secrets."""
        method = "POST" if request.keys() & {"json", "content"} else "GET"
        headers = {**HEADERS, **headers, "Content-Type": "application/json"}
        url = f"{self.alone.get(function, self._others).url}/{function}"
        return httpx.request(method, url, headers=headers, trust_env=False, timeout=30, **request)

    def log(self) -> list[Line]:
        """All lines that are new since the last look: each is JSON, and nothing is a secret."""
        found = []
        for number, server in enumerate(self.servers):
            written = server.errors.read_text()[self._read[number] :]
            self._read[number] += len(written)
            assert not SECRETS.search(written), written
            assert not any(part in written for part in TOKEN.split(".") if part)
            found += [json.loads(line) for line in written.splitlines()]
        return found


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("logs")
    settings = {
        "STORE": "sqlite:appointments.db",
        "DOCTORS_FILE": CLINIC,
        # Google Cloud sets it; then the framework configures logging for itself.
        "LOG_EXECUTION_ID": "true",
        "AUTH": "firebase",
        "GOOGLE_CLOUD_PROJECT": "demo-logs",
        "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:9",  # Nobody need listen there.
    }
    with (
        functions(*ALONE, folder=folder, settings=settings) as servers,
        container(folder, settings) as others,
    ):
        deployment = Deployment(dict(zip(ALONE, servers, strict=True)), others)
        yield deployment
        for server in deployment.servers:
            server.process.terminate()
        assert [server.wait() for server in deployment.servers] == [""] * 4  # Nothing else.


def outcomes(lines: list[Line]) -> list[tuple[str, str, int, str]]:
    return [(line["function"], line["method"], line["status"], line["code"]) for line in lines]


def use_others(deployment: Deployment, appointment_id: str) -> None:
    """Read an appointment's calendar and a doctor's, whose link nobody writes down, and deliver."""
    call = deployment.call
    call("appointment_calendar", params={"appointment_id": appointment_id})
    token = call("create_calendar_link", json={"doctor_id": "strange"}).json()["token"]
    call("doctor_calendar", params={"token": token})
    call("doctor_calendar", params={"token": "strange.secret-link"})
    call("deliver_events", json={"message": {"data": "a secret"}})
    written = [server.errors.read_text() for server in deployment.servers]
    assert not any(token.rpartition(".")[2] in text for text in written)


def test_every_function_logs_every_request_in_these_fields_and_never_a_secret(
    deployment: Deployment,
) -> None:
    call = deployment.call
    booking = {"doctor_id": "strange", "start": "2099-03-02T09:00Z", "duration_minutes": 30}
    booking |= {"patient": PATIENT, "reason": "a secret reason"}
    call("validate_appointment", json=booking)
    appointment = call("create_appointment", json=booking).json()
    call("create_appointment", json=booking)
    call("create_appointment", json={**booking, "start": "Zoe Secret"})
    call("create_appointment", content='{"secret": ')
    call("create_appointment", json={**booking, "secret_field": 1})
    window = {"start": "2099-03-02T00:00Z", "end": "2099-03-03T00:00Z", "doctor_id": "strange"}
    call("list_appointments", params=window)
    call("list_appointments", params={**window, "page_token": "secret-token"})
    call("first_available", params={"doctor_id": "zoe-secret"})
    this = {"appointment_id": appointment["id"]}
    call("get_appointment", params=this)
    move = {**this, "start": "2099-03-03T09:00Z"}
    call("reschedule_appointment", json=move)
    call("reschedule_appointment", json=move, headers={"Idempotency-Key": "another-secret"})
    call("update_appointment", json={**this, "reason": "a secret correction"})
    call("mark_appointment", json={**this, "status": "arrived"})
    call("cancel_appointment", json={**this, "reason": "another secret reason"})
    call("export_patient", params={"patient_id": "zoe-secret"})
    call("erase_patient", json={"appointment_ids": [appointment["id"]]})
    call("erase_patient", json={}, headers={"Authorization": "Bearer secret-token"})
    call("list_openings", params={**window, "service_id": "secret-service"})
    call("list_doctors")
    call("list_services")
    away = {"kind": "time_off", "start": "2099-03-05", "end": "2099-03-05", "note": "a secret note"}
    own_key = {"Idempotency-Key": "secret-override"}
    next_week = {"doctor_id": "strange", "start": "2099-03-09T09:00Z", "duration_minutes": 30}
    made = call("create_override", own_key, json={"doctor_id": "strange", **away}).json()
    call("list_overrides", params={**window, "end": "2099-03-06"})
    call("delete_override", json={"override_id": made["override_id"]})
    held = call("hold_time", {"Idempotency-Key": "secret-hold"}, json=next_week).json()
    call("release_hold", json={"hold_id": held["hold_id"]})
    call("release_hold", json={"hold_id": "ada-secret"})
    weekly = {**next_week, "patient": PATIENT, "rule": "FREQ=WEEKLY;COUNT=2"}
    call("create_series", json={**weekly, "rule": "FREQ=SECRET"})
    series = call("create_series", {"Idempotency-Key": "secret-series"}, json=weekly).json()
    call("cancel_series", json={"series_id": series["series_id"], "reason": "one more secret"})
    use_others(deployment, appointment["id"])

    lines = deployment.log()

    for line in lines:
        assert {field: type(value) for field, value in line.items()} == FIELDS
        assert line["severity"] == "INFO"
        assert line["message"].startswith(f"{line['function']} {line['status']} {line['code']} in ")
        assert 0 < line["latency_ms"] < 30_000
        assert line["logging.googleapis.com/trace"] == line["request_id"] == TRACE
        assert line["logging.googleapis.com/spanId"] == "00f067aa0ba902b7"
        assert line["logging.googleapis.com/trace_sampled"] is True
    assert outcomes(lines) == [
        ("create_appointment", "POST", 201, "ok"),
        ("create_appointment", "POST", 201, "replayed"),
        ("create_appointment", "POST", 400, "invalid_request"),
        ("create_appointment", "POST", 400, "invalid_request"),
        ("create_appointment", "POST", 400, "invalid_request"),
        ("list_appointments", "GET", 200, "ok"),
        ("list_appointments", "GET", 400, "invalid_request"),
        ("get_appointment", "GET", 200, "ok"),
        ("validate_appointment", "POST", 200, "ok"),
        ("first_available", "GET", 404, "unknown_doctor"),
        ("reschedule_appointment", "POST", 422, "idempotency_key_reused"),
        ("reschedule_appointment", "POST", 200, "ok"),
        ("update_appointment", "POST", 200, "ok"),
        ("mark_appointment", "POST", 422, "too_early"),
        ("cancel_appointment", "POST", 200, "ok"),
        ("export_patient", "GET", 200, "ok"),
        ("erase_patient", "POST", 200, "ok"),
        ("erase_patient", "POST", 401, "unauthenticated"),
        ("list_openings", "GET", 404, "unknown_service"),
        ("list_doctors", "GET", 200, "ok"),
        ("list_services", "GET", 200, "ok"),
        ("create_override", "POST", 201, "ok"),
        ("list_overrides", "GET", 200, "ok"),
        ("delete_override", "POST", 200, "ok"),
        ("hold_time", "POST", 201, "ok"),
        ("release_hold", "POST", 200, "ok"),
        ("release_hold", "POST", 200, "ok"),
        ("create_series", "POST", 400, "invalid_request"),
        ("create_series", "POST", 201, "ok"),
        ("cancel_series", "POST", 200, "ok"),
        ("appointment_calendar", "GET", 200, "ok"),
        ("create_calendar_link", "POST", 201, "ok"),
        ("doctor_calendar", "GET", 200, "ok"),
        ("doctor_calendar", "GET", 404, "unknown_calendar"),
        ("deliver_events", "POST", 200, "ok"),
    ]


def test_a_health_check_of_the_instance_is_not_logged_and_one_of_the_store_is(
    deployment: Deployment,
) -> None:
    for server in deployment.servers:
        assert server.get("/health").json() == {"status": "ok"}
    assert deployment.log() == []
    assert deployment.alone["get_appointment"].get("/health/store").json() == {"status": "ok"}
    assert outcomes(deployment.log()) == [("store_health", "GET", 200, "ok")]
