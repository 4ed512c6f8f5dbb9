"""Whether every patient's schedule holds what the doctors' days say, read from the store itself."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from shared.model.appointment import Appointment
from shared.model.patient_key import PatientKey
from shared.settings import FirestoreDatabase, PostgresqlDatabase
from shared.store.firestore.store import FirestoreStore
from shared.store.port import Keys, Snapshot, Store
from shared.store.postgresql.store import PostgresqlStore
from shared.store.sqlite.store import SqliteStore
from tests.proof.accounts import PROJECT, account_key

Booked = dict[PatientKey, list[Appointment]]

SECONDS = 60
"""For each call of a database that has nothing else to do."""


@asynccontextmanager
async def opened(place: Path | str) -> AsyncIterator[Store]:
    """The store in a file, in a PostgreSQL database, or in the emulator at an address."""
    if isinstance(place, Path):
        store: Store = SqliteStore(str(place))
    elif "://" in place:
        store = PostgresqlStore(PostgresqlDatabase(place), SECONDS)
    else:
        store = FirestoreStore(FirestoreDatabase(PROJECT, "(default)", place), SECONDS)
    try:
        yield store
    finally:
        await store.close()


async def wrong_schedules(store: Store, accounts: Collection[str]) -> list[str]:
    """Sentences about each that lacks a booked appointment of its patient, or holds any other."""
    booked: Booked = {account_key(name): [] for name in accounts}
    async with store.snapshot() as snapshot:
        for appointment in await _all_booked(store, snapshot):
            if appointment.owner is not None:
                booked.setdefault(appointment.owner, []).append(appointment)
        schedules = (await snapshot.load(Keys(patients=[*booked]))).patients
    names = {account_key(name): name for name in accounts}
    return [
        f"the schedule of {names.get(key, key)} lacks {_told(less)}, and holds {_told(more)}"
        for key, wanted in booked.items()
        for found in [schedules[key].value.appointments]
        for more, less in [(_without(found, wanted), _without(wanted, found))]
        if more or less
    ]


async def _all_booked(store: Store, snapshot: Snapshot) -> Collection[Appointment]:
    """Each once, though it may stand on two days."""
    found = {
        appointment.id: appointment
        for doctor in await store.list_doctors(1000)
        async for day in snapshot.scan(doctor.id, date.min, date.max)
        for appointment in day.appointments
    }
    return found.values()


def _without(some: Sequence[Appointment], others: Sequence[Appointment]) -> Sequence[Appointment]:
    """Those that are not among the others, exactly as they are."""
    return [appointment for appointment in some if appointment not in others]


def _told(appointments: Sequence[Appointment]) -> str:
    return (
        ", ".join(f"{a.id} at {a.interval.start:%Y-%m-%dT%H:%M}" for a in appointments) or "nothing"
    )
