"""Messages that sinks are given."""

from datetime import UTC, datetime

from shared.model.event import Event, EventType, Previous
from shared.model.interval import Interval
from shared.notifications.sink import Message
from tests.builders import NEW_YORK, appointment, at, doctor

NOW = datetime(2026, 11, 1, 12, 30, 15, 987654, tzinfo=UTC)
SOON = appointment("2026-11-23T14:00Z", "2026-11-23T14:30Z", "strange.20261123.aa")


def message(
    kind: EventType = "booked",
    *,
    version: int = 1,
    moved_from: Interval | None = None,
    now: datetime = NOW,
) -> Message:
    """What happened to an appointment of a doctor in New York, who had it from one in UTC."""
    as_then = SOON._replace(version=version)
    event = Event(
        type=kind,
        appointment_id=SOON.id,
        version=version,
        at=at("2026-11-01T12:30:00Z").replace(microsecond=999_999),
        appointment=as_then,
        previous=Previous(moved_from, "who") if moved_from else None,
    )
    previous = doctor(doctor_id="who") if moved_from else None
    return Message(event, as_then, doctor(zone=NEW_YORK), now, previous)
