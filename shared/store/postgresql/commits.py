"""A commit as the one call of `commit_documents` in the schema, which checks and writes it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from shared.model.appointment import Appointment
from shared.model.day import DayKey, Entry
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.override import OverrideKey
from shared.model.patient_key import PatientKey
from shared.model.series import Series
from shared.store.appointment_documents import (
    appointment_to_text,
    entry_to_text,
    pointer_to_document,
)
from shared.store.busy_documents import busy_day_to_text
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
    Version,
    Versions,
    Writes,
)
from shared.store.postgresql.pool import Query, Row
from shared.store.record_documents import record_to_document
from shared.store.schema import SCHEMA
from shared.store.series_documents import series_to_document

Fields = dict[str, Any]
W = TypeVar("W")
Key = DocumentKey | ElsewhereKey | OverrideKey

_COMMIT = "SELECT commit_documents(%s, %s, %s, %s, %s, %s, %s)"
_ROUND = "SELECT commit_round(%s)"
_encode = msgspec.json.Encoder().encode


class Commit(msgspec.Struct):
    """What one commit writes, each kind in the order of its keys, in which rows are locked."""

    writes: Writes

    @property
    def day(self) -> DayKey | None:
        """The only day that it writes; None if there is none, or more than one."""
        return self.writes.days[0].day.key if len(self.writes.days) == 1 else None

    def query(self) -> Query:
        """Return the call."""
        kinds = [_encode(kind).decode() if kind else None for kind in self.kinds()]
        return Query(_COMMIT, kinds)

    def kinds(self) -> Sequence[list[Fields]]:
        """Return what is written, its kinds in the order of the function."""
        return (
            _written(_record, self.writes.records, lambda write: write.record.key),
            _written(_whereabouts, self.writes.elsewhere, lambda write: write.key),
            _written(_override, self.writes.overrides, lambda write: write.override.key),
            _written(_series, self.writes.series, lambda series: series.id),
            _written(_event, self.writes.events, _event_id),
            _written(_patient, self.writes.patients, _patient_key),
            _written(_day, self.writes.days, _day_key),
        )

    def versions(self, rows: Sequence[Row]) -> Versions:
        """Read what the call returned."""
        ((versions,),) = rows
        return self.named(versions)

    def named(self, versions: Sequence[Version]) -> Versions:
        """Return versions by the keys of the documents."""
        keys: list[DocumentKey] = sorted(map(_event_id, self.writes.events))
        keys += sorted(map(_patient_key, self.writes.patients))
        keys += sorted(map(_day_key, self.writes.days))
        return dict(zip(keys, versions, strict=True))


def together(commits: Sequence[Commit]) -> Query:
    """Return the call that makes several commits, of which each returns versions or an error."""
    return Query(_ROUND, [_encode([commit.kinds() for commit in commits]).decode()])


def _written(
    form: Callable[[W], Fields], writes: Sequence[W], key: Callable[[W], Key]
) -> list[Fields]:
    """Return writes in the form that the function reads, in order of their keys."""
    if len(writes) > 1:
        writes = sorted(writes, key=key)
    return [form(each) for each in writes]


def _event_id(write: OutboxWrite) -> str:
    return write.record.id


def _patient_key(write: PatientWrite) -> PatientKey:
    return write.schedule.key


def _day_key(write: DayWrite) -> DayKey:
    return write.day.key


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
        "put": [_entry(entry) for entry in changed.values() if entry],
    }


def _entry(entry: Entry) -> Fields:
    fields = {"id": entry.id, "body": entry_to_text(entry)}
    if isinstance(entry, Appointment):
        held = entry.held
        return {**fields, "first": to_number(held.start), "last": to_number(held.end)}
    return fields
