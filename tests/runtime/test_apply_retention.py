"""The command that erases patients from old appointments."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.http.dependencies import Dependencies
from shared.model.appointment import Appointment, Patient
from shared.model.elsewhere import ElsewhereKey
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.override import Override
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.queries.appointments import ListQuery, list_window
from shared.runtime.apply_retention import apply, main
from shared.store.port import (
    ElsewhereWrite,
    Keys,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    SnapshotExpired,
    Store,
    Stored,
    Writes,
)
from tests.builders import at, patient, schedule_of, span
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
            return list((await list_window(snapshot, query)).entries)

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
    assert out == f"{said('strange', 2)}{said('who', 1)}"


def said(doctor_id: str, appointments: int, overrides: int = 0) -> str:
    erased = f"erased from {appointments} appointments"
    return f"{doctor_id}: {erased}, forgot {overrides} overrides\n"


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
    assert capsys.readouterr().out == f"{said('strange', 0)}{said('who', 0)}"
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


async def test_overrides_that_ended_longer_ago_than_the_limit_are_forgotten(
    old_clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, created = span("2026-11-01T00:00Z", "2026-11-16T12:00Z"), at("2026-01-01T00:00Z")
    old = Override("strange.override.old", "strange", "time_off", whole, created, "ill")
    later = whole._replace(end=at("2026-11-16T12:01Z"))
    late = replace(old, id="strange.override.late", interval=later)

    async def store_them(dependencies: Dependencies) -> None:
        writes = [OverrideWrite(each, None) for each in (old, late)]
        await dependencies.store.commit(Writes(overrides=writes))

    async def kept(dependencies: Dependencies) -> dict[str, Override | None]:
        async with dependencies.store.snapshot() as snapshot:
            state = await snapshot.load(Keys(overrides=[old.key, late.key]))
        return {key.override_id: stored.value for key, stored in state.overrides.items()}

    await old_clinic.run(store_them)
    capsys.readouterr()
    await old_clinic.run(apply)
    assert await old_clinic.run(kept) == {old.id: None, late.id: late}
    assert capsys.readouterr().out == f"{said('strange', 2, 1)}{said('who', 1)}"


# What is kept beside the appointments

UID = patient("uid-1")
RECORD = IdempotencyRecord("key", "print", LONG_AGO.id, at("2099-01-01T00:00Z"), "request")
GONE = appointment("2026-10-05T10:00Z", "2026-10-05T10:30Z", 6)._replace(
    patient=ADA._replace(id="uid-1"), owner=UID.patient, cancelled_at=at("2026-10-01T00:00Z")
)
RECENT = ONE_MINUTE_LESS._replace(patient=ADA._replace(id="uid-1"), owner=UID.patient)


class Cut(Exception):
    """The command is cut off."""


class CutOff:
    """Another store, whose command is cut off at the call of a verb."""

    def __init__(self, store: Store, verb: str) -> None:
        self._store = store
        self._verb = verb

    def __getattr__(self, name: str) -> object:
        if name == self._verb:
            raise Cut
        return getattr(self._store, name)


async def cut_off(clinic: Clinic, verb: str) -> None:
    async def applied(dependencies: Dependencies) -> None:
        store: Any = CutOff(dependencies.store, verb)
        await apply(replace(dependencies, store=store))

    with pytest.raises(Cut):
        await clinic.run(applied)


async def read_patient(store: Store) -> Stored[PatientSchedule]:
    key = schedule_of(UID).key
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(patients=[key]))).patients[key]


async def with_account(clinic: Clinic) -> datetime:
    """Let the account have what is old in its schedule, in its history and given up, and a record.

    Returns the instant of all this.
    """
    owned = (LONG_AGO, JUST_ENOUGH, RECENT, AHEAD)
    hers = [a._replace(patient=ADA._replace(id="uid-1"), owner=UID.patient) for a in owned]

    async def write(dependencies: Dependencies) -> datetime:
        store = dependencies.store
        for schedule in (schedule_of(UID, *hers, GONE), schedule_of(UID, *hers[1:])):
            write = PatientWrite(await read_patient(store), schedule)
            await store.commit(Writes(patients=[write]))
        there = ElsewhereWrite(ElsewhereKey("strange", GONE.id), GONE, None)
        await store.commit(Writes(records=[RecordWrite(RECORD, None)], elsewhere=[there]))
        async with store.snapshot() as snapshot:
            await snapshot.load(Keys(patients=[schedule_of(UID).key]))
            return await snapshot.instant()

    await clinic.books(*hers)
    return await clinic.run(write)


async def kept(clinic: Clinic) -> tuple[list[str], list[str], str]:
    """The ids in the schedule and the history of the account, and what the record tells."""

    async def read(dependencies: Dependencies) -> tuple[list[str], list[str], str]:
        key = schedule_of(UID).key
        async with dependencies.store.snapshot() as snapshot:
            state = await snapshot.load(Keys(records=["key"], patients=[key]))
            past = await snapshot.history(key, date.min, date.max)
        ids = [a.id for a in state.patients[key].value.appointments]
        return ids, [each.id for each in past], state.records["key"].value.fingerprint

    return await clinic.run(read)


async def can_be_seen(clinic: Clinic, instant: datetime) -> bool:
    async def read(dependencies: Dependencies) -> None:
        async with dependencies.store.snapshot(instant) as snapshot:
            await snapshot.load(Keys(patients=[schedule_of(UID).key]))

    try:
        await clinic.run(read)
    except SnapshotExpired:
        return False
    return True


async def test_what_is_erased_leaves_the_schedule_and_the_history_of_its_account(
    old_clinic: Clinic,
) -> None:
    before = await with_account(old_clinic)
    old = [LONG_AGO.id, GONE.id]
    assert await kept(old_clinic) == ([JUST_ENOUGH.id, RECENT.id, AHEAD.id], old, "print")
    assert await can_be_seen(old_clinic, before)
    await old_clinic.run(apply)
    assert await kept(old_clinic) == ([RECENT.id, AHEAD.id], [], "erased")
    assert not await can_be_seen(old_clinic, before)


@pytest.mark.parametrize("verb", ["erase_records", "erased_patients", "end_views"])
async def test_a_run_completes_what_one_has_left_that_was_cut_off(
    old_clinic: Clinic, verb: str
) -> None:
    before = await with_account(old_clinic)
    await cut_off(old_clinic, verb)
    assert await can_be_seen(old_clinic, before)
    await old_clinic.run(apply)
    assert await kept(old_clinic) == ([RECENT.id, AHEAD.id], [], "erased")
    assert not await can_be_seen(old_clinic, before)


async def test_a_series_tells_whose_it_is_until_all_of_it_has_ended(old_clinic: Clinic) -> None:
    name = "strange.series.s"
    ids = (LONG_AGO.id, AHEAD.id)
    record = replace(RECORD, appointment_id=name)
    series = Series(name, "strange", "FREQ=MONTHLY", "ada", LONG_AGO.created_at, ids)
    await old_clinic.books(*(each._replace(series_id=name) for each in (LONG_AGO, AHEAD)))

    async def write(dependencies: Dependencies) -> None:
        await dependencies.store.commit(
            Writes(records=[RecordWrite(record, None)], series=[series])
        )

    async def read(dependencies: Dependencies) -> tuple[Series | None, str]:
        async with dependencies.store.snapshot() as snapshot:
            state = await snapshot.load(Keys(records=["key"], series=[name]))
        return state.series[name], state.records["key"].value.fingerprint

    await old_clinic.run(write)
    await old_clinic.run(apply)
    assert await old_clinic.run(read) == (series, "print")
    old_clinic.now = at("2027-03-20T12:00Z")
    await old_clinic.run(apply)
    assert await old_clinic.run(read) == (replace(series, holder=""), "erased")


async def test_what_limits_kept_of_an_erased_account_goes_once_it_counts_no_more(
    old_clinic: Clinic,
) -> None:
    async def erase(dependencies: Dependencies) -> None:
        read = await read_patient(dependencies.store)
        rest = PatientSchedule(read.value.key, changed_at=(old_clinic.now,))
        await dependencies.store.erase_patient(read, rest)

    async def is_known(dependencies: Dependencies) -> bool:
        return (await read_patient(dependencies.store)).version is not None

    await old_clinic.run(apply)
    await old_clinic.run(erase)
    for days, known in ((0, True), (1, False)):
        old_clinic.now += timedelta(days=days)
        await old_clinic.run(apply)
        assert await old_clinic.run(is_known) is known


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
