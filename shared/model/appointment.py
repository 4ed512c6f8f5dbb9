"""Appointments and the patients they are for."""

from datetime import datetime
from typing import Literal, NamedTuple

from shared.model.interval import Interval

AppointmentStatus = Literal["booked", "cancelled"]


class Patient(NamedTuple):
    """The person whom an appointment is for. Personal: never logged, never in an error."""

    name: str
    email: str | None = None
    phone: str | None = None


class Appointment(NamedTuple):
    """A time with a doctor that a patient holds, or held until it was cancelled."""

    id: str
    doctor_id: str
    interval: Interval
    patient: Patient
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None

    @property
    def status(self) -> AppointmentStatus:
        """`cancelled` from the moment of cancelling on, else `booked`."""
        return "booked" if self.cancelled_at is None else "cancelled"

    @property
    def position(self) -> tuple[datetime, str]:
        """Where it stands in every list: by start, then by id."""
        return (self.interval.start, self.id)
