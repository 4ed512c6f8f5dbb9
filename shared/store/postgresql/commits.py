"""A commit as the one call of `commit_documents` in the schema, which checks and writes it."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from shared.model.appointment import Appointment
from shared.model.elsewhere import Whereabouts
from shared.model.series import Series
from shared.store.busy_documents import busy_day_to_text
from shared.store.documents import appointment_to_text, entry_to_text, pointer_to_document
from shared.store.instant_numbers import to_number
from shared.store.outbox_documents import delivery_to_document, event_to_document
from shared.store.override_documents import override_to_document
from shared.store.patient_documents import history_changes, patient_to_changes
from shared.store.port import (
    DayWrite,
    DocumentKey,
    ElsewhereWrite,
    OutboxWrite,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    Versions,
)
from shared.store.postgresql.connections import Query, Row
from shared.store.record_documents import record_to_document
from shared.store.schema import SCHEMA
from shared.store.series_documents import series_to_document

Fields = dict[str, Any]

_COMMIT = "SELECT commit_documents(%s, %s, %s, %s, %s, %s, %s)"
_encode = msgspec.json.Encoder().encode


class Commit(msgspec.Struct):
    """What one commit writes. Each kind is in the order of its keys, in which rows are locked."""

    days: Sequence[DayWrite]
    records: Sequence[RecordWrite]
    elsewhere: Sequence[ElsewhereWrite]
    patients: Sequence[PatientWrite]
    overrides: Sequence[OverrideWrite]
    series: Sequence[Series]
    events: Sequence[OutboxWrite]

    @property
    def documents(self) -> int:
        """How many documents it writes; each month of a patient's history is one."""
        months = sum(len(history_changes(patient)) for patient in self.patients)
        return sum(len(getattr(self, kind)) for kind in self.__struct_fields__) + months

    def query(self) -> Query:
        """Return the call, its kinds in the order of the function."""
        kinds = (
            map(_record, sorted(self.records, key=lambda write: write.record.key)),
            map(_whereabouts, sorted(self.elsewhere, key=lambda write: write.key)),
            map(_override, sorted(self.overrides, key=lambda write: write.override.key)),
            map(_series, sorted(self.series, key=lambda series: series.id)),
            map(_event, self._events()),
            map(_patient, self._patients()),
            map(_day, self._days()),
        )
        return Query(_COMMIT, [_encode(list(kind)).decode() for kind in kinds])

    def versions(self, rows: Sequence[Row]) -> Versions:
        """Read what the function returned."""
        ((versions,),) = rows
        return dict(zip(self._keys(), versions, strict=True))

    def _keys(self) -> Iterable[DocumentKey]:
        yield from (write.record.id for write in self._events())
        yield from (write.schedule.key for write in self._patients())
        yield from (write.day.key for write in self._days())

    def _events(self) -> list[OutboxWrite]:
        return sorted(self.events, key=lambda write: write.record.id)

    def _patients(self) -> list[PatientWrite]:
        return sorted(self.patients, key=lambda write: write.schedule.key.digits)

    def _days(self) -> list[DayWrite]:
        return sorted(self.days, key=lambda write: write.day.key)


def _record(write: RecordWrite) -> Fields:
    record = write.record
    return {
        "key": record.key,
        "expires_at": to_number(record.expires_at),
        "body": record_to_document(record),
        "read": write.replaced,
    }


def _whereabouts(write: ElsewhereWrite) -> Fields:
    key = {"doctor_id": write.key.doctor_id, "id": write.key.appointment_id}
    return {**key, "read": write.replaced, **_whereabouts_body(write.whereabouts)}


def _whereabouts_body(whereabouts: Whereabouts | None) -> Fields:
    if whereabouts is None:
        return {}
    if isinstance(whereabouts, Appointment):
        start = to_number(whereabouts.interval.start)
        return {"start": start, "body": appointment_to_text(whereabouts)}
    return {"body": _encode(pointer_to_document(whereabouts)).decode()}


def _override(write: OverrideWrite) -> Fields:
    override = write.override
    return {
        "doctor_id": override.doctor_id,
        "id": override.id,
        "start": to_number(override.interval.start),
        "body": None if write.forgotten else override_to_document(override),
        "read": write.replaced,
    }


def _series(series: Series) -> Fields:
    return {"id": series.id, "body": series_to_document(series)}


def _event(write: OutboxWrite) -> Fields:
    record = write.record
    return {
        "id": record.id,
        "appointment_id": record.event.appointment_id,
        "due_at": None if record.due_at is None else to_number(record.due_at),
        "set_aside": record.is_set_aside,
        "body": _event_body(write),
        "read": write.replaced,
    }


def _event_body(write: OutboxWrite) -> Fields | None:
    if write.done:
        return None
    changes = delivery_to_document(write.record)
    return changes if write.replaced else {**event_to_document(write.record.event), **changes}


def _patient(write: PatientWrite) -> Fields:
    starts = [
        (month, name, start)
        for month, changes in history_changes(write).items()
        for name, start in changes.items()
    ]
    return {
        "digits": write.schedule.key.digits,
        "changes": patient_to_changes(write),
        "read": write.read.version,
        "put": [{"month": m, "id": n, "start": to_number(s)} for m, n, s in starts if s],
        "forgotten": [{"month": m, "id": n} for m, n, s in starts if not s],
    }


def _day(write: DayWrite) -> Fields:
    key, changed, before = write.day.key, write.changed(), write.read.value.entries
    return {
        "doctor_id": key.doctor_id,
        "day": key.day,
        "schema": SCHEMA,
        "derived": f'{{"busy":{busy_day_to_text(write.day.busy)}}}',
        "read": write.read.version,
        "gone": [name for name in changed if name in before],
        "put": [{"id": name, "body": entry_to_text(e)} for name, e in changed.items() if e],
    }
