"""The store in PostgreSQL: rows that are written on the condition that they are as they were read.

A commit is one call of a function of the schema, in one round trip. It is decided by the versions
of rows, each locked by whoever writes it, so no isolation but the default is needed; and even an
INSERT by hand cannot book a doctor twice, because a constraint excludes it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import Any

from shared.model.doctor import Doctor
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.settings import PostgresqlDatabase
from shared.store.commit_size import count_documents
from shared.store.port import (
    Stored,
    StoredRecord,
    StoreError,
    Versions,
    Writes,
)
from shared.store.postgresql import clinic, doctor_rows, erasing, outbox, views
from shared.store.postgresql.commit_rounds import Rounds
from shared.store.postgresql.commits import Commit
from shared.store.postgresql.pool import Connections, Query
from shared.store.postgresql.snapshot import PostgresqlSnapshot
from shared.store.usage import count_reads, count_writes

PRUNE_SECONDS = 300.0
"""How often an instance deletes what nobody may read any more, while commits arrive."""


class PostgresqlStore:
    """A `Store` in a PostgreSQL database. Connects at the first use, in the loop of that use.

    `seconds` is how long a request may take, of which a call may take a part. No call is repeated
    here: all attempts are made, and counted, above the store.
    """

    def __init__(self, database: PostgresqlDatabase, seconds: float) -> None:
        self._connections = Connections(database, seconds)
        self._rounds = Rounds(self._connections)
        self._prune_at = monotonic() + PRUNE_SECONDS
        self._pruning: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[PostgresqlSnapshot]:
        """Open a view, which keeps while others write."""
        async with self._connections.lend() as session:
            yield PostgresqlSnapshot(session, instant)

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, in one call, on the versions that were read."""
        documents = count_documents(writes)
        versions = await self._rounds.commit(Commit(writes), documents)
        count_writes(documents)
        self._prune_if_due()
        return versions

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """Return the first events behind another one that are due."""
        return await self._events(outbox.due_query(until, limit, after))

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """Return the events of appointments, in order of ids."""
        return await self._events(outbox.waiting_query(appointment_ids))

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """Return the first events behind an id that were set aside."""
        return await self._events(outbox.set_aside_query(limit, after))

    async def _events(self, query: Query) -> Sequence[StoredRecord]:
        found = outbox.events_of(await self._connections.execute(query))
        count_reads(max(len(found), 1))
        return found

    async def erase_records(self, ids: Collection[str]) -> None:
        """Erase records, events and holders of series, one transaction after the other."""
        count_writes(await erasing.erase_records(self._connections, ids))

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Erase an account, in one transaction."""
        count_writes(await erasing.erase_patient(self._connections, read, rest))

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Return whose rest need not be kept any more."""
        found = await erasing.erased_patients(self._connections, now)
        count_reads(len(found))
        return found

    async def end_views(self) -> None:
        """End the views of earlier instants, and delete all of the past."""
        await views.end_views(self._connections)
        count_writes(1)

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the blocked callers."""
        found = await clinic.read_blocked(self._connections)
        count_reads(len(found))
        return found

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Block a caller, or say another instant."""
        await clinic.write_blocked(self._connections, caller, issued_before)
        count_writes(1)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that are stored, by id."""
        found = await doctor_rows.read_doctors(self._connections, ids)
        count_reads(len(ids))
        return found

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """Return the first doctors behind an id, maybe only those who offer a service."""
        found = await doctor_rows.list_doctors(self._connections, limit, after, service_id)
        count_reads(len(found))
        return found

    async def clinic(self) -> Mapping[str, Any]:
        """Return what is true of the whole clinic."""
        count_reads(1)
        return await clinic.read_clinic(self._connections)

    async def put_clinic(self, members: Mapping[str, Any]) -> None:
        """Replace what is true of the whole clinic."""
        await clinic.write_clinic(self._connections, members)

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        await doctor_rows.write_doctors(self._connections, doctors)

    async def secret(self, name: str, proposed: str) -> str:
        """Return the secret of that name, or keep this one."""
        found = await clinic.read_secret(self._connections, name)
        count_reads(1)
        if found is None:
            found = await clinic.read_or_create_secret(self._connections, name, proposed)
            count_writes(1)
        return found

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Return the secret of a doctor's link."""
        count_reads(1)
        return await clinic.read_link(self._connections, doctor_id)

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Replace the secret of a doctor's link, unless somebody else was first."""
        kept = await clinic.replace_link(self._connections, doctor_id, replaced, secret)
        count_reads(1)
        count_writes(kept == secret)
        return kept

    async def left_behind(self) -> int:
        """None: no earlier release kept anything in PostgreSQL."""
        return 0

    async def close(self) -> None:
        """Close the connections."""
        await self._rounds.close()
        if self._pruning is not None:
            await asyncio.wait([self._pruning])
        await self._connections.close()

    def _prune_if_due(self) -> None:
        """Prune beside the requests, of which none waits for it."""
        if monotonic() >= self._prune_at:
            self._prune_at = monotonic() + PRUNE_SECONDS
            self._pruning = asyncio.create_task(self._prune())

    async def _prune(self) -> None:
        try:
            await views.prune(self._connections)
        except StoreError:
            return  # The next round does it.
