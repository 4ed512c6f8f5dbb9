"""Events as templates may meet them, for the trial of all templates at the start."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.model.appointment import Appointment, Patient
from shared.model.doctor import Doctor
from shared.model.event import Event, Previous
from shared.model.interval import Interval
from shared.model.service import Service
from shared.notifications.mail.wanted import MAILED
from shared.notifications.sink import Message

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_START = datetime(2030, 1, 7, 9, tzinfo=UTC)
_LENGTH = timedelta(minutes=30)
_ZONE = ZoneInfo("Europe/Berlin")
_BEFORE, _DOCTOR = (Doctor(f"doctor-{name}", f"Dr. {name}", _ZONE, ()) for name in ("A", "B"))


def samples() -> Iterator[Message]:
    """Yield two messages of each event of which there is mail: one with all there can be, one bare.

    So no branch of a template remains untried.
    """
    for event_type in MAILED:
        for service in (Service("service", "Service"), None):
            appointment = _appointment("Reason" if service else None)
            previous = Interval(_START - _LENGTH, _START)
            event = Event(
                type=event_type,
                appointment_id=appointment.id,
                version=1,
                at=_NOW,
                appointment=appointment,
                previous=Previous(previous, _BEFORE.id) if event_type == "moved" else None,
            )
            before = _BEFORE if service else _DOCTOR
            yield Message(
                event, appointment, _DOCTOR, _NOW, before if event.previous else None, service
            )


def _appointment(reason: str | None) -> Appointment:
    return Appointment(
        id="doctor-B.20300107.sample",
        doctor_id=_DOCTOR.id,
        interval=Interval(_START, _START + _LENGTH),
        patient=Patient("Patient", "patient@clinic.example"),
        created_at=_NOW,
        updated_at=_NOW,
        cancellation_reason=reason,
    )
