"""The stored form of holds: an entry of each day that they touch, and a member of a record.

Both hold all of it, and nothing changes it in place: fields that this version does not know are
ignored, because it never writes them again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from shared.model.hold import Hold
from shared.model.interval import Interval
from shared.model.time_zones import MINUTE
from shared.store.schema import SCHEMA, read_fields


class HoldEntry(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="hold"):
    """The fields of a hold in a day, which tells the doctor. Buffers and notice are in minutes."""

    id: str
    schema: Literal[3]
    start: datetime
    end: datetime
    ends_at: datetime
    holder: str
    buffer_before: int = 0
    buffer_after: int = 0
    notice: int = 0


class _HoldOfRecord(HoldEntry, kw_only=True):
    doctor_id: str


def entry_of_hold(hold: Hold) -> HoldEntry:
    """Return the entry of a hold in a day."""
    minutes = (each // MINUTE for each in (hold.before, hold.after, hold.notice))
    return HoldEntry(hold.id, SCHEMA, *hold.interval, hold.ends_at, hold.holder, *minutes)


def hold_of_entry(doctor_id: str, entry: HoldEntry) -> Hold:
    """Return the hold of an entry in a day of a doctor."""
    return Hold(
        id=entry.id,
        doctor_id=doctor_id,
        interval=Interval(entry.start, entry.end),
        ends_at=entry.ends_at,
        holder=entry.holder,
        before=entry.buffer_before * MINUTE,
        after=entry.buffer_after * MINUTE,
        notice=entry.notice * MINUTE,
    )


def hold_to_document(hold: Hold) -> dict[str, Any]:
    """Write a hold with its doctor."""
    fields: dict[str, Any] = msgspec.to_builtins(entry_of_hold(hold))
    return {**fields, "doctor_id": hold.doctor_id}


def hold_from_document(name: str, fields: Mapping[str, Any]) -> Hold:
    """Read what `hold_to_document` wrote; StoreRefused if it is damaged or newer."""
    stored = read_fields(name, "hold", fields, _HoldOfRecord)
    return hold_of_entry(stored.doctor_id, stored)
