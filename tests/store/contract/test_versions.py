"""Two versions of the program on one store, as in every rolling deployment."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.override import Override
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    OverrideWrite,
    PatientWrite,
    Store,
    Stored,
    StoreRefused,
    Writes,
)
from tests.builders import appointment, at, doctor, key, schedule, span
from tests.store.contract.raw import Raw, raw_of

MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
ADA = PatientKey("ada" + 37 * "0")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
SECOND = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z", "second")

# An entry as a release to come may write it.
NEWER: dict[str, Any] = {
    "id": "first",
    "kind": "appointment",
    "schema": 3,
    "start": "2026-11-23T09:00:00Z",
    "end": "2026-11-23T09:30:00Z",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "patient": {"name": "Ada Lovelace", "email": "ada@example.org", "language": "en"},
    "room": 7,
    "devices": {"x-ray": 1, "couch": 2},
}

AT_NOON = {"start": "2026-11-23T12:00:00Z", "end": "2026-11-23T12:30:00Z"}


@pytest.fixture
async def raw(store: Store, tmp_path: Path) -> Raw:
    """The documents below a store that holds Monday with one appointment."""
    await store.commit(Writes([DayWrite(Stored(DaySchedule(MONDAY), None), monday(FIRST))]))
    return raw_of(store, tmp_path)


ELSEWHERE = ElsewhereKey("strange", "first")
ALL_DAY = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")


def monday(*appointments: Appointment) -> DaySchedule:
    return schedule("2026-11-23", *appointments)


async def load(store: Store) -> Stored[DaySchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]


async def move_first(store: Store) -> None:
    read = await load(store)
    found = cast("Appointment", read.value.find("first"))
    moved = found._replace(interval=span("2026-11-23T14:00Z", "2026-11-23T14:30Z"))
    await store.commit(Writes([DayWrite(read, read.value.with_appointment(moved))]))


async def test_fields_of_a_newer_version_are_kept_when_its_entry_or_another_is_written(
    store: Store, raw: Raw
) -> None:
    await raw.put_entry(MONDAY, "first", NEWER)
    read = await load(store)
    await store.commit(Writes([DayWrite(read, read.value.with_appointment(SECOND))]))
    assert await raw.entry(MONDAY, "first") == NEWER
    await move_first(store)
    times = {"start": "2026-11-23T14:00:00Z", "end": "2026-11-23T14:30:00Z"}
    assert await raw.entry(MONDAY, "first") == {**NEWER, **times}


HELD: dict[str, Any] = {
    "id": "held",
    "kind": "hold",
    "schema": 3,
    "start": "2026-11-23T11:00:00Z",
    "end": "2026-11-23T11:30:00Z",
    "ends_at": "2026-11-20T12:05:00Z",
    "holder": "ada",
    "note": "by phone",
}


async def test_fields_of_a_hold_that_a_newer_version_wrote_are_kept_until_it_is_given_up(
    store: Store, raw: Raw
) -> None:
    await raw.put_entry(MONDAY, "held", HELD)
    read = await load(store)
    assert [(hold.id, hold.holder) for hold in read.value.holds] == [("held", "ada")]
    await store.commit(Writes([DayWrite(read, read.value.with_appointment(SECOND))]))
    assert await raw.entry(MONDAY, "held") == HELD
    read = await load(store)
    await store.commit(Writes([DayWrite(read, read.value.without_hold("held"))]))
    assert (await load(store)).value == monday(FIRST, SECOND)


async def test_fields_of_a_newer_version_are_kept_when_an_appointment_ends_and_after(
    store: Store, raw: Raw
) -> None:
    await raw.put_entry(MONDAY, "first", NEWER)
    read = await load(store)
    found = cast("Appointment", read.value.find("first"))
    cancelled = found._replace(cancelled_at=at("2026-11-20T12:00Z"))
    gone = DayWrite(read, read.value.without("first"))
    await store.commit(Writes([gone], elsewhere=[ElsewhereWrite(ELSEWHERE, cancelled, None)]))
    kept = {**NEWER, "cancelled_at": "2026-11-20T12:00:00Z"}
    assert await raw.ended(ELSEWHERE) == kept
    async with store.snapshot() as snapshot:
        (ended,) = [a async for a in snapshot.scan_ended("strange", ALL_DAY)]
        stored = (await snapshot.load(Keys(elsewhere=[ELSEWHERE]))).elsewhere[ELSEWHERE]
    assert ended == stored.value
    assert (ended.status, ended.patient.email) == ("cancelled", "ada@example.org")
    told = ended._replace(cancellation_reason="ill")
    await store.commit(Writes(elsewhere=[ElsewhereWrite(ELSEWHERE, told, stored.version)]))
    assert await raw.ended(ELSEWHERE) == {**kept, "cancellation_reason": "ill"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "vault", "schema": 3, "until": 7}, 'the kind "vault"'),
        ({**NEWER, **AT_NOON, "schema": 4}, "has schema 4"),
        ({**NEWER, "start": "nine"}, "is damaged"),
        ({**NEWER, **AT_NOON, "patient": "Ada Lovelace"}, "is damaged"),
        ({"id": "first", "kind": "appointment", "schema": "3"}, "has schema 3"),
    ],
    ids=["kind", "schema", "start", "patient", "schema-as-text"],
)
async def test_an_entry_that_is_not_understood_is_refused_loudly_on_its_day_and_elsewhere(
    store: Store, raw: Raw, entry: dict[str, Any], said: str
) -> None:
    await raw.put_entry(MONDAY, "other", {"id": "other", **entry})
    await raw.put_ended(ELSEWHERE, at("2026-11-23T09:00Z"), {"id": "first", **entry})
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match=said):
            await snapshot.load(Keys(days=[MONDAY]))
        with pytest.raises(StoreRefused, match=said):
            _ = [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]
        with pytest.raises(StoreRefused, match=said):
            await snapshot.load(Keys(elsewhere=[ELSEWHERE]))
        with pytest.raises(StoreRefused, match=said):
            _ = [a async for a in snapshot.scan_ended("strange", ALL_DAY)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "vault"}, 'the kind "vault"'),
        ({"schema": 4}, "has schema 4"),
        ({"day": "soon"}, "is damaged"),
    ],
    ids=["kind", "schema", "day"],
)
async def test_a_pointer_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    pointer = {"kind": "pointer", "schema": 3, "doctor_id": "who", "day": "2026-11-24"}
    await raw.put_pointer(ELSEWHERE, {**pointer, **fields})
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match=said):
            await snapshot.load(Keys(elsewhere=[ELSEWHERE]))


async def test_what_is_derived_from_the_entries_is_cleared_by_a_version_that_does_not_know_it(
    store: Store, raw: Raw
) -> None:
    assert [*(await raw.day(MONDAY))["derived"]] == ["busy"]
    await raw.put_day(MONDAY, {"derived": {"doctors": "who"}})
    assert (await load(store)).value == monday(FIRST)
    await move_first(store)
    assert [*(await raw.day(MONDAY))["derived"]] == ["busy"]


async def test_busy_times_of_a_day_that_an_older_version_wrote_are_read_from_its_entries(
    store: Store, raw: Raw
) -> None:
    await raw.put_day(MONDAY, {"derived": {"doctors": "who"}})
    assert await busy_days(store) == {MONDAY: monday(FIRST).busy, TUESDAY: BusyDay()}
    await raw.put_entry(MONDAY, "another", {**NEWER, "id": "another", "kind": "vault"})
    with pytest.raises(StoreRefused, match='the kind "vault"'):
        await busy_days(store)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": 4}, "has schema 4"),
        ({"derived": {"busy": "[[1]]"}}, "are damaged"),
    ],
    ids=["schema", "text"],
)
async def test_busy_times_that_are_not_understood_are_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    await raw.put_day(MONDAY, fields)
    with pytest.raises(StoreRefused, match=said):
        await busy_days(store)


async def busy_days(store: Store) -> Mapping[DayKey, BusyDay]:
    async with store.snapshot() as snapshot:
        return await snapshot.busy_days([MONDAY, TUESDAY])


# Overrides

HOLIDAY = Override(
    id="strange.override.1",
    doctor_id="strange",
    kind="time_off",
    interval=span("2026-11-23T12:00Z", "2026-11-24T12:00Z"),
    created_at=at("2026-01-01T00:00Z"),
)


async def load_override(store: Store) -> Stored[Override | None]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(overrides=[HOLIDAY.key]))).overrides[HOLIDAY.key]


async def test_fields_of_an_override_that_a_newer_version_wrote_are_kept(
    store: Store, raw: Raw
) -> None:
    await store.commit(Writes(overrides=[OverrideWrite(replace(HOLIDAY, note="ill"), None)]))
    await raw.put_override(HOLIDAY.key, {"every": {"weeks": 2}})
    read = await load_override(store)
    assert read.value == replace(HOLIDAY, note="ill")
    deleted = replace(HOLIDAY, deleted_at=at("2026-01-02T00:00Z"))
    await store.commit(Writes(overrides=[OverrideWrite(deleted, read.version)]))
    fields = await raw.override(HOLIDAY.key)
    assert (fields["every"], fields["deleted_at"]) == ({"weeks": 2}, "2026-01-02T00:00:00Z")
    assert (await load_override(store)).value == deleted


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "absence"}, 'the kind "absence"'),
        ({"schema": 4}, "has schema 4"),
        ({"type": "lunch"}, "is damaged"),
        ({"created_at": "noon"}, "is damaged"),
    ],
    ids=["kind", "schema", "type", "instant"],
)
async def test_an_override_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    await store.commit(Writes(overrides=[OverrideWrite(HOLIDAY, None)]))
    await raw.put_override(HOLIDAY.key, fields)
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match=f"the override strange.override.1 .*{said}"):
            await snapshot.load(Keys(overrides=[HOLIDAY.key]))
        with pytest.raises(StoreRefused, match=f"the override strange.override.1 .*{said}"):
            _ = [each async for each in snapshot.scan_overrides("strange", ALL_DAY)]


SERIES = Series(
    id="strange.series.a",
    doctor_id="strange",
    rule="FREQ=DAILY;COUNT=1",
    holder="ada",
    created_at=at("2026-01-01T00:00Z"),
    appointment_ids=("first",),
)


async def load_series(store: Store) -> Series | None:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(series=[SERIES.id]))).series[SERIES.id]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "serial"}, 'the kind "serial"'),
        ({"schema": 4}, "has schema 4"),
        ({"created_at": "noon"}, "is damaged"),
    ],
    ids=["kind", "schema", "instant"],
)
async def test_a_series_is_understood_with_more_fields_or_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    await store.commit(Writes(series=[SERIES]))
    await raw.put_series(SERIES.id, {"title": "newer"})
    assert await load_series(store) == SERIES
    await raw.put_series(SERIES.id, fields)
    with pytest.raises(StoreRefused, match=f"the series strange.series.a .*{said}"):
        await load_series(store)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"kind": "hospital", "schema": 3}, 'the kind "hospital"'), ({"schema": 4}, "has schema 4")],
    ids=["kind", "schema"],
)
async def test_a_clinic_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    await raw.put_clinic({"kind": "clinic", **fields})
    with pytest.raises(StoreRefused, match=f"the clinic .*{said}"):
        await store.clinic()


# Patients


async def load_patient(store: Store) -> Stored[PatientSchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]


async def book(store: Store, *appointments: Appointment) -> None:
    write = PatientWrite(await load_patient(store), PatientSchedule(ADA, appointments))
    await store.commit(Writes(patients=[write]))


def texts_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in fields["appointments"].items()}


async def test_fields_of_a_newer_version_are_kept_in_the_document_of_a_patient(
    store: Store, raw: Raw
) -> None:
    await book(store, SECOND)
    newer = {**NEWER, "doctor_id": "who"}
    second = (await raw.patient(ADA))["appointments"]["second"]
    texts = {"first": json.dumps(newer), "second": second}
    await raw.put_patient(ADA, {"appointments": texts, "limits": {"open": 7}})
    read = await load_patient(store)
    first = cast("Appointment", read.value.find("first"))
    assert (first.doctor_id, first.patient.email) == ("who", "ada@example.org")
    moved = first._replace(interval=span("2026-11-23T14:00Z", "2026-11-23T14:30Z"))
    after = replace(read.value.without("second").with_appointment(moved), erasing=True)
    await store.commit(Writes(patients=[PatientWrite(read, after)]))
    fields = await raw.patient(ADA)
    times = {"start": "2026-11-23T14:00:00Z", "end": "2026-11-23T14:30:00Z"}
    assert texts_of(fields) == {"first": {**newer, **times}}
    assert (fields["limits"], fields["erasing"]) == ({"open": 7}, True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "family"}, 'the kind "family"'),
        ({"schema": 4}, "has schema 4"),
        ({"changed_at": ["yesterday"]}, "is damaged"),
        ({"appointments": {"first": json.dumps(NEWER)}}, "names no doctor"),
        ({"appointments": {"first": '{"id": "first", "kind": "vault"}'}}, 'the kind "vault"'),
        ({"appointments": {"first": "{"}}, "is damaged"),
    ],
    ids=["kind", "schema", "changed-at", "doctor", "kind-of-entry", "json"],
)
async def test_a_patient_who_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    await book(store, FIRST)
    await raw.put_patient(ADA, fields)
    with pytest.raises(StoreRefused, match=f"the patient {ADA.digits}.* {said}"):
        await load_patient(store)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "banned"}, 'the kind "banned"'),
        ({"schema": 4}, "has schema 4"),
        ({"issued_before": "yesterday"}, "is damaged"),
    ],
    ids=["kind", "schema", "instant"],
)
async def test_a_blocked_caller_who_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, fields: dict[str, Any], said: str
) -> None:
    blocked = {"kind": "blocked_caller", "schema": 3, "issued_before": "2026-11-23T09:00:00Z"}
    await raw.put_blocked(ADA, {**blocked, **fields})
    with pytest.raises(StoreRefused, match=f"the blocked caller {ADA.digits}.* {said}"):
        await store.blocked()


async def test_fields_of_a_doctor_that_a_newer_version_wrote_are_kept(
    store: Store, raw: Raw
) -> None:
    await store.put_doctors([doctor()])
    await raw.put_doctor("strange", {"room": 7})
    assert await store.doctors(["strange"]) == {"strange": doctor()}
    changed = doctor((("10:00", "12:00"),))
    await store.put_doctors([changed])
    assert await store.list_doctors(10) == [changed]
    fields = await raw.doctor("strange")
    assert (fields["room"], fields["kind"], fields["schema"]) == (7, "doctor", 3)


async def test_a_day_or_a_doctor_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw
) -> None:
    await raw.put_day(MONDAY, {"schema": 4})
    with pytest.raises(StoreRefused, match=r"strange, 2026-11-23 has schema 4"):
        await load(store)
    await store.put_doctors([doctor()])
    for fields, said in (
        ({"time_zone": "Mars"}, "the doctor strange is damaged"),
        ({"schema": 2}, "the doctor strange was stored by an older version"),
        ({"schema": 4}, "the doctor strange has schema 4"),
        ({"kind": "ward"}, 'the doctor strange is of the kind "ward"'),
    ):
        await raw.put_doctor("strange", fields)
        with pytest.raises(StoreRefused, match=said):
            await store.doctors(["strange"])
        with pytest.raises(StoreRefused, match=said):
            await store.list_doctors(10)
