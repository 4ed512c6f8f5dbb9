"""Values that nobody should send in a body: each is refused with a problem that names the field."""

import pytest

from tests.functions.api import MONDAY_AT_NINE, Api, Json, field_errors

DEEP: Json = {}
for _ in range(50):
    DEEP = {"patient": DEEP}

BAD_VALUES: list[tuple[str, object, str, str]] = [
    ("doctor_id", None, "doctor_id", "string_type"),
    ("doctor_id", 1, "doctor_id", "string_type"),
    ("doctor_id", ["strange"], "doctor_id", "string_type"),
    ("doctor_id", "", "doctor_id", "string_pattern_mismatch"),
    ("doctor_id", "strange/days", "doctor_id", "string_pattern_mismatch"),
    ("doctor_id", "strange\n", "doctor_id", "string_pattern_mismatch"),
    ("doctor_id", "strange\0", "doctor_id", "string_pattern_mismatch"),
    ("doctor_id", "størånge", "doctor_id", "string_pattern_mismatch"),
    ("doctor_id", "a" * 129, "doctor_id", "string_pattern_mismatch"),
    ("start", None, "start", "time"),
    ("start", 2556109200, "start", "time"),
    ("start", True, "start", "time"),
    ("start", {}, "start", "time"),
    ("start", "", "start", "time"),
    ("start", "tomorrow", "start", "time"),
    ("start", "2050-11-21", "start", "time"),
    ("start", "2050-11-21 09:00", "start", "time"),
    ("start", "20501121T0900", "start", "time"),
    ("start", "2050-W47-1T09:00", "start", "time"),
    ("start", "2050-11-21T09", "start", "time"),
    ("start", "2050-11-21T09:00\n", "start", "time"),
    ("start", "2050-11-21T09:00\0", "start", "time"),
    ("start", "２０５０-11-21T09:00", "start", "time"),  # noqa: RUF001 - digits, but wide ones
    ("start", "2050-11-21T09:00+0100", "start", "time"),
    ("start", "2050-11-21T09:00[America/New_York]", "start", "time"),
    ("start", "2050-11-31T09:00", "start", "time"),
    ("start", "2050-02-29T09:00", "start", "time"),
    ("start", "2050-13-01T09:00", "start", "time"),
    ("start", "0000-01-01T00:00", "start", "time"),
    ("start", "2050-11-21T24:00", "start", "time"),
    ("start", "2050-11-21T09:60", "start", "time"),
    ("start", "2050-12-31T23:59:60Z", "start", "time"),
    ("start", "2050-11-21T09:00+24:00", "start", "time"),
    ("start", "2050-11-21T09:00-99:99", "start", "time"),
    ("start", "2050-11-21T09:00+05:60", "start", "time"),
    ("start", "0001-01-01T00:00", "start", "time_out_of_range"),
    ("start", "0001-01-01T00:00+23:59", "start", "time_out_of_range"),
    ("start", "9999-12-31T23:59", "start", "time_out_of_range"),
    ("start", "9999-12-31T23:59-23:59", "start", "time_out_of_range"),
    ("end", "9999-12-31T23:59Z", "end", "time_out_of_range"),
    ("end", 30, "end", "time"),
    ("duration_minutes", True, "duration_minutes", "int_type"),
    ("duration_minutes", "30", "duration_minutes", "int_type"),
    ("duration_minutes", 30.5, "duration_minutes", "int_type"),
    ("duration_minutes", 1e300, "duration_minutes", "less_than_equal"),
    ("duration_minutes", [30], "duration_minutes", "int_type"),
    ("duration_minutes", 0, "duration_minutes", "greater_than_equal"),
    ("duration_minutes", -30, "duration_minutes", "greater_than_equal"),
    ("duration_minutes", 1441, "duration_minutes", "less_than_equal"),
    ("duration_minutes", 10**4000, "duration_minutes", "less_than_equal"),
    ("patient", None, "patient", "model_type"),
    ("patient", "Ada Lovelace", "patient", "model_type"),
    ("patient", [{"name": "Ada"}], "patient", "model_type"),
    ("patient", {}, "patient.name", "missing"),
    ("patient", {"name": None}, "patient.name", "string_type"),
    ("patient", {"name": 1}, "patient.name", "string_type"),
    ("patient", {"name": ""}, "patient.name", "string_too_short"),
    ("patient", {"name": " \t\n\u00a0\u3000"}, "patient.name", "string_too_short"),
    ("patient", {"name": "\u200b\x00\x7f\ufeff"}, "patient.name", "string_pattern_mismatch"),
    ("patient", {"name": "a" * 201}, "patient.name", "string_too_long"),
    ("patient", {"name": "Ada", "email": "ada"}, "patient.email", "string_pattern_mismatch"),
    ("patient", {"name": "Ada", "email": "a@b c"}, "patient.email", "string_pattern_mismatch"),
    ("patient", {"name": "Ada", "phone": "none"}, "patient.phone", "string_pattern_mismatch"),
    ("patient", {"name": "Ada", "phone": 5550199}, "patient.phone", "string_type"),
    ("patient", {"name": "Ada", "nmae": "x"}, "patient.nmae", "extra_forbidden"),
    ("patient", {"name": DEEP}, "patient.name", "string_type"),
    ("reason", 1, "reason", "string_type"),
    ("reason", "a" * 1001, "reason", "string_too_long"),
    ("validate_only", "true", "validate_only", "bool_type"),
    ("validate_only", 1, "validate_only", "bool_type"),
    ("idempotency_key", "k", "idempotency_key", "extra_forbidden"),
    ("", 1, "", "extra_forbidden"),
]


@pytest.mark.parametrize(
    ("name", "value", "field", "kind"),
    BAD_VALUES,
    ids=[f"{name}={value!r:.30}" for name, value, *_ in BAD_VALUES],
)
async def test_a_bad_value_is_refused_and_its_field_is_named(
    api: Api, name: str, value: object, field: str, kind: str
) -> None:
    body = {**MONDAY_AT_NINE, name: value}
    if name == "end":
        del body["duration_minutes"]
    assert field_errors(await api.create(body)) == [(field, kind)]


@pytest.mark.parametrize("name", ["doctor_id", "start", "duration_minutes", "patient"])
async def test_what_is_required_is_named_where_it_is_missing(api: Api, name: str) -> None:
    body = {k: v for k, v in MONDAY_AT_NINE.items() if k != name}
    assert field_errors(await api.create(body)) == [(name, "missing")]


async def test_where_neither_length_is_given_the_message_knows_of_both(api: Api) -> None:
    response = await api.ask(duration_minutes=None)
    assert response.json()["errors"] == [
        {
            "field": "duration_minutes",
            "message": "is required unless end is sent",
            "type": "missing",
        }
    ]


async def test_a_duration_and_an_end_are_one_too_many(api: Api) -> None:
    assert field_errors(await api.ask(end="2050-11-21T09:30")) == [("end", "too_many")]


async def test_all_wrong_fields_are_named_at_once(api: Api) -> None:
    response = await api.create({"start": "soon", "duration_minutes": 0, "patient": {}})
    assert field_errors(response) == [
        ("doctor_id", "missing"),
        ("start", "time"),
        ("duration_minutes", "greater_than_equal"),
        ("patient.name", "missing"),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("duration", 'is not a known name; did you mean "duration_minutes"?'),
        ("doctorId", 'is not a known name; did you mean "doctor_id"?'),
        (
            "colour",
            (
                "is not a known name; use one of start, end, duration_minutes, doctor_id, patient,"
                " reason, validate_only"
            ),
        ),
    ],
)
async def test_an_unknown_field_is_answered_with_what_may_have_been_meant(
    api: Api, name: str, message: str
) -> None:
    response = await api.create({**MONDAY_AT_NINE, name: 1})
    assert field_errors(response) == [(name, "extra_forbidden")]
    assert response.json()["errors"][0]["message"] == message


@pytest.mark.parametrize(
    "changes",
    [
        {"doctor_id": "a/b"},
        {"patient": {"name": "Ada", "email": "ada"}},
        {"patient": {"name": "Ada", "phone": "none"}},
    ],
    ids=["doctor_id", "email", "phone"],
)
async def test_a_message_is_for_people_and_shows_no_regular_expression(
    api: Api, changes: Json
) -> None:
    (error,) = (await api.ask(**changes)).json()["errors"]
    assert "pattern" not in error["message"]


async def test_an_unknown_field_of_the_patient_has_a_hint_too(api: Api) -> None:
    (error,) = (await api.ask(patient={"name": "Ada", "mail": "a@b.c"})).json()["errors"]
    assert error["message"] == 'is not a known name; did you mean "email"?'


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Żółć",
        "李小龍",
        "عمر",
        "\U0001f469\u200d\u2695",
        "O'Brien \\ %s",
        'a "quoted" name',
        "<b>&amp;</b>",
    ],
)
async def test_a_name_comes_back_as_it_was_sent(api: Api, name: str) -> None:
    response = await api.ask(patient={"name": name})
    assert response.json()["patient"] == {"name": name}
    assert (await api.listed())[0]["patient"] == {"name": name}


async def test_lengths_are_counted_in_characters_not_in_bytes(api: Api) -> None:
    response = await api.ask(patient={"name": "字" * 200}, reason="字" * 1000)
    assert response.status_code == 201
