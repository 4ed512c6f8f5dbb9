"""What every store promises of series: created once, in the same commit as what they consist of."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.override import Override
from shared.model.patient_key import PatientKey, patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series, Skipped
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    State,
    Store,
    Stored,
    Version,
    VersionConflict,
    Writes,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import ADA, FIRST_OF_2026, appointment, at, key, schedule, span

MONDAY = key("2026-11-23")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
SERIES = Series(
    id="strange.series.a",
    doctor_id="strange",
    rule="FREQ=WEEKLY;COUNT=3",
    holder="ada",
    created_at=at("2026-11-20T12:00:00.000001+00:00"),
    appointment_ids=("early", "strange.20261130.b"),
    skipped=(
        Skipped(datetime(2026, 12, 7, 4, 0), at("2026-12-07T09:00Z"), "slot_taken"),  # noqa: DTZ001
        Skipped(datetime(2027, 3, 14, 2, 30), None, "Zoë's \N{PILE OF POO}"),  # noqa: DTZ001
    ),
)
OTHER = Series("strange.series.b", "strange", "FREQ=DAILY;COUNT=1", "bob", FIRST_OF_2026, ("x",))
CHANGED = replace(SERIES, rule="FREQ=DAILY;COUNT=3", appointment_ids=())


async def found(store: Store, *ids: str) -> dict[str, Series | None]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(series=ids))).series


async def test_series_are_read_as_they_were_created_and_none_where_there_is_none(
    store: Store, rival: Store
) -> None:
    assert await found(store, SERIES.id) == {SERIES.id: None}
    await store.commit(Writes(series=[SERIES, OTHER]))
    assert await found(rival, SERIES.id, "strange.series.c", OTHER.id) == {
        SERIES.id: SERIES,
        "strange.series.c": None,
        OTHER.id: OTHER,
    }
    assert await found(rival) == {}


ISSUER = "https://issuer"
ADAS, BOBS = patient_key(ISSUER, "ada"), patient_key(ISSUER, "bob")
RECORD = IdempotencyRecord("key", "print", SERIES.id, at("2099-01-01T00:00Z"), "request")
AWAY = Override(
    "strange.override.1",
    "strange",
    "time_off",
    span("2026-11-23T12:00Z", "2026-11-24T12:00Z"),
    FIRST_OF_2026,
)
GONE = ElsewhereKey("strange", "gone")


async def all_of_it(store: Store) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(
            Keys(
                days=[MONDAY],
                records=["key"],
                elsewhere=[GONE],
                patients=[BOBS],
                overrides=[AWAY.key],
                series=[SERIES.id, OTHER.id],
            )
        )


@pytest.mark.parametrize("of_id", [SERIES, CHANGED], ids=["the-same", "another"])
async def test_a_series_whose_id_there_is_already_is_a_conflict_and_nothing_is_written(
    store: Store, rival: Store, of_id: Series
) -> None:
    await rival.commit(Writes(series=[SERIES]))
    before = await all_of_it(store)
    assert before.series == {SERIES.id: SERIES, OTHER.id: None}
    ended = EARLY._replace(id="gone", cancelled_at=FIRST_OF_2026)
    with pytest.raises(VersionConflict):
        await store.commit(
            Writes(
                [DayWrite(before.days[MONDAY], schedule("2026-11-23", EARLY))],
                [RecordWrite(RECORD, None)],
                [ElsewhereWrite(GONE, ended, None)],
                [PatientWrite(before.patients[BOBS], PatientSchedule(BOBS, (EARLY,)))],
                [OverrideWrite(AWAY, None)],
                series=[OTHER, of_id],
            )
        )
    assert await all_of_it(rival) == before


async def test_a_series_is_not_created_where_a_day_has_changed(store: Store, rival: Store) -> None:
    stale = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))
    late = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
    await rival.commit(Writes([DayWrite(stale.read, schedule("2026-11-23", late))]))
    with pytest.raises(VersionConflict):
        await store.commit(Writes([stale], series=[SERIES]))
    assert await found(rival, SERIES.id) == {SERIES.id: None}


async def test_of_many_who_create_a_series_at_once_one_does(store: Store, rival: Store) -> None:
    tries = [instance.commit(Writes(series=[SERIES])) for instance in (store, rival) * 10]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(type(result) for result in results) == {dict: 1, VersionConflict: 19}


def occurrences() -> Sequence[Appointment]:
    """Sixty, on as many days, of Ada's account."""
    first = datetime(2026, 11, 23, 9, tzinfo=UTC)
    starts = [first + timedelta(days=number) for number in range(60)]
    return [
        Appointment(
            id=f"strange.{start:%Y%m%d}.{number}",
            doctor_id="strange",
            interval=Interval(start, start + timedelta(minutes=30)),
            patient=ADA._replace(id="ada"),
            created_at=FIRST_OF_2026,
            updated_at=FIRST_OF_2026,
            owner=ADAS,
            series_id="strange.series.sixty",
        )
        for number, start in enumerate(starts)
    ]


BOOKED = occurrences()
SIXTY = replace(SERIES, id="strange.series.sixty", appointment_ids=tuple(a.id for a in BOOKED))
DAYS = [DayKey("strange", a.interval.start.date()) for a in BOOKED]


async def load_sixty(store: Store, days: Collection[DayKey] = DAYS) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(Keys(days=days, patients=[ADAS], series=[SIXTY.id]))


async def test_sixty_days_with_a_patient_and_a_series_are_one_commit(
    store: Store, rival: Store
) -> None:
    state, usage = await load_sixty(store), StoreUsage()
    days = [
        DayWrite(state.days[day], state.days[day].value.with_appointment(booked))
        for day, booked in zip(DAYS, BOOKED, strict=True)
    ]
    patient = PatientWrite(state.patients[ADAS], PatientSchedule(ADAS, tuple(BOOKED)))
    with charged_to([usage]):
        versions = await store.commit(Writes(days, patients=[patient], series=[SIXTY]))
        assert (usage.reads, usage.writes) == (0, 62)
        after = await load_sixty(rival)
        assert (usage.reads, usage.writes) == (62, 62)
    expected: dict[DayKey | PatientKey, Version | None]
    expected = {day: after.days[day].version for day in DAYS}
    expected[ADAS] = after.patients[ADAS].version
    assert versions == expected
    assert [after.days[day].value.appointments for day in DAYS] == [(each,) for each in BOOKED]
    assert after.patients[ADAS].value.appointments == tuple(BOOKED)
    assert after.series == {SIXTY.id: SIXTY}
    async with rival.snapshot() as snapshot:
        scanned = [d async for d in snapshot.scan("strange", date(2026, 11, 1), date(2027, 2, 1))]
    assert {a.series_id for day in scanned for a in day.appointments} == {"strange.series.sixty"}


async def test_series_count_as_documents_that_are_read_and_written(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        await store.commit(Writes(series=[SERIES, OTHER]))
        assert (usage.reads, usage.writes) == (0, 2)
        await found(store, SERIES.id, "strange.series.c")
        assert (usage.reads, usage.writes) == (2, 2)


async def test_a_view_keeps_its_series_while_others_create_some(store: Store, rival: Store) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY], series=[SERIES.id]))
        await rival.commit(Writes(series=[SERIES]))
        assert (await snapshot.load(Keys(series=[SERIES.id]))).series == {SERIES.id: None}
    assert await found(store, SERIES.id) == {SERIES.id: SERIES}


NOBODY_S = replace(SERIES, holder="")


async def test_an_erased_series_and_its_record_tell_no_more_whose_they_were(
    store: Store, rival: Store
) -> None:
    await store.commit(Writes(records=[RecordWrite(RECORD, None)], series=[SERIES, OTHER]))
    for _ in range(2):
        await rival.erase_records(["early", SERIES.id])
        after = await all_of_it(store)
        assert after.series == {SERIES.id: NOBODY_S, OTHER.id: OTHER}
        assert after.records["key"].value == replace(RECORD, fingerprint="erased")


async def test_a_series_is_erased_without_a_record_and_none_is_made_where_there_is_none(
    store: Store,
) -> None:
    await store.commit(Writes(series=[SERIES]))
    await store.erase_records([OTHER.id, SERIES.id, "no series", "no/id"])
    assert await found(store, SERIES.id, OTHER.id) == {SERIES.id: NOBODY_S, OTHER.id: None}


async def test_a_great_many_series_are_erased_and_each_once(store: Store) -> None:
    many = [replace(SERIES, id=f"strange.series.{number}") for number in range(450)]
    for start in (0, 400):
        await store.commit(Writes(series=many[start : start + 400]))
    ids = [each.id for each in many]
    usage = StoreUsage()
    with charged_to([usage]):
        for _ in range(2):
            await store.erase_records(ids)
            assert usage.writes == 450
    assert set((await found(store, *ids)).values()) == {replace(each, holder="") for each in many}
