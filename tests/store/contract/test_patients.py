"""What every store promises of a patient's schedule and of what has left it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment, Patient
from shared.model.day import DaySchedule
from shared.model.interval import Interval
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey, patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import (
    DayWrite,
    Keys,
    PatientWrite,
    Store,
    Stored,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, key, schedule

ADA, BOB = patient_key("https://issuer", "ada"), patient_key("https://issuer", "bob")
MONDAY = key("2026-11-23")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-12-31T23:30Z", "2027-01-01T00:30Z", "late", doctor_id="who")
NEXT_YEAR = appointment("2027-01-04T09:00Z", "2027-01-04T09:30Z", "next.year")
OTHER = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z", "other")
FULL = EARLY._replace(
    patient=Patient("Zoë \x00 \N{PILE OF POO}", "zoe@example.org", "+1 555 0100", "ada"),
    created_at=at("2026-01-01T00:00:00.000001+00:00"),
    updated_at=at("2026-01-02T00:00Z"),
    reason="a 'quoted' \"reason\"\n",
    told_start=datetime(2026, 11, 23, 4, 0),  # noqa: DTZ001 - on the doctor's clock
    owner=ADA,
)
NOBODY_WROTE = Stored(PatientSchedule(ADA), None)
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)

Change = Callable[[PatientSchedule], PatientSchedule]


async def load(store: Store, patient: PatientKey = ADA) -> Stored[PatientSchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(patients=[patient]))).patients[patient]


async def change(store: Store, to: Change, patient: PatientKey = ADA) -> Versions:
    read = await load(store, patient)
    return await store.commit(Writes(patients=[PatientWrite(read, to(read.value))]))


def adding(*appointments: Appointment) -> Change:
    def add(patient: PatientSchedule) -> PatientSchedule:
        for each in appointments:
            patient = patient.with_appointment(each)
        return patient

    return add


def removing(*names: str) -> Change:
    def remove(patient: PatientSchedule) -> PatientSchedule:
        for name in names:
            patient = patient.without(name)
        return patient

    return remove


async def history(
    store: Store, patient: PatientKey = ADA, first: date = FIRST, last: date = LAST
) -> Sequence[str]:
    async with store.snapshot() as snapshot:
        return [past.id for past in await snapshot.history(patient, first, last)]


async def test_without_a_document_a_patient_has_booked_nothing_and_has_no_history(
    store: Store,
) -> None:
    assert await load(store) == NOBODY_WROTE
    assert await history(store) == []


async def test_a_schedule_is_read_as_it_was_written(store: Store, rival: Store) -> None:
    changed_at = (at("2026-11-20T12:00Z"), at("2026-11-20T12:00:00.000001+00:00"))
    full = PatientSchedule(ADA, (FULL, LATE), changed_at)
    marked = replace(full, erasing=True, erased_at=changed_at[1:])
    for written in (full, marked, full, PatientSchedule(ADA)):
        await change(store, lambda _, to=written: to)  # type: ignore[misc]
        assert (await load(rival)).value == written


async def test_a_commit_writes_days_and_patients_together_and_returns_the_versions_of_both(
    store: Store, rival: Store
) -> None:
    seen = set()
    for booked in (EARLY, OTHER):
        async with store.snapshot() as snapshot:
            read = await snapshot.load(Keys(days=[MONDAY], patients=[BOB, ADA]))
        day, ada = read.days[MONDAY], read.patients[ADA]
        versions = await store.commit(
            Writes(
                [DayWrite(day, day.value.with_appointment(booked))],
                patients=[
                    PatientWrite(read.patients[BOB], read.patients[BOB].value),
                    PatientWrite(ada, ada.value.with_appointment(booked)),
                ],
            )
        )
        async with rival.snapshot() as snapshot:
            after = await snapshot.load(Keys(days=[MONDAY], patients=[ADA, BOB]))
        assert versions == {
            MONDAY: after.days[MONDAY].version,
            ADA: after.patients[ADA].version,
            BOB: after.patients[BOB].version,
        }
        seen.add(versions[ADA])
    assert after.days[MONDAY].value == schedule("2026-11-23", EARLY, OTHER)
    assert after.patients[ADA].value == PatientSchedule(ADA, (EARLY, OTHER))
    assert after.patients[BOB].value == PatientSchedule(BOB)
    assert len(seen) == 2


# Versions


def written(read: Stored[PatientSchedule], of: Stored[PatientSchedule]) -> PatientWrite:
    """A change of one schedule on the version of another."""
    return PatientWrite(Stored(read.value, of.version), PatientSchedule(read.value.key))


ATTEMPTS: dict[str, Callable[[Stored[PatientSchedule], Stored[PatientSchedule]], PatientWrite]] = {
    "has-changed": lambda ada, _: written(ada, ada),
    "has-changed-and-is-only-checked": lambda ada, _: PatientWrite(ada, ada.value),
    "has-come-to-be": lambda _, bob: written(bob, bob),
    "was-never-there": lambda ada, _: written(Stored(PatientSchedule(PatientKey("0")), None), ada),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_a_commit_on_a_patient_who_is_not_as_was_read_is_a_conflict_and_writes_nothing(
    store: Store,
    rival: Store,
    attempt: Callable[[Stored[PatientSchedule], Stored[PatientSchedule]], PatientWrite],
) -> None:
    await change(store, adding(EARLY, LATE))
    ada, bob, free = await load(store), await load(store, BOB), PatientKey("f")
    await change(rival, adding(OTHER))
    await change(rival, adding(NEXT_YEAR), BOB)
    day = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))
    new = PatientWrite(Stored(PatientSchedule(free), None), PatientSchedule(free, (EARLY,)))
    with pytest.raises(VersionConflict):
        await store.commit(Writes([day], patients=[new, attempt(ada, bob)]))
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=[MONDAY], patients=[free]))
    assert (state.days[MONDAY].version, state.patients[free].version) == (None, None)
    assert (await load(store)).value == PatientSchedule(ADA, (EARLY, OTHER, LATE))
    assert (await load(store, BOB)).value == PatientSchedule(BOB, (NEXT_YEAR,))
    assert (await history(store), await history(store, BOB)) == ([], [])


async def test_of_many_rivals_on_one_version_of_a_patient_one_commits(
    store: Store, rival: Store
) -> None:
    for booked in (EARLY, OTHER):  # There is no document, and there is one.
        read = await load(store)
        write = PatientWrite(read, read.value.with_appointment(booked))
        # The first commits hold the others up, so that a store that can writes those together.
        first = [instance.commit(Writes()) for instance in (store, rival)]
        tries = [instance.commit(Writes(patients=[write])) for instance in (store, rival) * 10]
        results = await asyncio.gather(*first, *tries, return_exceptions=True)
        assert Counter(type(result) for result in results) == {dict: 3, VersionConflict: 19}
    assert (await load(store)).value == PatientSchedule(ADA, (EARLY, OTHER))


# History


async def test_what_leaves_a_schedule_is_in_the_history_of_the_month_in_which_it_started(
    store: Store, rival: Store
) -> None:
    for patient in (ADA, BOB):
        await change(store, adding(EARLY, LATE, NEXT_YEAR, OTHER), patient)
    await change(rival, removing("early"))
    await change(store, removing("late", "next.year"))
    await change(store, adding(EARLY))
    await change(rival, removing("early"))
    await change(store, removing("other"))
    assert await history(store) == ["early", "other", "late", "next.year"]
    for first, last, expected in (
        ("2026-11-30", "2026-11-01", ["early", "other"]),
        ("2026-10-01", "2026-10-31", []),
        ("2026-12-31", "2027-01-01", ["late", "next.year"]),
        ("2027-01-31", "2028-01-01", ["next.year"]),
    ):
        found = await history(rival, ADA, date.fromisoformat(first), date.fromisoformat(last))
        assert found == expected
    assert await history(store, BOB) == []
    assert (await load(store)).value == PatientSchedule(ADA)


async def test_the_history_tells_when_each_started_last(store: Store, rival: Store) -> None:
    precise = EARLY._replace(
        id="precise",
        interval=Interval(at("2026-11-23T09:00:00.000001+00:00"), at("2026-11-23T10:00Z")),
    )
    await change(store, adding(LATE, precise))
    await change(store, removing("late", "precise"))
    async with rival.snapshot() as snapshot:
        assert await snapshot.history(ADA, FIRST, LAST) == [
            PastAppointment("precise", "2026-11", at("2026-11-23T09:00:00.000001+00:00")),
            PastAppointment("late", "2026-12", at("2026-12-31T23:30Z")),
        ]


STEPS: list[tuple[Change, tuple[Appointment, ...], list[str]]] = [
    (adding(EARLY), (EARLY,), []),
    (adding(LATE), (EARLY, LATE), []),
    (removing("early"), (LATE,), ["early"]),
    (adding(FULL), (FULL, LATE), ["early"]),
    (removing("early", "late"), (), ["early", "late"]),
    (adding(NEXT_YEAR), (NEXT_YEAR,), ["early", "late"]),
]


async def test_earlier_instants_show_a_patient_as_of_then(store: Store, rival: Store) -> None:
    instants = []
    for number, (to, _, _) in enumerate(STEPS):
        await change((store, rival)[number % 2], to)
        async with rival.snapshot() as snapshot:
            await snapshot.load(Keys(days=[MONDAY]))
            instants.append(await snapshot.instant())
    for instant, (_, appointments, gone) in zip(instants, STEPS, strict=True):
        async with store.snapshot(instant) as snapshot:
            patients = (await snapshot.load(Keys(patients=[ADA, BOB]))).patients
            assert patients[ADA].value == PatientSchedule(ADA, appointments)
            assert patients[BOB] == Stored(PatientSchedule(BOB), None)
            assert [past.id for past in await snapshot.history(ADA, FIRST, LAST)] == gone


async def test_a_view_does_not_see_what_becomes_of_a_patient_later(
    store: Store, rival: Store
) -> None:
    await change(store, adding(EARLY))
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        await change(rival, removing("early"))
        assert await snapshot.history(ADA, FIRST, LAST) == []
        found = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA].value
        assert found == PatientSchedule(ADA, (EARLY,))


async def test_patients_and_months_of_their_history_are_counted(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        await change(store, adding(EARLY, LATE, OTHER))
        assert (usage.reads, usage.writes) == (1, 1)
        await change(store, removing("early", "late", "other"))
        assert (usage.reads, usage.writes) == (2, 4)
        await history(store)
        assert (usage.reads, usage.writes) == (4, 4)
