"""doctors.json: what it may say, and where a mistake in it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.directory.clinic_file import read_doctors
from shared.model.doctor import Doctor, WorkingHours
from shared.model.time_zones import time_zone
from shared.store.doctor_documents import doctor_from_document, doctor_to_document
from shared.store.port import StoreRefused
from shared.validation import place

SHIPPED = Path(__file__).parents[2] / "doctors.json"
BERLIN = time_zone("Europe/Berlin")
NINE_TO_FIVE = (WorkingHours(540, 1020),)
EIGHT_TO_FOUR = (WorkingHours(480, 960),)
UNKNOWN_ZONE = (
    'doctors[0].time_zone: "Mars" is not an IANA time zone;'
    ' use one such as "America/New_York" or "UTC"'
)


def file(**changes: object) -> str:
    """A file of one doctor, with other fields where the test says so."""
    entry: dict[str, Any] = {"id": "doom", "name": "Doctor Doom", "working_hours": []}
    return json.dumps({"doctors": [{**entry, **changes}]})


def hours(opens: object, closes: object, *days: object) -> dict[str, object]:
    return {"days": list(days or ("mon",)), "opens": opens, "closes": closes}


def week_of(*entries: object) -> tuple[tuple[WorkingHours, ...], ...]:
    (doctor,) = read_doctors(file(working_hours=entries), BERLIN)
    return doctor.week


def test_the_shipped_file_has_the_two_doctors_on_the_clinics_clock() -> None:
    assert read_doctors(SHIPPED.read_bytes(), BERLIN) == [
        Doctor("strange", "Doctor Strange", BERLIN, (NINE_TO_FIVE,) * 5 + ((), ())),
        Doctor("who", "Doctor Who", BERLIN, (EIGHT_TO_FOUR,) * 5 + ((), ())),
    ]


def test_a_doctor_may_have_a_time_zone_of_their_own() -> None:
    (doctor,) = read_doctors(file(time_zone="America/New_York"), BERLIN)
    assert doctor.zone.key == "America/New_York"


def test_doctors_come_in_order_of_their_ids() -> None:
    entries = [json.loads(file(id=i))["doctors"][0] for i in ("b", "c", "a")]
    doctors = read_doctors(json.dumps({"doctors": entries}), BERLIN)
    assert [doctor.id for doctor in doctors] == ["a", "b", "c"]


def test_several_entries_of_a_day_leave_a_break_in_whatever_order() -> None:
    week = week_of(hours("13:00", "17:30"), hours("08:15", "12:00"))
    assert week[0] == (WorkingHours(495, 720), WorkingHours(780, 1050))


def test_entries_of_a_day_may_touch() -> None:
    week = week_of(hours("08:00", "12:00"), hours("12:00", "13:00"))
    assert week[0] == (WorkingHours(480, 720), WorkingHours(720, 780))


def test_a_day_may_last_from_midnight_to_midnight() -> None:
    week = week_of(hours("00:00", "24:00", "sun"))
    assert week == ((), (), (), (), (), (), (WorkingHours(0, 1440),))


def mistake_in(text: str | bytes) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the tests look at the message
        read_doctors(text, BERLIN)
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "a/b"}, "doctors[0].id: "),
        ({"id": ""}, "doctors[0].id: "),
        ({"id": ".."}, "doctors[0].id: "),
        ({"id": "a" * 81}, "doctors[0].id: "),
        ({"id": 1}, "doctors[0].id: "),
        ({"name": ""}, "doctors[0].name: "),
        ({"name": "  "}, "doctors[0].name: "),
        ({"name": "a" * 201}, "doctors[0].name: "),
        ({"time_zone": "Mars"}, UNKNOWN_ZONE),
        ({"time_zone": 1}, "doctors[0].time_zone: "),
        ({"color": "red"}, "doctors[0].color: "),
        ({"working_hours": {}}, "doctors[0].working_hours: "),
        ({"working_hours": [{}]}, "doctors[0].working_hours[0].days: "),
        (
            {"working_hours": [hours("08:00", "09:00"), hours("8:00", "09:00")]},
            "doctors[0].working_hours[1].opens: ",
        ),
        (
            {"working_hours": [hours("08:60", "09:00")]},
            "doctors[0].working_hours[0].opens: ",
        ),
        (
            {"working_hours": [hours("08:00", "24:01")]},
            "doctors[0].working_hours[0].closes: ",
        ),
        (
            {"working_hours": [hours("08:00", "25:00")]},
            "doctors[0].working_hours[0].closes: ",
        ),
        ({"working_hours": [hours(8, "09:00")]}, "doctors[0].working_hours[0].opens: "),
        (
            {"working_hours": [hours("08:00", "09:00", "mon", "Tue")]},
            "doctors[0].working_hours[0].days[1]: ",
        ),
        (
            {"working_hours": [{"days": [], "opens": "08:00", "closes": "09:00"}]},
            "doctors[0].working_hours[0].days: ",
        ),
        (
            {"working_hours": [{**hours("08:00", "09:00"), "day": "mon"}]},
            "doctors[0].working_hours[0].day: ",
        ),
        (
            {"working_hours": [hours("09:00", "09:00")]},
            "doctors[0].working_hours[0]: closes at 09:00, but must close after 09:00",
        ),
        (
            {"working_hours": [hours("22:00", "06:00")]},
            "doctors[0].working_hours[0]: closes at 06:00, but must close after 22:00",
        ),
        (
            {"working_hours": [hours("13:00", "17:00", "tue"), hours("08:00", "13:01", "tue")]},
            "doctors[0]: working_hours must not overlap, as on tue at 13:00",
        ),
        (
            {"working_hours": [hours("08:00", "09:00", "sun", "sun")]},
            "doctors[0]: working_hours must not overlap, as on sun at 08:00",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_is_refused_with_its_place(changes: dict[str, object], expected: str) -> None:
    message = mistake_in(file(**changes))
    assert message.startswith(expected)
    assert "\n" not in message
    if not expected.endswith(": "):
        assert message == expected


@pytest.mark.parametrize("name", ["id", "name", "working_hours"])
def test_what_is_required_is_named_where_it_is_missing(name: str) -> None:
    entry = {k: v for k, v in json.loads(file())["doctors"][0].items() if k != name}
    with pytest.raises(ValueError, match=rf"^doctors\[0\]\.{name}: "):
        read_doctors(json.dumps({"doctors": [entry]}), BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "invalid json"),
        (b"\xff", "invalid json"),
        ("[" * 10_000, "invalid json"),
        ("[]", ""),
        ("{}", "doctors: "),
        ('{"doctors": []}', "doctors: "),
        ('{"doctors": {}}', "doctors: "),
        ('{"doctors": [1]}', "doctors[0]: "),
        ('{"doctors": [], "comment": ""}', "doctors: "),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str | bytes, expected: str) -> None:
    message = mistake_in(text)
    assert message.lower().startswith(expected)
    assert "\n" not in message


def test_two_doctors_cannot_have_one_id() -> None:
    (entry,) = json.loads(file())["doctors"]
    with pytest.raises(ValueError, match=r'^doctors: the id "doom" must appear only once$'):
        read_doctors(json.dumps({"doctors": [entry, {**entry, "name": "another"}]}), BERLIN)


@pytest.mark.parametrize(
    "changes",
    [{"id": "a/b"}, {"working_hours": [hours("8:00", "09:00")]}, {"color": "red"}],
    ids=["id", "clock time", "unknown"],
)
def test_the_cause_is_told_to_people_in_lower_case_without_a_regular_expression(
    changes: dict[str, object],
) -> None:
    _, cause = mistake_in(file(**changes)).split(": ", maxsplit=1)
    assert not cause[0].isupper()
    assert "pattern" not in cause


# The stored form


def test_a_doctor_is_written_with_the_time_zone() -> None:
    doctor = Doctor("who", "Doctor Who", BERLIN, (EIGHT_TO_FOUR,) * 2 + ((),) * 5)
    assert doctor_to_document(doctor) == {
        "kind": "doctor",
        "schema": 2,
        "id": "who",
        "name": "Doctor Who",
        "time_zone": "Europe/Berlin",
        "working_hours": [{"days": ["mon", "tue"], "opens": "08:00", "closes": "16:00"}],
    }


@pytest.mark.parametrize(
    "week",
    [
        ((),) * 7,
        (NINE_TO_FIVE,) * 7,
        ((WorkingHours(0, 1), WorkingHours(1, 1440)), *((),) * 6),
        (NINE_TO_FIVE, EIGHT_TO_FOUR, (), NINE_TO_FIVE, (), (), (WorkingHours(0, 1440),)),
    ],
    ids=["never", "always the same", "touching", "mixed"],
)
def test_a_doctor_who_is_written_and_read_is_the_same(
    week: tuple[tuple[WorkingHours, ...], ...],
) -> None:
    doctor = Doctor("who", "Doctor Who", BERLIN, week)
    assert doctor_from_document(doctor_to_document(doctor)) == doctor


def test_a_text_that_is_no_doctor_is_refused() -> None:
    with pytest.raises(StoreRefused, match=r"the doctor who is damaged: .*name"):
        doctor_from_document({"id": "who", "working_hours": []})


def test_a_place_is_written_as_a_person_would() -> None:
    assert place(("doctors", 0, "working_hours", 12, "opens")) == (
        "doctors[0].working_hours[12].opens"
    )
    assert place(()) == ""
