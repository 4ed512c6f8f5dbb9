"""Requests about overrides that nobody should send: each is refused, and names the field."""

import pytest

from tests.builders import doctor
from tests.functions.api import Api, Json, field_errors
from tests.functions.test_create_override import MAKE, MONDAY

# What nobody should send


NO_TEXTS: list[object] = [None, 1, ["strange"], {}]
NO_TIMES: list[object] = [
    *(None, 1, True, {}, "", "tomorrow", "2050-11-31", "2050-02-29", "20501121"),
    *("2050-11-21Z", "2050-11-21\n", "2050-11-2", "2050-11-21 09:00", "2050-11-21T24:00"),
    *("2050-11-21T09:00 01:00", "２０５０-11-21"),  # noqa: RUF001 - wide digits
]
BAD: list[tuple[Json, str, str]] = [
    *(({"doctor_id": value}, "doctor_id", "string_type") for value in NO_TEXTS),
    *(({"doctor_id": v}, "doctor_id", "string_pattern_mismatch") for v in ("", "a/b", "a" * 129)),
    *(({"kind": value}, "kind", "literal_error") for value in (None, "", "holiday", 1, "TIME_OFF")),
    *(({name: value}, name, "time") for name in ("start", "end") for value in NO_TIMES),
    *(({"start": v}, "start", "time_out_of_range") for v in ("1899-12-31", "0001-01-01T00:00")),
    *(({"end": v}, "end", "time_out_of_range") for v in ("9999-01-01", "9999-12-31T23:59Z")),
    ({"start": "2050-11-21T09:00:01"}, "start", "whole_minutes"),
    ({"end": "2050-11-21T23:00:00.5Z"}, "end", "whole_minutes"),
    ({"end": "2050-11-20"}, "end", "not_after_start"),
    ({"end": "2050-11-21T00:00"}, "end", "not_after_start"),
    ({"end": "2050-11-21T05:00Z"}, "end", "not_after_start"),
    ({"start": "2051-03-12T02:15", "end": "2051-03-12T02:45"}, "end", "not_after_start"),
    ({"end": "2051-11-22"}, "end", "window_too_long"),
    ({"start": "2050-11-21T00:00", "end": "2051-11-22T00:01"}, "end", "window_too_long"),
    ({"start": "2050-11-21T05:00Z", "end": "2051-11-22T05:01Z"}, "end", "window_too_long"),
    ({"start": "2050-11-21T05:00Z", "end": "2051-11-22"}, "end", "window_too_long"),
    ({"kind": "extra_hours", "end": "2050-11-22"}, "end", "another_date"),
    ({"kind": "extra_hours", "end": "2050-11-22T00:01"}, "end", "another_date"),
    ({"kind": "extra_hours", "start": "2050-11-20T23:00"}, "end", "another_date"),
    ({"note": 1}, "note", "string_type"),
    ({"note": "a" * 1001}, "note", "string_too_long"),
    *(({"note": f"a{c}b"}, "note", "control_character") for c in "\0\x1b\x7f\u202e\u2066\u200b"),
    ({"reason": "ill"}, "reason", "extra_forbidden"),
    ({"override_id": "strange.override.a"}, "override_id", "extra_forbidden"),
    ({"patient": {"name": "Ada"}}, "patient", "extra_forbidden"),
]


async def test_a_bad_request_is_refused_and_nothing_is_made(api: Api) -> None:
    for changes, field, kind in BAD:
        refused = await api.post(MAKE, {**MONDAY, **changes})
        assert field_errors(refused) == [(field, kind)], changes
    await api.book("2050-11-21T09:00")


async def test_a_date_that_a_zone_skipped_is_no_time_at_all(api: Api) -> None:
    apia = doctor((("08:00", "16:00"),), "Pacific/Apia", doctor_id="lost")
    await api.dependencies.store.put_doctors([apia])
    date = {"doctor_id": "lost", "start": "2011-12-30", "end": "2011-12-30"}
    assert field_errors(await api.post(MAKE, {**MONDAY, **date})) == [("end", "not_after_start")]


# The other two


@pytest.mark.parametrize(
    ("body", "field", "kind"),
    [
        ({}, "override_id", "missing"),
        *(({"override_id": value}, "override_id", "string_type") for value in NO_TEXTS),
        *(
            ({"override_id": value}, "override_id", "string_pattern_mismatch")
            for value in ("", "a/b", "strange.override.a\n", "a" * 129)
        ),
        ({"override_id": "strange.override.a", "doctor_id": "who"}, "doctor_id", "extra_forbidden"),
    ],
)
async def test_a_deletion_names_an_override_and_nothing_else(
    api: Api, body: Json, field: str, kind: str
) -> None:
    assert field_errors(await api.post("delete_override", body)) == [(field, kind)]


@pytest.mark.parametrize(
    ("query", "field", "kind"),
    [
        ("start=2050-11-21&end=2050-11-21", "doctor_id", "missing"),
        ("doctor_id=strange&end=2050-11-21", "start", "missing"),
        ("doctor_id=strange&start=2050-11-21", "end", "missing"),
        ("doctor_id=a/b&start=2050-11-21&end=2050-11-21", "doctor_id", "string_pattern_mismatch"),
        ("doctor_id=who&start=2050-11-21&end=2050-11-20", "end", "not_after_start"),
        ("doctor_id=who&start=2050-11-21&end=2050-11-21T00:00Z", "end", "not_after_start"),
        ("doctor_id=who&start=2050-11-21&end=2051-11-22", "end", "window_too_long"),
        ("doctor_id=who&start=2050-11-21T00:00Z&end=2051-11-22", "end", "window_too_long"),
        ("doctor_id=who&start=soon&end=2050-11-21", "start", "time"),
        ("doctor_id=who&start=1899-12-31&end=1900-11-21", "start", "time_out_of_range"),
        ("doctor_id=who&start=9998-12-31&end=9999-01-01", "end", "time_out_of_range"),
        (
            "doctor_id=who&start=2050-11-21&end=2050-11-21&page_size=0",
            "page_size",
            "greater_than_equal",
        ),
        (
            "doctor_id=who&start=2050-11-21&end=2050-11-21&page_size=1001",
            "page_size",
            "less_than_equal",
        ),
        ("doctor_id=who&start=2050-11-21&end=2050-11-21&page_token=W", "page_token", "page_token"),
        ("doctor_id=who&start=2050-11-21&end=2050-11-21&status=all", "status", "extra_forbidden"),
        (
            "doctor_id=who&doctor_id=strange&start=2050-11-21&end=2050-11-21",
            "doctor_id",
            "repeated",
        ),
    ],
)
async def test_a_list_names_a_doctor_and_a_window(
    api: Api, query: str, field: str, kind: str
) -> None:
    response = await api.client.get(f"/list_overrides?{query}")
    assert field_errors(response) == [(field, kind)]
