"""The running server against its own OpenAPI document, with requests right and wrong."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.end_to_end.processes import CLINIC, ROOT, Server, local_runner
from tests.examples import examples

# Not positive_data_acceptance: JSON Schema cannot say that a time exists in the calendar, that the
# end is after the start, or which doctors there are. The last test sends requests in which all of
# that is right, and says itself what must come of them.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
Case = schemathesis.Case[Any]

DOCUMENT: dict[str, Any] = json.loads((ROOT / "public/openapi.json").read_text("utf-8"))


def without_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, but for tokens: the local server asks for none."""
    paths = {
        path: {method: {**function, "security": []} for method, function in functions.items()}
        for path, functions in document["paths"].items()
    }
    return {**document, "paths": paths}


ANY_REQUEST = schemathesis.openapi.from_dict(without_tokens(DOCUMENT))
RIGHT_REQUEST = schemathesis.openapi.from_dict(
    without_tokens(DOCUMENT),
    config=schemathesis.Config.from_dict({"generation": {"mode": "positive"}}),
)

WINDOW = {"start": "2099-03-02T09:00:00Z", "end": "2099-03-03T09:00:00Z"}
TIME = {"doctor_id": "strange", "start": "2099-03-02T09:00:00Z"}
PATIENT = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+44 1815 1852"}
AWAY = {
    "doctor_id": "strange",
    "start": "2099-05-04T13:00:00Z",
    "end": "2099-05-04T14:00:00Z",
}
SERIES = {
    "doctor_id": "strange",
    "start": "2099-06-01T13:00:00Z",
    "duration_minutes": 30,
    "patient": PATIENT,
    "rule": "FREQ=WEEKLY;COUNT=2",
}
REAL: dict[str, dict[str, Any]] = {
    "create_appointment": {**TIME, "patient": PATIENT},
    "validate_appointment": {**TIME, "patient": PATIENT},
    "list_appointments": {"doctor_id": "strange", **WINDOW},
    "first_available": {"after": WINDOW["start"], "until": WINDOW["end"]},
    "get_appointment": {},
    "cancel_appointment": {},
    "update_appointment": {"patient": PATIENT},
    "mark_appointment": {"status": "arrived"},
    "reschedule_appointment": TIME,
    "list_doctors": {},
    "list_services": {},
    "list_openings": {"doctor_id": "strange", "duration_minutes": 30, **WINDOW},
    "export_patient": {"patient_id": "ada"},
    "erase_patient": {"patient_id": "ada"},
    "create_override": AWAY,
    "delete_override": {},
    "list_overrides": {"doctor_id": "strange", **WINDOW},
    "hold_time": TIME,
    "release_hold": {},
    "create_series": {**TIME, "patient": PATIENT, "rule": "FREQ=DAILY;COUNT=2"},
    "cancel_series": {},
    "appointment_calendar": {},
    "create_calendar_link": {"doctor_id": "strange"},
    "doctor_calendar": {},
    "deliver_events": {},
}
"""Members that are replaced, so that a request is about a doctor who is there and a real time."""
NOT_IN_THE_SCHEMA = {
    # Beside duration_minutes, or without; Unicode; those of the clinic; those that are live.
    "create_appointment": {"end", "reason", "service_id", "hold_id"},
    "validate_appointment": {"end", "reason", "service_id", "hold_id"},
    "list_appointments": {"page_token", "patient_id"},  # only those given out; or a doctor
    "first_available": {"doctor_id", "step_minutes", "service_id"},  # a divisor of 1440
    "get_appointment": set(),
    "cancel_appointment": {"reason"},
    "update_appointment": {"reason"},
    "mark_appointment": set(),
    "reschedule_appointment": {"end"},
    "list_doctors": {"page_token"},
    "list_services": set(),
    "list_openings": {"step_minutes", "service_id"},
    "export_patient": {"page_token", "appointment_ids"},  # either these or a patient
    "erase_patient": {"appointment_ids"},
    "create_override": {"note"},
    "delete_override": set(),
    "list_overrides": {"page_token"},
    "hold_time": {"end", "service_id"},
    "release_hold": set(),
    "create_series": {"end", "reason", "service_id"},
    "cancel_series": {"after", "reason"},
    "appointment_calendar": set(),
    "create_calendar_link": set(),
    "doctor_calendar": set(),
    "deliver_events": set(),
}
"""Members that are left out, because their rules are none that JSON Schema could express."""
TIMED = {"create_appointment", "validate_appointment", "hold_time", "create_series"}
"""Those that ask for a time, and so for its length."""
RULES_DECIDE = {
    "create_appointment": {201, 409, 422},
    "validate_appointment": {200, 409, 422},
    "list_appointments": {200, 304},
    "first_available": {200},
    "get_appointment": {200, 304},
    "cancel_appointment": {200, 412},
    "update_appointment": {200, 412},
    "mark_appointment": {412, 422},
    "reschedule_appointment": {200, 409, 412, 422},
    "list_doctors": {200},
    "list_services": {200},
    "list_openings": {200},
    "export_patient": {200},
    "erase_patient": {200},
    "create_override": {201, 422},
    "delete_override": {200},
    "list_overrides": {200},
    "hold_time": {201, 409, 422},
    "release_hold": {200},
    "create_series": {201, 409, 422},
    "cancel_series": {200},
    "appointment_calendar": {200, 304},
    "create_calendar_link": {200, 201},
    "doctor_calendar": {200, 304},
    "deliver_events": {200},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("contract")
    with local_runner(folder, {"DOCTORS_FILE": CLINIC}) as server:
        yield server


def test_the_server_gives_out_the_document_of_this_repository(server: Server) -> None:
    assert server.get("/openapi.json").json() == DOCUMENT


MINUTES = count()


def booked(server: Server) -> str:
    """The id of an appointment of a minute, on a day of which no other test knows."""
    hours, minutes = divmod(next(MINUTES), 60)
    wish = {"start": f"2099-03-04T{9 + hours:02}:{minutes:02}:00Z", "duration_minutes": 1}
    body = {"doctor_id": "strange", "patient": {"name": "Ada Lovelace"}, **wish}
    answer = server.post("/create_appointment", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@ANY_REQUEST.parametrize()
@examples(15)
def test_every_request_is_answered_as_documented(case: Case, server: Server) -> None:
    case.call_and_validate(server.url, checks=CHECKS)


@RIGHT_REQUEST.parametrize()
@examples(15)
def test_a_right_request_for_a_real_time_is_for_the_rules_to_decide(
    case: Case, server: Server
) -> None:
    operation = case.operation.path.strip("/")
    members = case.body if case.method == "POST" else case.query
    if operation == "deliver_events":
        members = {}  # It takes no body.
    assert isinstance(members, dict)
    for name in NOT_IN_THE_SCHEMA[operation]:
        members.pop(name, None)
    members.update(REAL[operation])
    if "appointment_id" in members:
        members["appointment_id"] = booked(server)
    if "override_id" in members:
        made = server.post("/create_override", {**AWAY, "kind": "time_off"})
        members["override_id"] = made.json()["override_id"]
    if "series_id" in members:
        made = server.post("/create_series", SERIES)
        members["series_id"] = made.json()["series_id"]
    if "token" in members:
        link = server.post("/create_calendar_link", {"doctor_id": "strange"})
        members["token"] = link.json()["token"]
    if operation in TIMED and members.get("duration_minutes") is None:
        members["duration_minutes"] = 30
    answer = case.call_and_validate(server.url, checks=CHECKS)
    assert answer.status_code in RULES_DECIDE[operation], case.as_curl_command() + answer.text
