"""Messages of events, as the deliverer hands them to a sink."""

from datetime import timedelta
from functools import cache

from shared.model.appointment import Appointment, Patient
from shared.model.doctor import Doctor
from shared.model.event import Event, EventType, Previous
from shared.model.service import Service
from shared.model.time_zones import time_zone
from shared.notifications.mail.composer import Composer
from shared.notifications.sink import Message
from shared.settings import MailSettings
from tests.builders import NEW_YORK, at, span

NOW = at("2026-11-20T12:00Z")
ADA = Patient("Ada Lovelace", "ada@mail.example", "+1 555 0100", "ada")
STRANGE = Doctor("strange", "Doctor Strange", time_zone(NEW_YORK), ())
PALMER = Doctor("palmer", "Doctor Palmer", time_zone("Europe/Berlin"), ())
CHECK_UP = Service("check-up", "Check-up")
SENDER = "Riverside Clinic <appointments@clinic.example>"
PAGE = "https://clinic.example/my-appointment"
ID = "strange.20261123.4f9a"

APPOINTMENT = Appointment(
    id=ID,
    doctor_id="strange",
    interval=span("2026-11-23T14:00Z", "2026-11-23T14:30Z"),
    patient=ADA,
    created_at=at("2026-11-01T09:00Z"),
    updated_at=at("2026-11-02T09:00Z"),
    reason="back pain",
    service_id="check-up",
    version=3,
)


def message(
    event_type: EventType = "booked",
    appointment: Appointment = APPOINTMENT,
    doctor: Doctor = STRANGE,
    *,
    from_doctor: Doctor = STRANGE,
    service: Service | None = CHECK_UP,
) -> Message:
    """What happened to an appointment; one that was moved was an hour earlier with a doctor."""
    if event_type == "cancelled":
        appointment = appointment._replace(cancelled_at=NOW)
    start, end = appointment.interval
    hour = timedelta(hours=1)
    moved = event_type == "moved"
    previous = Previous(appointment.interval._replace(start=start - hour, end=end - hour), "x")
    event = Event(
        type=event_type,
        appointment_id=appointment.id,
        version=1 if event_type == "booked" else appointment.version,
        at=NOW,
        appointment=appointment,
        previous=previous if moved else None,
        personal=True,
    )
    return Message(event, appointment, doctor, NOW, from_doctor if moved else None, service)


def named(name: str, email: str = "ada@mail.example") -> Message:
    """The booking of a patient of this name."""
    return message(appointment=APPOINTMENT._replace(patient=Patient(name, email)))


@cache
def composer(language: str = "en", link: str | None = PAGE, sender: str = SENDER) -> Composer:
    """Who writes mails in a language."""
    return Composer(MailSettings("firestore", sender, language, link))
