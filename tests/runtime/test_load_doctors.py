"""The command that loads the doctors of the clinic file."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from shared.model.time_zones import time_zone
from shared.runtime import load_doctors
from shared.settings import SettingsError
from tests.builders import appointment, at
from tests.runtime.clinic import Clinic

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"
MONDAY_AT_THREE = appointment(
    "2026-11-30T20:00Z", "2026-11-30T20:30Z", "three", doctor_id="strange"
)
BY_THEN = at("2026-11-30T20:30Z")
NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"


def test_it_writes_only_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "appointments.db"
    settings = {"STORE": f"sqlite:{file}", "DOCTORS_FILE": str(DOCTORS_FILE)}
    load_doctors.main(settings)
    assert capsys.readouterr().out == "the clinic: unchanged\nstrange: added\nwho: added\n"
    before = file.stat().st_mtime_ns
    load_doctors.main(settings)
    assert capsys.readouterr().out == "the clinic: unchanged\nstrange: unchanged\nwho: unchanged\n"
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("before", "after"),
    [("Europe/Kiev", "Europe/Kyiv"), ("UTC", "Etc/UTC"), ("US/Eastern", NEW_YORK)],
)
async def test_a_zone_may_get_another_name_while_appointments_lie_ahead(
    clinic: Clinic, before: str, after: str
) -> None:
    clinic.has(strange=(before, "17:00"))
    await clinic.loads()
    await clinic.books(MONDAY_AT_THREE)
    clinic.has(strange=(after, "17:00"))
    await clinic.loads()
    assert (await clinic.doctor()).zone == time_zone(after)


async def test_another_clock_is_refused_with_the_number_of_appointments_that_lie_ahead(
    clinic: Clinic,
) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(MONDAY_AT_THREE, MONDAY_AT_THREE._replace(id="another"))
    clinic.has(strange=(CHICAGO, "17:00"))
    clinic.now = BY_THEN - timedelta(minutes=1)
    with pytest.raises(SettingsError) as refusal:
        await clinic.loads()
    assert str(refusal.value) == (
        "DOCTORS_FILE: the time zone of strange cannot change from America/New_York to "
        "America/Chicago, whose clock differs, while appointments lie ahead (2 booked): move or "
        "cancel them first, or give the doctor a new id"
    )
    assert (await clinic.doctor()).zone == time_zone(NEW_YORK)


async def test_a_refused_doctor_keeps_all_others_from_being_loaded(clinic: Clinic) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(MONDAY_AT_THREE)
    clinic.has(new=("UTC", "17:00"), strange=(CHICAGO, "17:00"))
    with pytest.raises(SettingsError):
        await clinic.loads()
    assert (await clinic.doctor()).id == "strange"


async def test_another_clock_is_accepted_once_none_lies_ahead_and_the_day_shift_stays(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(MONDAY_AT_THREE)
    clinic.has(strange=(CHICAGO, "17:00"))
    clinic.now = BY_THEN
    await clinic.loads()
    doctor = await clinic.doctor()
    assert (doctor.zone, doctor.day_shift) == (time_zone(CHICAGO), timedelta(hours=-5))
    capsys.readouterr()
    await clinic.loads()
    assert capsys.readouterr().out == "the clinic: unchanged\nstrange: unchanged\n"


SCAN = {"id": "scan", "name": "Scan", "duration_minutes": 20}


async def test_the_clinic_is_loaded_and_compared_as_the_doctors_are(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    for members, word in (
        ({"policy": {"notice_minutes": 60}, "services": [SCAN]}, "added"),
        ({"policy": {"notice_minutes": 60}, "services": [SCAN]}, "unchanged"),
        ({"policy": {"notice_minutes": 30}, "services": [SCAN]}, "changed"),
        ({}, "changed"),
        ({}, "unchanged"),
    ):
        clinic.has(members, strange=(NEW_YORK, "17:00"))
        await clinic.loads()
        assert capsys.readouterr().out.splitlines()[0] == f"the clinic: {word}"
        assert await clinic.run(lambda dependencies: dependencies.store.clinic()) == members


async def test_a_doctor_who_retires_or_offers_other_services_has_changed(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    for of_strange, word in (
        ({}, "added"),
        ({"services": ["scan"]}, "changed"),
        ({"services": ["scan"]}, "unchanged"),
        ({"services": ["scan"], "retired": True}, "changed"),
    ):
        members = {"services": [SCAN], "doctors": {"strange": of_strange}}
        clinic.has(members, strange=(NEW_YORK, "17:00"))
        await clinic.loads()
        assert capsys.readouterr().out.splitlines()[1] == f"strange: {word}"
    doctor = await clinic.doctor()
    assert (doctor.services, doctor.retired) == (frozenset({"scan"}), True)


async def test_doctors_whom_an_earlier_version_stored_are_found_by_services_again(
    clinic: Clinic,
) -> None:
    clinic.has(
        {"services": [SCAN], "doctors": {"who": {"services": []}, "doom": {"retired": True}}},
        strange=(NEW_YORK, "17:00"),
        who=("UTC", "17:00"),
        doom=("UTC", "17:00"),
    )
    await clinic.loads()
    with closing(sqlite3.connect(clinic.folder / "appointments.db")) as file, file:
        file.execute("DELETE FROM offers")
    await clinic.loads()
    with closing(sqlite3.connect(clinic.folder / "appointments.db")) as file, file:
        assert file.execute("SELECT * FROM offers").fetchall() == [("*", "strange")]
