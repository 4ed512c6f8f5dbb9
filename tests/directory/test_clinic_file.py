"""doctors.json: what it may say, and where a mistake in it is."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.directory.clinic_file import read_clinic_file
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


def doctors_of(text: str | bytes, now: datetime = FIRST_OF_2026) -> list[Doctor]:
    return read_clinic_file(text, BERLIN, now).doctors


def hours(opens: object, closes: object, *days: object) -> dict[str, object]:
    return {"days": list(days or ("mon",)), "opens": opens, "closes": closes}


def week_of(*entries: object) -> tuple[tuple[WorkingHours, ...], ...]:
    (doctor,) = doctors_of(file(working_hours=entries))
    return doctor.week


def test_the_shipped_file_has_the_two_doctors_on_the_clinics_clock() -> None:
    assert doctors_of(SHIPPED.read_bytes()) == [
        Doctor("strange", "Doctor Strange", BERLIN, (NINE_TO_FIVE,) * 5 + ((), ()), HOUR),
        Doctor("who", "Doctor Who", BERLIN, (EIGHT_TO_FOUR,) * 5 + ((), ()), HOUR),
    ]


def test_a_doctor_may_have_a_time_zone_of_their_own() -> None:
    (doctor,) = doctors_of(file(time_zone="America/New_York"))
    assert doctor.zone.key == "America/New_York"


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Europe/Berlin", 60), ("America/St_Johns", -210), ("Asia/Kathmandu", 345)],
)
def test_a_doctor_who_is_new_in_summer_has_a_day_shift_of_the_standard_time(
    zone: str, minutes: int
) -> None:
    (doctor,) = doctors_of(file(time_zone=zone), at("2026-07-01T00:00Z"))
    assert doctor.day_shift == timedelta(minutes=minutes)


def test_a_byte_order_mark_is_skipped() -> None:
    assert doctors_of(b"\xef\xbb\xbf" + file().encode()) == doctors_of(file())
    assert doctors_of("\ufeff" + file()) == doctors_of(file())


def test_doctors_come_in_order_of_their_ids() -> None:
    entries = [json.loads(file(id=i))["doctors"][0] for i in ("b", "c", "a")]
    doctors = doctors_of(json.dumps({"doctors": entries}))
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


# The whole clinic

DOOM = json.loads(file())["doctors"][0]


def clinic(**members: object) -> str:
    """A file with these members beside its doctor."""
    return json.dumps({**json.loads(file()), **members})


def service(**changes: object) -> dict[str, object]:
    return {"id": "scan", "name": "Scan", **changes}


WHOLE: dict[str, Any] = {
    "policy": {"notice_minutes": 60, "service_required": True},
    "closed": [
        {"start": "2026-12-24", "end": "2026-12-26", "name": "Christmas"},
        {"start": "2026-12-31T12:00", "end": "2026-12-31T18:00:00Z", "name": "New Year's Eve"},
    ],
    "services": [
        {"id": "talk", "name": "Talk", "policy": {"cancel_notice_minutes": 1440}},
        service(duration_minutes=20, buffer_before_minutes=5, description="an image"),
    ],
}


def test_what_the_file_says_of_the_clinic_is_kept_as_it_stands_there() -> None:
    assert read_clinic_file(clinic(**WHOLE), BERLIN, FIRST_OF_2026).clinic == WHOLE


def test_of_a_file_that_says_nothing_of_the_clinic_nothing_is_kept() -> None:
    assert read_clinic_file(file(), BERLIN, FIRST_OF_2026).clinic == {}


def test_texts_are_kept_trimmed() -> None:
    text = clinic(services=[service(name=" Scan ", description="\t")])
    (kept,) = read_clinic_file(text, BERLIN, FIRST_OF_2026).clinic["services"]
    assert kept == {"id": "scan", "name": "Scan", "description": None}


@pytest.mark.parametrize(
    ("entry", "offered"),
    [({}, None), ({"services": []}, frozenset()), ({"services": ["scan"]}, frozenset({"scan"}))],
    ids=["all", "none", "one"],
)
def test_a_doctor_offers_all_services_or_those_that_are_named(
    entry: Mapping[str, object], offered: frozenset[str] | None
) -> None:
    text = clinic(doctors=[{**DOOM, **entry}], services=[service()])
    (doom,) = doctors_of(text)
    assert (doom.services, doom.retired) == (offered, False)


def test_a_doctor_may_be_retired() -> None:
    (doom,) = doctors_of(file(retired=True))
    assert doom.retired


@pytest.mark.parametrize(
    "members",
    [
        {"policy": {"notice_minutes": 366 * 1440, "horizon_days": 367}},
        {"policy": {"horizon_days": 36_600, "open_appointments": 1000, "changes_per_day": 10_000}},
        {"policy": {"longest_minutes": 1}, "services": [service(duration_minutes=1)]},
        {"services": [service(id="A.b_-9" + 122 * "x", buffer_before_minutes=720)]},
        {"services": [service(duration_minutes=1440, buffer_after_minutes=720)]},
        {
            "policy": {"longest_minutes": 30},
            "services": [service(duration_minutes=60, policy={"longest_minutes": 60})],
        },
        # 366 days, an hour longer because the clocks are put back between.
        {"closed": [{"start": "2026-07-01", "end": "2027-07-01", "name": "Works"}]},
        {"closed": [{"start": "2026-10-25T00:00", "end": "2027-10-26T00:00", "name": "Works"}]},
    ],
    ids=["notice", "most", "short", "id", "longest", "own-policy", "a-year", "across-a-change"],
)
def test_what_is_just_within_the_bounds_is_accepted(members: Mapping[str, object]) -> None:
    assert read_clinic_file(clinic(**members), BERLIN, FIRST_OF_2026).clinic == members


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
            (hours("22:00", "06:00"), "", '"24:00" and one that opens at "00:00" the next days'),
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


def closed(start: object, end: object, name: object = "Works") -> dict[str, object]:
    return {"closed": [{"start": start, "end": end, "name": name}]}


WRONG_CLINICS: list[tuple[Mapping[str, object], str, str]] = [
    *(
        ({"policy": {name: value}}, f"policy.{name}", "")
        for name, values in {
            "notice_minutes": (-1, 527_041, 0.5, "1", None),
            "horizon_days": (0, 36_601),
            "cancel_notice_minutes": (-1, 527_041),
            "open_appointments": (0, 1001),
            "changes_per_day": (0, 10_001),
            "longest_minutes": (0, 1441),
            "service_required": (1, "true"),
        }.items()
        for value in values
    ),
    ({"policy": {"notice": 5}}, "policy.notice", 'did you mean "notice_minutes"?'),
    (
        {"policy": {"notice_minutes": 1440, "horizon_days": 1}},
        "policy.notice_minutes",
        "must be less than its horizon of 1 days",
    ),
    ({"policy": {"service_required": True}}, "policy.service_required", "no services"),
    *(
        ({"services": [service(), service(**{"id": "b", name: value})]}, f"services[1].{name}", "")
        for name, values in {
            "id": ("", "*", "a b", 129 * "a", 1),
            "name": ("", " ", "a\nb", 201 * "a", None),
            "duration_minutes": (0, 1441, "30", True),
            "buffer_before_minutes": (-1, 721, None),
            "buffer_after_minutes": (-1, 721),
            "description": (1001 * "a", 1),
            "policy": (1, None),
            "color": ("red",),
        }.items()
        for value in values
    ),
    (
        {"services": [service(policy={"service_required": True})]},
        "services[0].policy.service_required",
        "is not a known name",
    ),
    (
        {"services": [service(policy={"horizon_days": 1})], "policy": {"notice_minutes": 1440}},
        "services[0].policy.notice_minutes",
        "less than its horizon",
    ),
    (
        {"services": [service(duration_minutes=31)], "policy": {"longest_minutes": 30}},
        "services[0].duration_minutes",
        "at most 30",
    ),
    (
        {"services": [service(duration_minutes=31, policy={"longest_minutes": 30})]},
        "services[0].duration_minutes",
        "at most 30",
    ),
    ({"services": [service(), service(name="Other")]}, "services", '"scan"'),
    ({"services": [service(id=str(n)) for n in range(201)]}, "services", ""),
    (
        {"doctors": [{**DOOM, "services": ["scam"]}], "services": [service()]},
        "doctors[0].services[0]",
        '"scam" must be one of the services, such as "scan"',
    ),
    ({"doctors": [{**DOOM, "services": ["scan"]}]}, "doctors[0].services[0]", "does not have"),
    (
        {"doctors": [{**DOOM, "services": ["scan", "scan"]}], "services": [service()]},
        "doctors[0].services",
        "only once",
    ),
    ({"doctors": [{**DOOM, "retired": "yes"}]}, "doctors[0].retired", ""),
    (closed("2026-12-24", "2026-12-23"), "closed[0].end", "must be after start"),
    (closed("2026-12-24T09:00", "2026-12-24T09:00"), "closed[0].end", "must be after start"),
    (closed("2026-12-24T09:00Z", "2026-12-24T10:00"), "closed[0].end", "must be after start"),
    (closed("2026-07-01", "2027-07-02"), "closed[0].end", "at most 366 days"),
    (closed("2026-07-01T00:00Z", "2027-07-02T00:01Z"), "closed[0].end", "at most 366 days"),
    (closed("tomorrow", "2026-12-24"), "closed[0].start", "RFC 3339"),
    (closed("2026-12-24", "2026-02-30"), "closed[0].end", "that exists"),
    (closed("2026-12-24", 1), "closed[0].end", ""),
    (closed("2026-12-24", "2026-12-24", ""), "closed[0].name", "is required"),
    ({"closed": [{"start": "2026-12-24", "end": "2026-12-24"}]}, "closed[0].name", "is required"),
]
WRONG_FILES += [(clinic(**members), where, words) for members, where, words in WRONG_CLINICS]


@pytest.mark.parametrize(
    ("text", "where", "words"), WRONG_FILES, ids=[f"{w[1]} {w[2]}" for w in WRONG_FILES]
)
def test_a_mistake_is_refused_with_its_place_and_its_cause_for_people(
    text: str | bytes, where: str, words: str
) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as refused:
        doctors_of(text)
    place_of_it, _, cause = str(refused.value).partition(": ")
    assert place_of_it.lower() == where
    assert words in cause
    assert cause[:1].islower() or where == "invalid json" or cause.startswith('"')
    assert "pattern" not in cause


def test_a_file_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="object"):
        doctors_of("[]")


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
        "services": None,
        "retired": False,
        "offers": ["*"],
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
