"""What the calendars of patients and doctors say of appointments."""

from collections.abc import Iterable, Mapping

from shared.calendar.ics import calendar_of, event_of
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.service import Service

BOOKED = "Booked"
"""What a doctor's calendar calls an appointment of no service, where it names nobody."""


def appointment_file(appointment: Appointment, doctor: Doctor, service: Service | None) -> bytes:
    """Return the file of one appointment, for whoever comes: for what, with whom, and why."""
    summary = _joined(_name(service), doctor.name)
    changed_at = appointment.updated_at
    return calendar_of([event_of(appointment, summary, changed_at, appointment.reason)])


def doctor_file(
    appointments: Iterable[Appointment],
    doctor: Doctor,
    services: Mapping[str, Service],
    *,
    with_names: bool,
) -> bytes:
    """Return the file of a doctor's appointments: for what and, `with_names`, who comes.

    Never why they come: the file goes to whoever keeps the doctor's calendar.
    """

    def summary(appointment: Appointment) -> str:
        service = services.get(appointment.service_id or "")
        patient = appointment.patient.name if with_names else None
        return _joined(patient, _name(service)) or BOOKED

    events = (event_of(each, summary(each), each.updated_at) for each in appointments)
    return calendar_of(events, name=doctor.name)


def _name(service: Service | None) -> str | None:
    return service.name if service else None


def _joined(*parts: str | None) -> str:
    return ", ".join(filter(None, parts))
