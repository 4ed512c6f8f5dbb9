"""Openings and other times in responses."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.http.schemas.fields import ResponseModel, absent
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.model.series import Skipped
from shared.model.time_zones import MINUTE
from shared.rules.conflicts import Conflict
from shared.time_texts import on_clock, written


class TimeRange(ResponseModel):
    """The half-open time `[start, end)`, with the doctor's UTC offset."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, interval: Interval, doctor: Doctor) -> Self:
        """Return an interval on the doctor's clock."""
        zone = doctor.zone
        return cls(start=on_clock(interval.start, zone), end=on_clock(interval.end, zone))


class ConflictResponse(TimeRange):
    """A part of the requested time that is taken; of the caller's own, by which appointment."""

    appointment_id: str | None = absent()

    @classmethod
    def of_conflict(cls, conflict: Conflict, doctor: Doctor) -> Self:
        """Return a conflict on the doctor's clock."""
        zone, (start, end) = doctor.zone, conflict.interval
        return cls(
            start=on_clock(start, zone),
            end=on_clock(end, zone),
            appointment_id=conflict.appointment_id,
        )


class OpeningResponse(TimeRange):
    """A time that can be booked."""

    doctor_id: str
    doctor_name: str
    duration_minutes: int
    time_zone: str

    @classmethod
    def of_opening(cls, opening: Opening) -> Self:
        """Return an opening on its doctor's clock."""
        return cls(**when_and_with_whom(opening.interval, opening.doctor))


class UnavailableOccurrence(ResponseModel):
    """An occurrence that cannot be booked, why, and a few times that can be.

    `start` has no offset if a change of the clocks skips it.
    """

    start: str
    code: str = Field(
        description="that of the problem that a booking would get, such as `slot_taken`; or "
        "`nonexistent_local_time`"
    )
    openings: list[OpeningResponse]

    @classmethod
    def of(cls, skipped: Skipped, openings: Iterable[Opening], zone: ZoneInfo) -> Self:
        """Return an occurrence on the doctor's clock."""
        start = skipped.start
        return cls(
            start=skipped.local.isoformat() if start is None else written(start, zone),
            code=skipped.code,
            openings=[OpeningResponse.of_opening(opening) for opening in openings],
        )


def when_and_with_whom(interval: Interval, doctor: Doctor) -> dict[str, Any]:
    """Return the fields that openings and appointments share."""
    return {
        "doctor_id": doctor.id,
        "doctor_name": doctor.name,
        "start": on_clock(interval.start, doctor.zone),
        "end": on_clock(interval.end, doctor.zone),
        "duration_minutes": interval.length // MINUTE,
        "time_zone": doctor.zone.key,
    }
