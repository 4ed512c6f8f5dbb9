"""Each rule is seen to find what it is for, in the document of the last release."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.openapi.document import document
from tests.compatibility.breaking_changes import breaking_changes

RELEASED: Any = json.loads((Path(__file__).parent / "released.json").read_text("utf-8"))

Change = Callable[[Any], object]


def schema(document: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return document["components"]["schemas"][name]


def test_no_app_that_was_made_for_the_last_release_breaks() -> None:
    assert breaking_changes(RELEASED, document()) == [], "see docs/compatibility.md"


BOOK = "POST /create_appointment"

BREAKING: dict[str, tuple[Change, list[str]]] = {
    "a function goes": (
        lambda d: d["paths"].pop("/deliver_events"),
        [
            "gone: POST /deliver_events: answers 200 with DeliveredEvents as application/json",
            "gone: POST /deliver_events: answers 200 with the header API-Version",
            "gone: POST /deliver_events: answers 200 with the header Request-Id",
            "gone: POST /deliver_events: refuses with Problem as application/problem+json",
            "gone: POST /deliver_events: deliver_events of Events",
            "gone: POST /deliver_events: is open to bearer",
            "gone: POST /deliver_events: is open to bearer and appCheck",
            "gone: POST /deliver_events: succeeds with 200",
            "gone: DeliveredEvents.delivered: is always there",
            "gone: DeliveredEvents.delivered: is integer",
            "gone: DeliveredEvents.delivered: is never null",
            "gone: DeliveredEvents.failed: is always there",
            "gone: DeliveredEvents.failed: is integer",
            "gone: DeliveredEvents.failed: is never null",
        ],
    ),
    "a function gets another name in clients": (
        lambda d: d["paths"]["/create_appointment"]["post"].update(operationId="book"),
        [f"gone: {BOOK}: create_appointment of Appointments"],
    ),
    "a public function asks for a token": (
        lambda d: d["paths"]["/list_doctors"]["get"].update(security=[{"bearer": []}]),
        [
            "gone: GET /list_doctors: is open to appCheck",
            "gone: GET /list_doctors: is open to bearer and appCheck",
            "gone: GET /list_doctors: is open to everybody",
        ],
    ),
    "a function answers something else": (
        lambda d: d["paths"]["/create_appointment"]["post"]["responses"]["201"]["content"][
            "application/json"
        ].update(schema={"$ref": "#/components/schemas/ValidatedAppointment"}),
        [f"gone: {BOOK}: answers 201 with Appointment as application/json"],
    ),
    "a function takes another kind of body": (
        lambda d: d["paths"]["/hold_time"]["post"]["requestBody"].update(
            content={"text/json": {"schema": {"$ref": "#/components/schemas/NewHold"}}}
        ),
        ["gone: POST /hold_time: takes NewHold as application/json"],
    ),
    "a refusal is something else": (
        lambda d: d["components"]["responses"]["SeriesUnavailable"]["content"][
            "application/problem+json"
        ].update(schema={"$ref": "#/components/schemas/Opening"}),
        ["gone: POST /create_series: refuses with Problem as application/problem+json"],
    ),
    "a function succeeds in one more way": (
        lambda d: d["paths"]["/create_appointment"]["post"]["responses"].update(
            {"200": d["paths"]["/create_appointment"]["post"]["responses"]["201"]}
        ),
        [f"gone: {BOOK}: succeeds with 201"],
    ),
    "an answer loses a header": (
        lambda d: d["paths"]["/get_appointment"]["get"]["responses"]["200"]["headers"].pop("ETag"),
        ["gone: GET /get_appointment: answers 200 with the header ETag"],
    ),
    "a parameter goes": (
        lambda d: d["paths"]["/list_doctors"]["get"]["parameters"].pop(0),
        ["gone: GET /list_doctors query page_size: takes integer"],
    ),
    "a parameter is needed": (
        lambda d: d["paths"]["/list_doctors"]["get"]["parameters"][0].update(required=True),
        ["demanded: GET /list_doctors: needs query page_size True"],
    ),
    "a parameter is limited more": (
        lambda d: d["paths"]["/list_doctors"]["get"]["parameters"][0]["schema"].update(maximum=99),
        ["demanded: GET /list_doctors query page_size: maximum 99"],
    ),
    "a body loses a field": (
        lambda d: schema(d, "NewAppointment")["properties"].pop("reason"),
        ["gone: NewAppointment.reason: takes null", "gone: NewAppointment.reason: takes string"],
    ),
    "a body needs a field": (
        lambda d: schema(d, "NewAppointment")["required"].append("reason"),
        ["demanded: NewAppointment: needs reason True"],
    ),
    "a field of a body gets shorter": (
        lambda d: schema(d, "NewAppointment")["properties"]["reason"].update(maxLength=999),
        ["demanded: NewAppointment.reason: maxLength 999"],
    ),
    "a field of a body gets a limit": (
        lambda d: schema(d, "NewAppointment")["properties"]["reason"].update(minLength=1),
        ["demanded: NewAppointment.reason: minLength 1"],
    ),
    "a field of a body gets another form": (
        lambda d: schema(d, "NewAppointment")["properties"]["hold_id"].update(pattern="^h"),
        ["demanded: NewAppointment.hold_id: pattern ^h"],
    ),
    "a field of a body takes no null": (
        lambda d: schema(d, "NewAppointment")["properties"]["reason"].pop("nullable"),
        ["gone: NewAppointment.reason: takes null"],
    ),
    "a rule cannot be allowed any more": (
        lambda d: schema(d, "BookingRule")["enum"].remove("too_soon"),
        ["gone: BookingRule: takes too_soon"],
    ),
    "an answer loses a property": (
        lambda d: schema(d, "Problem")["properties"].pop("earliest"),
        [
            "gone: Problem.earliest: is never null",
            "gone: Problem.earliest: is string date-time",
        ],
    ),
    "a property may be absent": (
        lambda d: schema(d, "Opening")["required"].remove("doctor_name"),
        ["gone: Opening.doctor_name: is always there"],
    ),
    "a property may be null": (
        lambda d: schema(d, "Opening")["properties"]["doctor_name"].update(nullable=True),
        ["gone: Opening.doctor_name: is never null"],
    ),
    "a property has another type": (
        lambda d: schema(d, "Appointment")["properties"]["version"].update(type="string"),
        ["gone: Appointment.version: is integer"],
    ),
    "a time has another format": (
        lambda d: schema(d, "Opening")["properties"]["start"].pop("format"),
        ["gone: Opening.start: is string date-time"],
    ),
    "a closed enumeration grows": (
        lambda d: schema(d, "AppointmentStatus")["enum"].append("waiting"),
        [
            "gone: AppointmentStatus: is one of booked, cancelled, arrived, fulfilled, no_show",
        ],
    ),
}


@pytest.mark.parametrize("change", BREAKING)
def test_it_finds_that(change: str) -> None:
    make, expected = BREAKING[change]
    changed = deepcopy(RELEASED)
    make(changed)
    assert breaking_changes(RELEASED, changed) == sorted(expected)


HARMLESS: dict[str, Change] = {
    "a function comes": lambda d: d["paths"].update(
        {"/new": deepcopy(d["paths"]["/create_appointment"])}
    ),
    "a body takes one more field": lambda d: schema(d, "NewAppointment")["properties"].update(
        color={"type": "string", "maxLength": 9}
    ),
    "a field of a body gets longer": lambda d: schema(d, "NewAppointment")["properties"][
        "reason"
    ].update(maxLength=2000),
    "one more rule can be allowed": lambda d: schema(d, "BookingRule")["enum"].append("day_full"),
    "an answer has one more property": lambda d: schema(d, "Appointment")["properties"].update(
        room={"type": "string"}
    ),
    "a property is always there": lambda d: schema(d, "Appointment")["required"].append("reason"),
    "a code comes": lambda d: schema(d, "Problem")["properties"]["code"][
        "x-extensible-enum"
    ].append("too_hot"),
    "a refusal comes": lambda d: d["paths"]["/list_doctors"]["get"]["responses"].update(
        {"404": {"$ref": "#/components/responses/UnknownDoctor"}}
    ),
    "an answer has one more header": lambda d: d["paths"]["/list_doctors"]["get"]["responses"][
        "200"
    ]["headers"].update(ETag={"schema": {"type": "string"}}),
    "words change": lambda d: schema(d, "Appointment").update(description="A visit."),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_apps_may_meet_that(change: str) -> None:
    changed = deepcopy(RELEASED)
    HARMLESS[change](changed)
    assert changed != RELEASED
    assert breaking_changes(RELEASED, changed) == []
