"""The production store: Firestore, one document for each doctor-day.

A commit is one `Commit` call. Each of its writes carries the precondition that the document has
the update time that was read, or that there is none; nothing is ever locked.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from shared.model.doctor import Doctor
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.settings import FirestoreDatabase
from shared.store.firestore.blocked_calls import read_blocked, write_blocked
from shared.store.firestore.calls import Calls
from shared.store.firestore.channel import prepare_channel
from shared.store.firestore.clinic_calls import read_clinic, write_clinic
from shared.store.firestore.doctor_calls import list_doctors, read_doctors, write_doctors
from shared.store.firestore.documents import (
    write_day,
    write_elsewhere,
    write_record,
)
from shared.store.firestore.erasure_calls import (
    end_views,
    erase_patient,
    erase_records,
    erased_patients,
)
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.link_calls import read_link, replace_link
from shared.store.firestore.mail_calls import add_mail
from shared.store.firestore.outbox_calls import (
    due_events,
    set_aside_events,
    waiting_events,
    write_event,
)
from shared.store.firestore.override_documents import write_override
from shared.store.firestore.patient_documents import write_histories, write_patient
from shared.store.firestore.secret_calls import create_secret, read_secret
from shared.store.firestore.series_documents import create_series
from shared.store.firestore.snapshot import FirestoreSnapshot
from shared.store.port import (
    DocumentKey,
    Stored,
    StoredRecord,
    StoreUnavailable,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.usage import count_writes


class FirestoreStore:
    """A `Store` in a Firestore database. Connects at the first use, in the loop of that use.

    `seconds` is how long one call may take. No call is repeated here: all attempts are made, and
    counted, above the store.
    """

    def __init__(self, database: FirestoreDatabase, seconds: float) -> None:
        prepare_channel(database.emulator)
        self._database = database
        self._seconds = seconds
        self._connected: Calls | None = None
        self._closed = False

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[FirestoreSnapshot]:
        """Open a view of that time, or of the time of its first read."""
        yield FirestoreSnapshot(self._calls(), instant)

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, in one call, on the update times that were read."""
        calls = self._calls()
        root = calls.root
        sent = [write_day(root, day) for day in writes.days]
        sent += [write_patient(root, patient) for patient in writes.patients]
        sent += [write_event(root, event) for event in writes.events]
        keys: list[DocumentKey] = [write.day.key for write in writes.days]
        keys += [write.schedule.key for write in writes.patients]
        keys += [write.record.id for write in writes.events]
        sent += [write_record(root, record) for record in writes.records]
        sent += [write_elsewhere(root, whereabouts) for whereabouts in writes.elsewhere]
        sent += [write_override(root, override) for override in writes.overrides]
        sent += [create_series(root, each) for each in writes.series]
        sent += [month for patient in writes.patients for month in write_histories(root, patient)]
        with translated_errors(conflict=CONFLICT):
            results = await calls.commit(sent)
        count_writes(len(sent))
        written = zip(keys, results, strict=False)
        return {key: result.update_time.ToNanoseconds() for key, result in written}

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """Return the first events behind another one that are due."""
        return await due_events(self._calls(), until, limit, after)

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """Return the events of appointments, in order of ids."""
        return await waiting_events(self._calls(), appointment_ids)

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """Return the first events behind an id that were set aside."""
        return await set_aside_events(self._calls(), limit, after)

    async def erase_records(self, ids: Collection[str]) -> None:
        """Erase the records of appointments and series, what tells of them, and series' holders."""
        await erase_records(self._calls(), ids)

    async def add_mail(
        self, event_id: str, appointment_id: str, fields: Mapping[str, object]
    ) -> None:
        """Create the document of an event's mail, unless there is one, or the event is erased."""
        await add_mail(self._calls(), event_id, appointment_id, fields)

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Erase an account, in one commit if Firestore allows it."""
        await erase_patient(self._calls(), read, rest)

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Return whose rest need not be kept any more."""
        return await erased_patients(self._calls(), now)

    async def end_views(self) -> None:
        """End the views of earlier instants."""
        await end_views(self._calls())

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the blocked callers."""
        return await read_blocked(self._calls())

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Block a caller, or say another instant."""
        await write_blocked(self._calls(), caller, issued_before)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that are stored, by id."""
        return await read_doctors(self._calls(), ids)

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """Return the first doctors behind an id, maybe only those who offer a service."""
        return await list_doctors(self._calls(), limit, after, service_id)

    async def clinic(self) -> Mapping[str, Any]:
        """Return what is true of the whole clinic."""
        return await read_clinic(self._calls())

    async def put_clinic(self, clinic: Mapping[str, Any]) -> None:
        """Replace what is true of the whole clinic."""
        await write_clinic(self._calls(), clinic)

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        await write_doctors(self._calls(), doctors)

    async def secret(self, name: str, proposed: str) -> str:
        """Return the secret of that name, or keep this one."""
        calls = self._calls()
        while (found := await read_secret(calls, name)) is None:
            try:
                await create_secret(calls, name, proposed)
            except VersionConflict:
                continue  # Another instance was first.
            return proposed
        return found

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Return the secret of a doctor's link."""
        return (await read_link(self._calls(), doctor_id)).value

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Replace the secret of a doctor's link, unless somebody else was first."""
        return await replace_link(self._calls(), doctor_id, replaced, secret)

    async def left_behind(self) -> int:
        """None: documents that the migration cannot read stay where they are."""
        return 0

    async def close(self) -> None:
        """Close the connection."""
        self._closed = True
        if self._connected is not None:
            await self._connected.close()

    def _calls(self) -> Calls:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._connected is None:
            with translated_errors():
                self._connected = Calls(self._database, self._seconds)
        return self._connected
