"""Documents as rows: the statements that read them, and what their rows mean.

`seen`, where a statement has it, is the snapshot of an earlier instant.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.override import Override, OverrideKey
from shared.model.patient_history import PastAppointment, month_of
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.store.appointment_documents import (
    appointment_from_text,
    day_from_texts,
    pointer_from_document,
)
from shared.store.busy_documents import busy_day_from_text
from shared.store.instant_numbers import to_instant
from shared.store.override_documents import override_from_document
from shared.store.patient_documents import patient_from_document
from shared.store.port import Stored, Version
from shared.store.postgresql.pool import Query, Row
from shared.store.record_documents import record_from_document
from shared.store.schema import check_schema, decoded
from shared.store.series_documents import series_from_document

# The entries of a day come as one text, separated by commas, which `day_from_texts` puts into
# brackets: a list in JSON.
_DAYS = """
    SELECT doctor_id, day, version, schema, (
        SELECT coalesce(string_agg(e.body, ','), '') FROM entries e
        WHERE e.doctor_id = d.doctor_id AND e.day = d.day
    )
    FROM doctor_days d JOIN unnest(%(doctors)s::text[], %(days)s::date[]) AS asked (doctor, date)
    ON d.doctor_id = asked.doctor AND d.day = asked.date
"""
_DAYS_BETWEEN = """
    SELECT doctor_id, day, version, schema, (
        SELECT coalesce(string_agg(e.body, ','), '') FROM entries e
        WHERE e.doctor_id = d.doctor_id AND e.day = d.day
    )
    FROM doctor_days d
    WHERE doctor_id = %(doctor)s AND day BETWEEN %(first)s AND %(last)s
    ORDER BY day LIMIT %(limit)s
"""
# What a function returns has the collation of the database. An index is of use only with its own,
# and only for one day at a time.
_DAYS_SEEN = """
    SELECT doctor, date, NULL, 1, (
        SELECT coalesce(string_agg(body, ','), '') FROM entries_in(%(seen)s)
        WHERE doctor_id COLLATE "C" = doctor AND day = date
    )
    FROM unnest(%(doctors)s::text[], %(days)s::date[]) AS asked (doctor, date)
"""
_DAYS_SEEN_BETWEEN = """
    SELECT doctor_id, day, NULL, 1, string_agg(body, ',') FROM entries_in(%(seen)s)
    WHERE doctor_id COLLATE "C" = %(doctor)s AND day BETWEEN %(first)s AND %(last)s
    GROUP BY doctor_id, day ORDER BY day LIMIT %(limit)s
"""
_BUSY = """
    SELECT doctor_id, day, schema, (derived -> 'busy')::text
    FROM doctor_days d JOIN unnest(%(doctors)s::text[], %(days)s::date[]) AS asked (doctor, date)
    ON d.doctor_id = asked.doctor AND d.day = asked.date
"""
_VERSIONS = """
    SELECT doctor_id, day, version
    FROM doctor_days d JOIN unnest(%(doctors)s::text[], %(days)s::date[]) AS asked (doctor, date)
    ON d.doctor_id = asked.doctor AND d.day = asked.date
"""
# Versions only grow, so each commit makes the sum another one. The highest may be that of a commit
# beside which an earlier one has yet to end.
_REVISION = "SELECT coalesce(sum(version), 0) FROM doctor_days WHERE doctor_id = %s"
_RECORDS = "SELECT key, body, expires_at FROM records WHERE key = ANY (%s)"
_ELSEWHERE = """
    SELECT doctor_id, id, start, body, version
    FROM elsewhere JOIN unnest(%s::text[], %s::text[]) AS asked (doctor, name)
    ON doctor_id = asked.doctor AND id = asked.name
"""
_PATIENTS = "SELECT digits, body, version FROM patients WHERE digits = ANY (%(digits)s)"
_PATIENTS_SEEN = """
    SELECT digits, body, NULL FROM patients_in(%(seen)s)
    WHERE digits COLLATE "C" = ANY (%(digits)s)
"""
_OVERRIDES = """
    SELECT doctor_id, id, body, version
    FROM overrides JOIN unnest(%s::text[], %s::text[]) AS asked (doctor, name)
    ON doctor_id = asked.doctor AND id = asked.name
"""
_SERIES = "SELECT id, body FROM series WHERE id = ANY (%s)"
_HISTORY = """
    SELECT id, month, start FROM patient_history
    WHERE digits = %(digits)s AND month BETWEEN %(first)s AND %(last)s
    AND (%(seen)s::pg_snapshot IS NULL OR pg_visible_in_snapshot(since, %(seen)s))
    ORDER BY month, id
"""


def days_query(keys: Collection[DayKey], seen: str | None) -> Query:
    """Ask for days by their keys."""
    return Query(_DAYS if seen is None else _DAYS_SEEN, {**_places(keys), "seen": seen})


def days_between_query(
    doctor_id: str, first: date, last: date, limit: int, seen: str | None
) -> Query:
    """Ask for the days from first to last that have a document, in order."""
    asked = {"doctor": doctor_id, "first": first, "last": last, "limit": limit, "seen": seen}
    return Query(_DAYS_BETWEEN if seen is None else _DAYS_SEEN_BETWEEN, asked)


def days_of(rows: Iterable[Row]) -> dict[DayKey, Stored[DaySchedule]]:
    """Read days, in the order of the rows."""
    found = {}
    for doctor_id, day, version, schema, bodies in rows:
        check_schema(f"{doctor_id}, {day}", "day", {"schema": schema})
        key = DayKey(doctor_id, day)
        found[key] = Stored(day_from_texts(key, (bodies,)), version)
    return found


def busy_query(keys: Collection[DayKey]) -> Query:
    """Ask only for the busy times of days."""
    return Query(_BUSY, _places(keys))


def busy_of(rows: Iterable[Row]) -> dict[DayKey, BusyDay | None]:
    """Read busy times; None of a day that an older version wrote last."""
    found = {}
    for doctor_id, day, schema, busy in rows:
        name = f"{doctor_id}, {day}"
        if busy is not None:
            check_schema(name, "day", {"schema": schema})
        found[DayKey(doctor_id, day)] = None if busy is None else busy_day_from_text(name, busy)
    return found


def versions_query(keys: Collection[DayKey]) -> Query:
    """Ask only for the versions of days."""
    return Query(_VERSIONS, _places(keys))


def versions_of(rows: Iterable[Row]) -> dict[DayKey, Version | None]:
    """Read the versions of days."""
    return {DayKey(doctor_id, day): version for doctor_id, day, version in rows}


def revision_query(doctor_id: str) -> Query:
    """Ask for a number that any commit which writes a day of a doctor makes another one."""
    return Query(_REVISION, [doctor_id])


def records_query(keys: Collection[str]) -> Query:
    """Ask for idempotency records by their keys."""
    return Query(_RECORDS, [list(keys)])


def records_of(rows: Iterable[Row]) -> dict[str, Stored[IdempotencyRecord]]:
    """Read idempotency records."""
    return {key: Stored(record_from_document(key, body), version) for key, body, version in rows}


def elsewhere_query(keys: Collection[ElsewhereKey]) -> Query:
    """Ask for whereabouts by their keys."""
    return Query(_ELSEWHERE, _columns(keys))


def elsewhere_of(rows: Iterable[Row]) -> dict[ElsewhereKey, Stored[Whereabouts | None]]:
    """Read whereabouts."""
    found: dict[ElsewhereKey, Stored[Whereabouts | None]] = {}
    for doctor_id, name, start, body, version in rows:
        if start is None:
            pointer = pointer_from_document(name, decoded(body))
            found[ElsewhereKey(doctor_id, name)] = Stored(pointer, version)
        else:
            ended = appointment_from_text(doctor_id, body)
            found[ElsewhereKey(doctor_id, name)] = Stored(ended, version)
    return found


def patients_query(keys: Collection[PatientKey], seen: str | None) -> Query:
    """Ask for the schedules of patients."""
    asked = {"digits": [key.digits for key in keys], "seen": seen}
    return Query(_PATIENTS if seen is None else _PATIENTS_SEEN, asked)


def patients_of(rows: Iterable[Row]) -> dict[PatientKey, Stored[PatientSchedule]]:
    """Read the schedules of patients."""
    found = {}
    for digits, body, version in rows:
        key = PatientKey(digits)
        found[key] = Stored(patient_from_document(key, body), version)
    return found


def overrides_query(keys: Collection[OverrideKey]) -> Query:
    """Ask for overrides by their keys."""
    return Query(_OVERRIDES, _columns(keys))


def overrides_of(rows: Iterable[Row]) -> dict[OverrideKey, Stored[Override | None]]:
    """Read overrides."""
    found: dict[OverrideKey, Stored[Override | None]] = {}
    for doctor_id, name, body, version in rows:
        key = OverrideKey(doctor_id, name)
        found[key] = Stored(override_from_document(key, body), version)
    return found


def ended_of(doctor_id: str, rows: Iterable[Row]) -> list[Appointment]:
    """Read appointments that have ended with a doctor."""
    return [appointment_from_text(doctor_id, body) for (body,) in rows]


def series_query(ids: Collection[str]) -> Query:
    """Ask for series by their ids."""
    return Query(_SERIES, [list(ids)])


def series_of(rows: Iterable[Row]) -> dict[str, Series | None]:
    """Read series."""
    return {name: series_from_document(name, body) for name, body in rows}


def history_query(patient: PatientKey, first: date, last: date, seen: str | None) -> Query:
    """Ask for what stands in the months from first to last, in order of months, then ids."""
    months = {"first": month_of(first), "last": month_of(last)}
    return Query(_HISTORY, {"digits": patient.digits, "seen": seen, **months})


def history_of(rows: Iterable[Row]) -> list[PastAppointment]:
    """Read what stands in months of a history."""
    return [PastAppointment(name, month, to_instant(start)) for name, month, start in rows]


def _places(keys: Collection[DayKey]) -> Mapping[str, list[Any]]:
    return {"doctors": [key.doctor_id for key in keys], "days": [key.day for key in keys]}


def _columns(keys: Collection[tuple[str, str]]) -> list[list[str]]:
    return [[key[0] for key in keys], [key[1] for key in keys]]
