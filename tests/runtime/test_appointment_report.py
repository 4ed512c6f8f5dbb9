"""The report on the appointments that lie ahead: what `make doctors` and `make report` print."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.http.dependencies import Dependencies
from shared.model import clinic as model
from shared.model.appointment import Appointment, Patient
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.override import Override, OverrideKind
from shared.runtime import report_appointments
from shared.runtime.appointment_report import ADVICE, AppointmentReport
from tests.builders import NEW_YORK, appointment, span
from tests.clock_rules import with_rules_of
from tests.runtime.clinic import NOW, Clinic

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
Out = pytest.CaptureFixture[str]

THREE = "three at 2026-11-30T15:00:00-05:00 (told: 2026-11-30T15:00:00)"
OVERLAPS = (
    "OVERLAP: 1 in all. This must never happen. Keep a copy of the store and report a bug; then "
    "move one of the two."
)
OTHER_TIME = (
    "another time than told: 1 in all. They are still at the same instants, but new clock rules "
    "changed their local times. Move them to the times that were told, or tell the patients and "
    "then move each to the time that it has now, which keeps that as told."
)
OUTSIDE = (
    "outside the working hours: {} in all. They stay booked. Move or cancel those that the doctor "
    "cannot keep."
)
RETIRE = (
    "not in the clinic file: 1 in all. They are still stored, and patients can book them. To "
    'retire one, put the entry back with "retired": true, and load the file: no more is booked,'
    " and what is booked stays."
)


NOTHING_SAID = model.Clinic()


def at_three(appointment_id: str = "three", doctor_id: str = "strange") -> Appointment:
    """An appointment of Monday from 15:00 to 15:30 in New York, as its patient was told."""
    booked = appointment(
        "2026-11-30T20:00Z", "2026-11-30T20:30Z", appointment_id, doctor_id=doctor_id
    )
    return booked._replace(told_start=datetime(2026, 11, 30, 15))  # noqa: DTZ001 - wall clock


def at_nine_in(days: int) -> Appointment:
    nine = datetime(2026, 12, 1, 14, tzinfo=UTC) + timedelta(days=days)
    return at_three(f"in-{days}")._replace(
        interval=Interval(nine, nine + timedelta(minutes=30)), told_start=None
    )


def test_operators_can_read_of_each_kind() -> None:
    section = OPERATIONS.read_text("utf-8").partition("| kind | meaning |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(.+?)`", section, re.MULTILINE)) == sorted(ADVICE)


async def reported(clinic: Clinic) -> bool:
    return await clinic.run(report_appointments.report)


async def test_nothing_is_wrong_with_what_is_as_it_was_told(clinic: Clinic, capsys: Out) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(at_three())
    capsys.readouterr()
    await clinic.loads()
    assert capsys.readouterr().out == "the clinic: unchanged\nstrange: unchanged\n"
    assert await reported(clinic)
    assert capsys.readouterr().out == "Nothing is wrong. Booked appointments ahead: 1.\n"


async def test_hours_that_are_shortened_leave_an_appointment_booked_and_name_it(
    clinic: Clinic, capsys: Out
) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(at_three())
    capsys.readouterr()
    clinic.has(strange=(NEW_YORK, "12:00"))
    await clinic.loads()
    found = [
        f"strange: outside the working hours: {THREE}",
        "",
        OUTSIDE.format(1),
    ]
    assert capsys.readouterr().out.splitlines() == [
        "the clinic: unchanged",
        "strange: changed",
        *found,
    ]
    assert not await reported(clinic)
    assert capsys.readouterr().out.splitlines() == [*found, "Booked appointments ahead: 1."]


async def test_a_doctor_who_is_removed_is_still_stored_and_the_appointments_are_counted(
    clinic: Clinic, capsys: Out
) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"), who=("UTC", "17:00"))
    await clinic.loads()
    await clinic.books(at_three(), at_nine_in(1))
    capsys.readouterr()
    clinic.has(who=("UTC", "17:00"))
    await clinic.loads()
    found = ["strange: not in the clinic file: booked appointments ahead: 2", "", RETIRE]
    assert capsys.readouterr().out.splitlines() == [
        "the clinic: unchanged",
        "who: unchanged",
        *found,
    ]
    assert not await reported(clinic)
    assert capsys.readouterr().out.splitlines() == [*found, "Booked appointments ahead: 2."]


async def test_the_advice_for_a_removed_doctor_can_be_followed(clinic: Clinic, capsys: Out) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"), who=("UTC", "17:00"))
    await clinic.loads()
    clinic.has(who=("UTC", "17:00"), strange=(NEW_YORK, None))
    capsys.readouterr()
    await clinic.loads()
    assert capsys.readouterr().out == "the clinic: unchanged\nstrange: changed\nwho: unchanged\n"


async def each(doctors: Sequence[Doctor]) -> AsyncIterator[Doctor]:
    for doctor in doctors:
        yield doctor


async def lines(clinic: Clinic, *doctors: Doctor, brief: bool = False) -> Sequence[str]:
    """The lines about doctors as they are given, whom the clinic file names."""

    async def read(dependencies: Dependencies) -> Sequence[str]:
        report = AppointmentReport(doctors, NOTHING_SAID, clinic.now, brief=brief)
        return [line async for line in report.lines(dependencies.store, each(doctors))]

    return await clinic.run(read)


async def test_new_clock_rules_are_reported_with_the_time_that_was_told(clinic: Clinic) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(at_three())
    for rules, local in [("Etc/GMT+4", "16:00:00-04:00"), ("Africa/Abidjan", "20:00:00Z")]:
        strange = replace(await clinic.doctor(), zone=with_rules_of(rules, NEW_YORK))
        assert (await lines(clinic, strange))[0] == (
            f"strange: another time than told: three at 2026-11-30T{local}"
            " (told: 2026-11-30T15:00:00)"
        )


async def test_new_clock_rules_that_move_an_appointment_out_of_the_hours_are_reported_twice(
    clinic: Clinic,
) -> None:
    clinic.has(strange=(NEW_YORK, "16:00"))
    await clinic.loads()
    await clinic.books(at_three())
    strange = replace(await clinic.doctor(), zone=with_rules_of("Etc/GMT+4", NEW_YORK))
    assert [line.partition(": three")[0] for line in await lines(clinic, strange)] == [
        "strange: another time than told",
        "strange: outside the working hours",
        "",
        OTHER_TIME,
        OUTSIDE.format(1),
        "Booked appointments ahead: 1.",
    ]


async def test_an_overlap_is_loud_and_comes_first_in_the_summary(clinic: Clinic) -> None:
    clinic.has(strange=(NEW_YORK, "15:00"))
    await clinic.loads()
    touching = appointment("2026-11-30T20:30Z", "2026-11-30T21:00Z", "touches")
    await clinic.books(at_three("a"), at_three("b")._replace(told_start=None), touching)
    found = await lines(clinic, await clinic.doctor())
    assert (
        "strange: OVERLAP: b at 2026-11-30T15:00:00-05:00 (told: not known)"
        " and a at 2026-11-30T15:00:00-05:00 (told: 2026-11-30T15:00:00)"
    ) in found
    assert found[found.index("") + 1 :] == [
        OVERLAPS,
        OUTSIDE.format(3),
        "Booked appointments ahead: 3.",
    ]


@pytest.mark.parametrize("count", [8, 9])
async def test_a_brief_report_has_eight_lines_of_a_kind_and_says_where_the_others_are(
    clinic: Clinic, count: int
) -> None:
    clinic.has(strange=(NEW_YORK, None))
    await clinic.loads()
    await clinic.books(*(at_nine_in(number) for number in range(count)))
    found = await lines(clinic, await clinic.doctor(), brief=True)
    rest = ["`make report` prints all of them."] if count > 8 else []
    assert found[8:] == ["", OUTSIDE.format(count), *rest]
    whole = await lines(clinic, await clinic.doctor())
    assert len(whole) == count + 3
    assert whole[:8] == found[:8]


async def test_a_report_holds_no_patient_data(clinic: Clinic) -> None:
    clinic.has(strange=(NEW_YORK, "12:00"))
    await clinic.loads()
    ada = Patient("Ada", "ada@example.org", "+1 555 010 9999")
    await clinic.books(at_three("a")._replace(patient=ada, reason="tired"), at_three("b"))
    said = "\n".join(await lines(clinic, await clinic.doctor()))
    assert not re.search("(?i)ada|555|tired|lovelace", said)


@pytest.mark.parametrize(("closes", "status"), [("17:00", 0), ("12:00", 1)])
def test_the_status_says_whether_anything_is_wrong(
    clinic: Clinic, closes: str, status: int
) -> None:
    clinic.has(strange=(NEW_YORK, closes))
    asyncio.run(clinic.loads())
    soon = datetime.now(UTC).replace(hour=20, minute=0, second=0, microsecond=0)
    monday = soon + timedelta(days=7 - soon.weekday())
    booked = at_three()._replace(interval=Interval(monday, monday + timedelta(minutes=30)))
    asyncio.run(clinic.books(booked._replace(told_start=None)))
    with pytest.raises(SystemExit) as ended:
        report_appointments.main(clinic.environment)
    assert ended.value.code == status


async def test_entries_that_an_upgrade_could_not_read_are_counted_until_they_are_deleted(
    clinic: Clinic, capsys: Out
) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    clinic.keeps_a_damaged_entry_of_release_1()
    await clinic.loads()
    left = (
        "unreadable entries of release 1.0: 1 in all. They hold no time, and no function shows "
        "them. The table left_behind of the file has them with the reason; book again what is "
        "still wanted, and delete the rows."
    )
    assert capsys.readouterr().out.splitlines() == [
        "the clinic: unchanged",
        "strange: added",
        "",
        left,
    ]
    assert not await reported(clinic)
    with closing(sqlite3.connect(clinic.folder / "appointments.db")) as file, file:
        file.execute("DELETE FROM left_behind")
    assert await reported(clinic)


def test_a_file_that_does_not_exist_is_not_created(clinic: Clinic) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    file = clinic.folder / "appointments.db"
    with pytest.raises(SystemExit, match=f'^STORE: there is no file "{file}"$'):
        report_appointments.main(clinic.environment)
    assert not file.exists()


SCAN = {"id": "scan", "name": "Scan"}
GONE = (
    "of a service that is not offered any more: 1 in all. They stay booked, with the buffers that "
    "they have. Put the service back into the file if it went by mistake; else move or cancel "
    "those that cannot be kept."
)
RETIRED = "retired: 1 in all. What is booked with them stays. Move or cancel what they cannot keep."
AWAY = "during time off: 1 in all. They stay booked until somebody moves or cancels them."


@pytest.mark.parametrize(
    "members",
    [{}, {"services": [SCAN], "doctors": {"strange": {"services": []}}}],
    ids=["clinic", "doctor"],
)
async def test_what_is_booked_of_a_service_that_is_gone_is_reported(
    clinic: Clinic, capsys: Out, members: dict[str, object]
) -> None:
    clinic.has({"services": [SCAN]}, strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(at_three()._replace(service_id="scan"))
    assert await reported(clinic)
    clinic.has(members, strange=(NEW_YORK, "17:00"))
    capsys.readouterr()
    await clinic.loads()
    found = [f"strange: of a service that is not offered any more: {THREE}", "", GONE]
    assert capsys.readouterr().out.splitlines()[2:] == found
    assert not await reported(clinic)


async def test_a_retired_doctor_is_reported_while_appointments_lie_ahead(
    clinic: Clinic, capsys: Out
) -> None:
    retired = {"doctors": {"strange": {"retired": True}}}
    clinic.has(retired, strange=(NEW_YORK, "17:00"), who=("UTC", "17:00"))
    await clinic.loads()
    assert await reported(clinic)
    await clinic.books(at_three())
    capsys.readouterr()
    assert not await reported(clinic)
    found = ["strange: retired: booked appointments ahead: 1", "", RETIRED]
    assert capsys.readouterr().out.splitlines()[:3] == found


async def test_a_retired_doctor_may_leave_the_file_once_none_lies_ahead(clinic: Clinic) -> None:
    retired = {"doctors": {"strange": {"retired": True}}}
    clinic.has(retired, strange=(NEW_YORK, "17:00"), who=("UTC", "17:00"))
    await clinic.loads()
    clinic.has(who=("UTC", "17:00"))
    await clinic.loads()
    assert await reported(clinic)


def override(kind: OverrideKind, start: str, end: str) -> Override:
    return Override(f"strange.override.{kind}", "strange", kind, span(start, end), NOW)


async def test_time_off_is_reported_as_such_and_extra_hours_count(
    clinic: Clinic, capsys: Out
) -> None:
    clinic.has(strange=(NEW_YORK, "15:00"))
    await clinic.loads()
    await clinic.books(at_three())
    assert not await reported(clinic)
    await clinic.takes(override("extra_hours", "2026-11-30T20:00Z", "2026-11-30T21:00Z"))
    assert await reported(clinic)
    await clinic.takes(override("time_off", "2026-11-30T20:15Z", "2026-11-30T20:20Z"))
    capsys.readouterr()
    assert not await reported(clinic)
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"strange: during time off: {THREE}",
        "",
        AWAY,
    ]


async def test_closed_days_are_reported_as_time_off(clinic: Clinic, capsys: Out) -> None:
    clinic.has(strange=(NEW_YORK, "17:00"))
    await clinic.loads()
    await clinic.books(at_three())
    works = {"start": "2026-11-30", "end": "2026-11-30", "name": "Works"}
    clinic.has({"closed": [works]}, strange=(NEW_YORK, "17:00"))
    capsys.readouterr()
    await clinic.loads()
    assert capsys.readouterr().out.splitlines()[2] == f"strange: during time off: {THREE}"
