"""An override as clients receive it."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from shared.http.schemas.fields import ResponseModel, absent
from shared.model.doctor import Doctor
from shared.model.override import Override, OverrideKind
from shared.time_texts import on_clock


class OverrideResponse(ResponseModel):
    """A time at which a doctor's calendar differs from the week."""

    override_id: str = Field(description="names it, for delete_override")
    doctor_id: str
    kind: OverrideKind
    start: datetime
    end: datetime
    time_zone: str
    note: str | None = absent("for the clinic, never shown to patients")
    created_at: datetime
    deleted_at: datetime | None = absent("from then on it changes nothing")

    @classmethod
    def of_override(cls, override: Override, doctor: Doctor) -> Self:
        """Return an override on its doctor's clock."""
        return cls(**override_fields(override, doctor))


def override_fields(override: Override, doctor: Doctor) -> dict[str, Any]:
    """Return the fields that are known of every override."""
    zone, (start, end), deleted_at = doctor.zone, override.interval, override.deleted_at
    return {
        "override_id": override.id,
        "doctor_id": doctor.id,
        "kind": override.kind,
        "start": on_clock(start, zone),
        "end": on_clock(end, zone),
        "time_zone": zone.key,
        "note": override.note,
        "created_at": on_clock(override.created_at, zone),
        "deleted_at": deleted_at and on_clock(deleted_at, zone),
    }
