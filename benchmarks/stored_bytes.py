"""What Firestore counts for the documents of a booking, by its "Storage size calculations"."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.event import Change
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.rules.events import events_of, records_of
from shared.store.firestore.documents import write_day, write_record
from shared.store.firestore.outbox_calls import write_event
from shared.store.firestore.patient_documents import write_histories, write_patient
from shared.store.firestore.values import from_fields
from shared.store.port import DayWrite, OutboxWrite, PatientWrite, RecordWrite, Stored

MIB = 2**20
ROOT = "projects/clinic/databases/(default)/documents"
_NAME, _MAP, _NUMBER = 16, 32, 8
"""Bytes beside the texts: of a document's name, of a map, and of a number or an instant."""
_KEY, _FINGERPRINT, _REQUEST_ID = "a" * 64, "f" * 64, "r" * 32


def stored_bytes(full: Sequence[Appointment]) -> Iterator[tuple[str, int]]:
    """Yield what is stored and its bytes, for a day of these appointments with accounts."""
    key, one = DayKey(full[0].doctor_id, full[0].interval.start.date()), full[0]
    empty, day = _of_day(key, ()), _of_day(key, full)
    each = (day - _of_day(key, full[:1])) // (len(full) - 1)
    yield "an appointment on its day", each
    yield f"a day of {len(full)}", day
    yield "an empty day", empty
    yield "appointments in 1 MiB", (MIB - empty) // each
    patient = patient_key("https://securetoken.google.com/clinic", "a" * 28)
    nothing = PatientSchedule(patient)
    mine = PatientWrite(Stored(nothing, None), PatientSchedule(patient, (one,)))
    yield "a patient with one appointment", _of(write_patient(ROOT, mine).update)
    done = PatientWrite(Stored(mine.schedule, 1), nothing)
    (month,) = write_histories(ROOT, done)
    yield "a month of a patient's history, with one", _of(month.update)
    expires_at = one.created_at + timedelta(hours=48)
    record = IdempotencyRecord(_KEY, _FINGERPRINT, one.id, expires_at, _REQUEST_ID)
    yield "an idempotency record", _of(write_record(ROOT, RecordWrite(record, None)).update)
    (told,) = records_of(events_of(Change(None, one), ()), one.created_at)
    yield "an event that waits", _of(write_event(ROOT, OutboxWrite(told)).update)


def _of_day(key: DayKey, appointments: Sequence[Appointment]) -> int:
    day = DaySchedule(key, tuple(appointments))
    return _of(write_day(ROOT, DayWrite(Stored(DaySchedule(key), None), day)).update)


def _of(document: Any) -> int:  # noqa: ANN401 - a message has no type of its own
    path = document.name.removeprefix(f"{ROOT}/").split("/")
    return _NAME + sum(map(_size, path)) + _size(from_fields(document.fields))


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, Mapping):
        return _MAP + sum(_size(name) + _size(each) for name, each in value.items())
    return _NUMBER
