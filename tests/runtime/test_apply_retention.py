"""The command that erases patients from old appointments."""

import pytest

from shared.http.dependencies import Dependencies
from shared.model.appointment import Appointment, Patient
from shared.queries.appointments import ListQuery, list_window
from shared.runtime.apply_retention import apply, main
from tests.builders import at, patient, span
from tests.runtime.clinic import Clinic

ADA = Patient("Ada Lovelace", "ada@clinic.example", "+4930123456")
ERASED = Patient("erased")
ALL = span("2020-01-01T00:00Z", "2030-01-01T00:00Z")


def appointment(start: str, end: str, number: int, doctor: str = "strange") -> Appointment:
    created = at("2026-01-01T00:00Z")
    name = f"{doctor}.{start[:10].replace('-', '')}.{number:024x}"
    fields = (name, doctor, span(start, end), ADA, created, created)
    return Appointment(*fields, reason="cough", told_start=at(start).replace(tzinfo=None))


# Now is 2026-11-26T12:00Z, and the limit ten days.
LONG_AGO = appointment("2026-10-01T10:00Z", "2026-10-01T10:30Z", 1)
JUST_ENOUGH = appointment("2026-11-16T11:30Z", "2026-11-16T12:00Z", 2)
ONE_MINUTE_LESS = appointment("2026-11-16T11:31Z", "2026-11-16T12:01Z", 3)
AHEAD = appointment("2027-03-01T10:00Z", "2027-03-01T10:30Z", 4)
OF_ANOTHER = appointment("2026-10-02T10:00Z", "2026-10-02T10:30Z", 5, doctor="who")


@pytest.fixture
async def old_clinic(clinic: Clinic) -> Clinic:
    """A clinic with appointments before and after the limit, and cancelled ones."""
    clinic.environment["RETENTION_DAYS"] = "10"
    clinic.has(strange=("UTC", "17:00"), who=("UTC", "17:00"))
    await clinic.loads()
    owner = patient("uid-1")
    owned = LONG_AGO._replace(patient=ADA._replace(id="uid-1"), owner=owner.patient)
    await clinic.books(owned, JUST_ENOUGH)
    await clinic.books(AHEAD, OF_ANOTHER)
    return clinic


async def listed(clinic: Clinic, doctor_id: str = "strange") -> list[Appointment]:
    async def read(dependencies: Dependencies) -> list[Appointment]:
        doctors = await dependencies.store.doctors([doctor_id])
        query = ListQuery(doctors[doctor_id], ALL, with_cancelled=True, size=1000)
        async with dependencies.store.snapshot() as snapshot:
            return list((await list_window(snapshot, query)).appointments)

    return await clinic.run(read)


async def test_who_came_longer_ago_than_the_limit_is_erased_and_the_times_stay(
    old_clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    await old_clinic.run(apply)
    past, just, ahead = await listed(old_clinic)
    for erased, before in ((past, LONG_AGO), (just, JUST_ENOUGH)):
        assert (erased.id, erased.interval, erased.status) == (before.id, before.interval, "booked")
        assert (erased.patient, erased.owner) == (ERASED, None)
        assert (erased.reason, erased.told_start) == (None, None)
    assert ahead == AHEAD
    (other,) = await listed(old_clinic, "who")
    assert other.patient == ERASED
    out = capsys.readouterr().out
    assert out == "strange: erased from 2 appointments\nwho: erased from 1 appointments\n"


async def test_the_limit_counts_from_the_end(old_clinic: Clinic) -> None:
    await old_clinic.books(ONE_MINUTE_LESS)
    await old_clinic.run(apply)
    assert [a.patient for a in await listed(old_clinic)] == [ERASED, ERASED, ADA, ADA]


async def test_a_second_run_changes_nothing_and_time_goes_on(
    old_clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    await old_clinic.run(apply)
    before = await listed(old_clinic)
    capsys.readouterr()
    old_clinic.now = at("2026-11-27T12:00Z")
    await old_clinic.run(apply)
    assert await listed(old_clinic) == before
    none = "strange: erased from 0 appointments\nwho: erased from 0 appointments\n"
    assert capsys.readouterr().out == none
    old_clinic.now = at("2027-03-20T12:00Z")
    await old_clinic.run(apply)
    assert [a.patient for a in await listed(old_clinic)] == [ERASED] * 3


async def test_more_than_a_page_is_erased(clinic: Clinic) -> None:
    clinic.environment["RETENTION_DAYS"] = "10"
    clinic.has(strange=("UTC", "17:00"))
    await clinic.loads()
    many = [
        appointment(
            f"2026-10-01T{n // 60:02}:{n % 60:02}Z", f"2026-10-01T{n // 60:02}:{n % 60:02}:30Z", n
        )
        for n in range(405)
    ]
    await clinic.books(*many)
    await clinic.run(apply)
    assert {a.patient for a in await listed(clinic)} == {ERASED}


async def test_without_a_limit_nothing_is_erased(old_clinic: Clinic) -> None:
    del old_clinic.environment["RETENTION_DAYS"]
    before = await listed(old_clinic)
    await old_clinic.run(apply)
    assert await listed(old_clinic) == before


def test_the_command_needs_a_limit_and_then_erases(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^RETENTION_DAYS: must be set: .*$"):
        main(clinic.environment)
    clinic.has(strange=("UTC", "17:00"))
    main({**clinic.environment, "RETENTION_DAYS": "10"})
    assert capsys.readouterr().out == ""
