"""doctors.json: what it may say, and where a mistake in it is."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.directory.clinic_file import read_doctors
from shared.model.doctor import Doctor, WorkingHours
from shared.model.time_zones import time_zone
from shared.store.doctor_documents import doctor_from_document, doctor_to_document
from shared.store.port import StoreRefused
from shared.validation import place
from tests.builders import FIRST_OF_2026, at

SHIPPED = Path(__file__).parents[2] / "doctors.json"

BERLIN, HOUR = time_zone("Europe/Berlin"), timedelta(hours=1)
NINE_TO_FIVE = (WorkingHours(540, 1020),)
EIGHT_TO_FOUR = (WorkingHours(480, 960),)


def file(**changes: object) -> str:
    """A file of one doctor, with other fields where the test says so."""
    entry: dict[str, Any] = {"id": "doom", "name": "Doctor Doom", "working_hours": []}
    return json.dumps({"doctors": [{**entry, **changes}]})


def hours(opens: object, closes: object, *days: object) -> dict[str, object]:
    return {"days": list(days or ("mon",)), "opens": opens, "closes": closes}


def week_of(*entries: object) -> tuple[tuple[WorkingHours, ...], ...]:
    (doctor,) = read_doctors(file(working_hours=entries), BERLIN, FIRST_OF_2026)
    return doctor.week


def test_the_shipped_file_has_the_two_doctors_on_the_clinics_clock() -> None:
    assert read_doctors(SHIPPED.read_bytes(), BERLIN, FIRST_OF_2026) == [
        Doctor("strange", "Doctor Strange", BERLIN, (NINE_TO_FIVE,) * 5 + ((), ()), HOUR),
        Doctor("who", "Doctor Who", BERLIN, (EIGHT_TO_FOUR,) * 5 + ((), ()), HOUR),
    ]


def test_a_doctor_may_have_a_time_zone_of_their_own() -> None:
    (doctor,) = read_doctors(file(time_zone="America/New_York"), BERLIN, FIRST_OF_2026)
    assert doctor.zone.key == "America/New_York"


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Europe/Berlin", 60), ("America/St_Johns", -210), ("Asia/Kathmandu", 345)],
)
def test_a_doctor_who_is_new_in_summer_has_a_day_shift_of_the_standard_time(
    zone: str, minutes: int
) -> None:
    (doctor,) = read_doctors(file(time_zone=zone), BERLIN, at("2026-07-01T00:00Z"))
    assert doctor.day_shift == timedelta(minutes=minutes)


def test_a_byte_order_mark_is_skipped() -> None:
    assert read_doctors(b"\xef\xbb\xbf" + file().encode(), BERLIN, FIRST_OF_2026) == read_doctors(
        file(), BERLIN, FIRST_OF_2026
    )
    assert read_doctors("\ufeff" + file(), BERLIN, FIRST_OF_2026) == read_doctors(
        file(), BERLIN, FIRST_OF_2026
    )


def test_doctors_come_in_order_of_their_ids() -> None:
    entries = [json.loads(file(id=i))["doctors"][0] for i in ("b", "c", "a")]
    doctors = read_doctors(json.dumps({"doctors": entries}), BERLIN, FIRST_OF_2026)
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


HOURS = "doctors[0].working_hours"
MISTAKES: list[tuple[Mapping[str, object], str, str]] = [
    *(({"id": value}, "doctors[0].id", "") for value in ("a/b", "", "..", "a" * 81, 1)),
    *(
        ({"name": value}, "doctors[0].name", "")
        for value in ("", "  ", "a" * 201, "\u3164", "a\nb")
    ),
    ({"time_zone": "Mars"}, "doctors[0].time_zone", '"Mars"'),
    ({"time_zone": 1}, "doctors[0].time_zone", ""),
    ({"color": "red"}, "doctors[0].color", ""),
    ({"working_hours": {}}, HOURS, ""),
    ({"working_hours": [{}]}, f"{HOURS}[0].days", ""),
    *(
        ({"working_hours": [hours("08:00", "09:00"), entry]}, f"{HOURS}[1]{field}", words)
        for entry, field, words in [
            (hours("8:00", "09:00"), ".opens", ""),
            (hours("08:60", "09:00"), ".opens", ""),
            (hours(8, "09:00"), ".opens", ""),
            (hours("08:00", "24:01"), ".closes", ""),
            (hours("08:00", "25:00"), ".closes", ""),
            (hours("08:00", "09:00", "mon", "Tue"), ".days[1]", ""),
            ({**hours("08:00", "09:00"), "days": []}, ".days", ""),
            ({**hours("08:00", "09:00"), "day": "mon"}, ".day", ""),
            (hours("09:00", "09:00"), "", "09:00"),
            (hours("22:00", "06:00"), "", "06:00"),
        ]
    ),
    (
        {"working_hours": [hours("13:00", "17:00", "tue"), hours("08:00", "13:01", "tue")]},
        "doctors[0]",
        "must not overlap, as on tue at 13:00",
    ),
    (
        {"working_hours": [hours("08:00", "09:00", "sun", "sun")]},
        "doctors[0]",
        "must not overlap, as on sun at 08:00",
    ),
]
DOOM = json.loads(file())["doctors"][0]
WRONG_FILES: list[tuple[str | bytes, str, str]] = [
    *((file(**changes), where, words) for changes, where, words in MISTAKES),
    *(
        (json.dumps({"doctors": [{k: v for k, v in DOOM.items() if k != name}]}), where, "")
        for name, where in ((name, f"doctors[0].{name}") for name in DOOM)
    ),
    (json.dumps({"doctors": [DOOM, {**DOOM, "name": "another"}]}), "doctors", '"doom"'),
    *((text, "invalid json", "") for text in ("", b"\xff", "[" * 10_000)),
    (file().replace('"doctors"', '"doctors": [], "doctors"'), "doctors", "only once"),
    (file().replace('"id"', '"name": "Doctor Who", "id"'), "doctors[0].name", "only once"),
    ("{}", "doctors", ""),
    ('{"doctors": []}', "doctors", ""),
    ('{"doctors": {}}', "doctors", ""),
    ('{"doctors": [1]}', "doctors[0]", ""),
    ('{"doctors": [], "comment": ""}', "doctors", ""),
]


@pytest.mark.parametrize(
    ("text", "where", "words"), WRONG_FILES, ids=[f"{w[1]} {w[2]}" for w in WRONG_FILES]
)
def test_a_mistake_is_refused_with_its_place_and_its_cause_for_people(
    text: str | bytes, where: str, words: str
) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as refused:
        read_doctors(text, BERLIN, FIRST_OF_2026)
    place_of_it, _, cause = str(refused.value).partition(": ")
    assert place_of_it.lower() == where
    assert words in cause
    assert cause[:1].islower() or where == "invalid json" or cause.startswith('"Mars"')
    assert "pattern" not in cause


def test_a_file_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="object"):
        read_doctors("[]", BERLIN, FIRST_OF_2026)


# The stored form


def test_a_doctor_is_written_with_the_time_zone_and_the_day_shift() -> None:
    doctor = Doctor("who", "Doctor Who", BERLIN, (EIGHT_TO_FOUR,) * 2 + ((),) * 5, HOUR)
    assert doctor_to_document(doctor) == {
        "kind": "doctor",
        "schema": 3,
        "id": "who",
        "name": "Doctor Who",
        "time_zone": "Europe/Berlin",
        "day_shift_minutes": 60,
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
    doctor = Doctor("who", "Doctor Who", BERLIN, week, HOUR)
    assert doctor_from_document(doctor_to_document(doctor)) == doctor


def test_a_text_that_is_no_doctor_is_refused() -> None:
    with pytest.raises(StoreRefused, match=r"the doctor who is damaged: .*name"):
        doctor_from_document({"id": "who", "schema": 3, "working_hours": []})


def test_a_doctor_of_an_earlier_version_has_no_day_shift_and_is_refused() -> None:
    fields = doctor_to_document(Doctor("who", "Doctor Who", BERLIN, ((),) * 7))
    with pytest.raises(StoreRefused, match=r"the doctor who was stored by an older version"):
        doctor_from_document({**fields, "schema": 2})


def test_a_place_is_written_as_a_person_would() -> None:
    assert place(("doctors", 0, "working_hours", 12, "opens")) == (
        "doctors[0].working_hours[12].opens"
    )
    assert place(()) == ""
