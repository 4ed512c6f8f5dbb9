"""Documents as another version of the program would write and read them, past the port."""

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from google.cloud.firestore_v1.field_path import FieldPath
from psycopg.types.string import TextLoader

from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey
from shared.model.override import OverrideKey
from shared.model.patient_key import PatientKey
from shared.store.firestore.documents import day_name, elsewhere_name
from shared.store.firestore.override_documents import override_name
from shared.store.firestore.patient_documents import history_name, patient_name
from shared.store.firestore.series_documents import series_name
from shared.store.firestore.store import FirestoreStore
from shared.store.firestore.values import Document, DocumentMask, Write, from_fields, to_fields
from shared.store.instant_numbers import to_number
from shared.store.port import Store
from shared.store.postgresql.store import PostgresqlStore

Fields = Mapping[str, Any]


class _Rows(ABC):
    """Rows of an SQL store. An entry or a day is put only where the day has a document."""

    put_in_day: LiteralString
    put_elsewhere: LiteralString

    @abstractmethod
    def _run(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]: ...

    async def put_entry(self, key: DayKey, name: str, entry: Fields) -> None:
        row = (key.doctor_id, key.day.isoformat(), name, json.dumps(entry))
        self._run(self.put_in_day, *row)

    async def entry(self, key: DayKey, name: str) -> Fields:
        ((body,),) = self._run(
            "SELECT body FROM entries WHERE day = ? AND id = ?", key.day.isoformat(), name
        )
        fields: Fields = json.loads(body)
        return fields

    async def put_day(self, key: DayKey, fields: Fields) -> None:
        known = await self.day(key) | dict(fields)
        derived = known.get("derived") and json.dumps(known["derived"])
        self._run("UPDATE doctor_days SET schema = ?, derived = ?", known["schema"], derived)

    async def day(self, key: DayKey) -> dict[str, Any]:
        """Read the fields of a day that are there, without its entries."""
        ((schema, derived),) = self._run(
            "SELECT schema, derived FROM doctor_days WHERE day = ?", key.day.isoformat()
        )
        return {"schema": schema, **({"derived": json.loads(derived)} if derived else {})}

    async def put_pointer(self, key: ElsewhereKey, fields: Fields) -> None:
        self._run(self.put_elsewhere, *key, None, json.dumps(fields))

    async def put_ended(self, key: ElsewhereKey, start: datetime, entry: Fields) -> None:
        self._run(self.put_elsewhere, *key, to_number(start), json.dumps(entry))

    async def ended(self, key: ElsewhereKey) -> Fields:
        ((body,),) = self._run("SELECT body FROM elsewhere WHERE doctor_id = ? AND id = ?", *key)
        entry: Fields = json.loads(body)
        return entry

    async def put_doctor(self, doctor_id: str, fields: Fields) -> None:
        body = json.dumps({**await self.doctor(doctor_id), **fields})
        self._run("UPDATE doctors SET body = ? WHERE id = ?", body, doctor_id)

    async def doctor(self, doctor_id: str) -> Fields:
        ((body,),) = self._run("SELECT body FROM doctors WHERE id = ?", doctor_id)
        fields: Fields = json.loads(body)
        return fields

    async def put_patient(self, key: PatientKey, fields: Fields) -> None:
        body = json.dumps({**await self.patient(key), **fields})
        self._run("UPDATE patients SET body = ? WHERE digits = ?", body, key.digits)

    async def patient(self, key: PatientKey) -> Fields:
        ((body,),) = self._run("SELECT body FROM patients WHERE digits = ?", key.digits)
        fields: Fields = json.loads(body)
        return fields

    async def put_blocked(self, key: PatientKey, fields: Fields) -> None:
        statement: LiteralString = """
            INSERT INTO blocked VALUES (?, ?)
            ON CONFLICT (digits) DO UPDATE SET body = excluded.body
        """
        self._run(statement, key.digits, json.dumps(fields))

    async def put_override(self, key: OverrideKey, fields: Fields) -> None:
        body = json.dumps({**await self.override(key), **fields})
        self._run("UPDATE overrides SET body = ? WHERE doctor_id = ? AND id = ?", body, *key)

    async def override(self, key: OverrideKey) -> Fields:
        ((body,),) = self._run("SELECT body FROM overrides WHERE doctor_id = ? AND id = ?", *key)
        fields: Fields = json.loads(body)
        return fields

    async def put_series(self, series_id: str, fields: Fields) -> None:
        ((body,),) = self._run("SELECT body FROM series WHERE id = ?", series_id)
        body = json.dumps({**json.loads(body), **fields})
        self._run("UPDATE series SET body = ? WHERE id = ?", body, series_id)

    async def put_clinic(self, fields: Fields) -> None:
        statement: LiteralString = """
            INSERT INTO clinic VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body
        """
        self._run(statement, json.dumps(fields))

    async def put_secret(self, name: str, fields: Fields) -> None:
        ((body,),) = self._run("SELECT body FROM secrets WHERE name = ?", name)
        body = json.dumps({**json.loads(body), **fields})
        self._run("UPDATE secrets SET body = ? WHERE name = ?", body, name)

    async def put_link(self, doctor_id: str, fields: Fields) -> None:
        ((body,),) = self._run("SELECT body FROM calendar_links WHERE doctor_id = ?", doctor_id)
        body = json.dumps({**json.loads(body), **fields})
        self._run("UPDATE calendar_links SET body = ? WHERE doctor_id = ?", body, doctor_id)

    async def link(self, doctor_id: str) -> Fields:
        ((body,),) = self._run("SELECT body FROM calendar_links WHERE doctor_id = ?", doctor_id)
        fields: Fields = json.loads(body)
        return fields


class RawSqlite(_Rows):
    """Those of a file."""

    put_in_day = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, 0, ?)"
    put_elsewhere = "INSERT OR REPLACE INTO elsewhere VALUES (?, ?, 0, ?, ?)"

    def __init__(self, path: str) -> None:
        self._path = path

    def _run(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()


class RawPostgresql(_Rows):
    """Those of a database, of which JSON is read as the text that it is."""

    put_in_day = """
        INSERT INTO entries VALUES (?, ?, ?, '0', 'empty', ?)
        ON CONFLICT (doctor_id, day, id) DO UPDATE SET body = excluded.body
    """
    put_elsewhere = """
        INSERT INTO elsewhere VALUES (?, ?, 0, '0', ?, ?)
        ON CONFLICT (doctor_id, id) DO UPDATE SET start = excluded.start, body = excluded.body
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def _run(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._address, autocommit=True) as connection:
            for name in ("json", "jsonb"):
                connection.adapters.register_loader(name, TextLoader)
            cursor = connection.execute(statement.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []


class RawFirestore:
    """Documents of the database, in the same terms."""

    def __init__(self, store: FirestoreStore) -> None:
        self._calls = store._calls()  # noqa: SLF001 - the same connection, past the port

    async def _put(self, name: str, fields: Fields, *paths: str) -> None:
        document = Document(name=name, fields=to_fields(fields))
        mask = DocumentMask(field_paths=paths or list(fields))
        await self._calls.commit([Write(update=document, update_mask=mask)])

    async def _get(self, name: str) -> dict[str, Any]:
        (read,) = [read async for read in self._calls.batch_get([name], None)]
        return from_fields(read.found.fields)

    async def put_entry(self, key: DayKey, name: str, entry: Fields) -> None:
        path = FieldPath("appointments", name).to_api_repr()
        fields = {"appointments": {name: json.dumps(entry)}}
        await self._put(day_name(self._calls.root, key), fields, path)

    async def entry(self, key: DayKey, name: str) -> Fields:
        fields = await self._get(day_name(self._calls.root, key))
        entry: Fields = json.loads(fields["appointments"][name])
        return entry

    async def put_day(self, key: DayKey, fields: Fields) -> None:
        await self._put(day_name(self._calls.root, key), fields)

    async def day(self, key: DayKey) -> Fields:
        fields = await self._get(day_name(self._calls.root, key))
        del fields["appointments"], fields["kind"], fields["revision"]
        return fields

    async def put_pointer(self, key: ElsewhereKey, fields: Fields) -> None:
        await self._put(elsewhere_name(self._calls.root, key), fields)

    async def put_ended(self, key: ElsewhereKey, start: datetime, entry: Fields) -> None:
        fields = {"kind": "ended", "schema": 3, "start": start, "entry": json.dumps(entry)}
        await self._put(elsewhere_name(self._calls.root, key), fields)

    async def ended(self, key: ElsewhereKey) -> Fields:
        fields = await self._get(elsewhere_name(self._calls.root, key))
        entry: Fields = json.loads(fields["entry"])
        return entry

    async def put_doctor(self, doctor_id: str, fields: Fields) -> None:
        await self._put(f"{self._calls.root}/doctors/{doctor_id}", fields)

    async def doctor(self, doctor_id: str) -> Fields:
        return {"id": doctor_id, **await self._get(f"{self._calls.root}/doctors/{doctor_id}")}

    async def put_patient(self, key: PatientKey, fields: Fields) -> None:
        await self._put(patient_name(self._calls.root, key), fields)

    async def patient(self, key: PatientKey) -> Fields:
        return await self._get(patient_name(self._calls.root, key))

    async def put_blocked(self, key: PatientKey, fields: Fields) -> None:
        await self._put(f"{self._calls.root}/blocked/{key.digits}", fields)

    async def put_history(self, key: PatientKey, month: str, fields: Fields) -> None:
        patient = patient_name(self._calls.root, key)
        await self._put(history_name(patient, month), fields)

    async def history(self, key: PatientKey, month: str) -> Fields:
        return await self._get(history_name(patient_name(self._calls.root, key), month))

    async def put_override(self, key: OverrideKey, fields: Fields) -> None:
        await self._put(override_name(self._calls.root, key), fields)

    async def override(self, key: OverrideKey) -> Fields:
        return await self._get(override_name(self._calls.root, key))

    async def put_series(self, series_id: str, fields: Fields) -> None:
        await self._put(series_name(self._calls.root, series_id), fields)

    async def put_clinic(self, fields: Fields) -> None:
        await self._put(f"{self._calls.root}/clinic/settings", fields)

    async def put_secret(self, name: str, fields: Fields) -> None:
        await self._put(f"{self._calls.root}/secrets/{name}", fields)

    async def put_link(self, doctor_id: str, fields: Fields) -> None:
        await self._put(f"{self._calls.root}/calendar_links/{doctor_id}", fields)

    async def link(self, doctor_id: str) -> Fields:
        return await self._get(f"{self._calls.root}/calendar_links/{doctor_id}")


Raw = RawSqlite | RawFirestore | RawPostgresql


def raw_of(store: Store, folder: Path) -> Raw:
    """Return the documents below a store of a test, which has its data in a folder."""
    if isinstance(store, FirestoreStore):
        return RawFirestore(store)
    if isinstance(store, PostgresqlStore):
        return RawPostgresql(store._connections.database.address)  # noqa: SLF001 - past the port
    return RawSqlite(str(folder / "appointments.db"))
