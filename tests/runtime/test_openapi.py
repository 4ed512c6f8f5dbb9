"""The document, as people and generators of clients read it; linters check the rest of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.http.schemas import list_openings
from shared.http.schemas.fields import LONGEST_DAYS
from shared.runtime.endpoints import endpoints
from shared.runtime.openapi.document import document
from shared.runtime.openapi.glossary import GLOSSARY

DOCUMENT = document()
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    path.strip("/"): operation
    for path, methods in DOCUMENT["paths"].items()
    for operation in methods.values()
}
REFERENCE = "#/components/schemas/"
SERIES_PAGE = Path(__file__).parents[2] / "docs" / "holds-and-series.md"


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in SCHEMAS.items():
        for key, field in schema.get("properties", {}).items():
            yield f"{name}.{key}", field


def responses(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    shared = DOCUMENT["components"]["responses"]
    for status, response in operation["responses"].items():
        yield (
            status,
            shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response,
        )


def test_every_property_has_a_meaning_and_an_example_or_a_schema_that_has_them() -> None:
    bare = [
        name
        for name, field in properties()
        if "$ref" not in field and not (field["description"] and "example" in field)
    ]
    assert bare == []
    assert [name for name, s in SCHEMAS.items() if not (s["description"] and "example" in s)] == []


def test_every_word_of_the_glossary_is_a_property_or_a_parameter() -> None:
    parameters = {p["name"] for o in OPERATIONS.values() for p in o.get("parameters", ())}
    paths = {name for name, _ in properties()}
    used = paths | {path.partition(".")[2] for path in paths} | parameters
    assert GLOSSARY.keys() - used == set()


def test_nothing_that_may_be_left_out_of_a_body_has_a_default() -> None:
    # Some generators take a field with a default for one that has to be sent.
    assert [name for name, field in properties() if "default" in field] == []


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("list_appointments", LONGEST_DAYS),
        ("list_overrides", LONGEST_DAYS),
        ("list_openings", list_openings.LONGEST_CALENDAR),
    ],
)
def test_a_list_says_how_long_its_window_may_be(name: str, days: int) -> None:
    assert f"at most {days} days long" in OPERATIONS[name]["description"]


def test_what_is_meant_by_a_bound_that_is_left_out_is_said_beside_what_a_bound_is() -> None:
    bounds = {p["name"]: p["description"] for p in OPERATIONS["first_available"]["parameters"]}
    assert bounds["after"].startswith("The earliest start; now if it is left out. RFC 3339. ")
    assert "; if it is left out, 90 days after the earliest start. " in bounds["until"]
    assert ". RFC 3339. " in bounds["until"]
    after = SCHEMAS["CancelSeries"]["properties"]["after"]["description"]
    assert after.startswith("The earliest start of what is cancelled; now if it is left out. RFC ")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_function_has_one_schema_for_success_and_one_for_all_problems(name: str) -> None:
    by_status = dict(responses(OPERATIONS[name]))
    successes = {str(s.get("schema")) for s in contents(by_status, "2")}
    problems = {s["schema"]["$ref"] for s in contents(by_status, "45")}
    assert len(successes) == 1
    assert problems == {REFERENCE + "Problem"}


def contents(by_status: dict[str, dict[str, Any]], begins: str) -> list[dict[str, Any]]:
    return [
        content
        for status, response in by_status.items()
        if status[0] in begins
        for content in response["content"].values()
    ]


def test_every_problem_has_an_example_with_its_code_and_its_status() -> None:
    for name, function in endpoints().items():
        shown = {
            (status, kind, example["value"]["code"], example["value"]["status"])
            for status, response in responses(OPERATIONS[name])
            if status[0] in "45"
            for content in response["content"].values()
            for kind, example in content["examples"].items()
        }
        kinds = function.all_problems()
        assert shown == {(str(k.status), k.__name__, k.code, k.status) for k in kinds}


def test_who_only_looks_is_not_told_that_they_book_too_much() -> None:
    (shown,) = [r for status, r in responses(OPERATIONS["list_doctors"]) if status == "429"]
    (example,) = shown["content"]["application/problem+json"]["examples"].values()
    expected = "you send requests faster than is allowed; wait, then send fewer"
    assert example["value"]["detail"] == expected


def test_examples_of_answers_show_what_the_function_did() -> None:
    cancelled = OPERATIONS["cancel_appointment"]["responses"]["200"]["content"]
    assert cancelled["application/json"]["example"]["status"] == "cancelled"
    booked = OPERATIONS["create_appointment"]["responses"]["201"]["content"]
    assert booked["application/json"]["example"] == {
        "start": "2030-01-07T09:00:00Z",
        "end": "2030-01-07T09:30:00Z",
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "duration_minutes": 30,
        "time_zone": "UTC",
        "patient": {
            "name": "Ada Lovelace",
            "email": "ada@example.org",
            "phone": "+44 1815 1852",
        },
        "reason": "a sore shoulder",
        "status": "booked",
        "id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "version": 1,
        "created_at": "2029-12-20T10:15:00Z",
        "updated_at": "2029-12-20T10:15:00Z",
    }


def test_how_far_a_series_may_go_is_described() -> None:
    described = SCHEMAS["NewSeries"]["properties"]["rule"]["description"]
    page = SERIES_PAGE.read_text("utf-8")
    for days in (36_600, 366):
        assert f"{days:,}" in described
        assert f"{days:,} days" in page
