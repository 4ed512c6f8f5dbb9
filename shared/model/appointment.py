"""Appointments and the patients they are for."""

from datetime import datetime
from typing import Literal, NamedTuple

from shared.model.interval import Interval
from shared.model.patient_key import PatientKey

AppointmentStatus = Literal["booked", "cancelled"]


class Patient(NamedTuple):
    """The person an appointment is for. Personal: never logged, never quoted in an error.

    `id` is the `sub` of the account that the appointment belongs to, if it belongs to one.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    id: str | None = None


class Appointment(NamedTuple):
    """A time with a doctor that a patient holds, or held until it was cancelled.

    A tuple, because a long list or search decodes thousands of them.
    `told_start` is the start as the patient was told it, on the doctor's wall clock, without an
    offset: new clock rules may move the instant on that clock. None where it is not known.
    `unknown_fields` are stored fields that this version does not know, as a JSON object: a newer
    instance wrote them, and they are written back unchanged.
    `owner` names the account of `patient.id`, with its issuer; None where there is no account.
    """

    id: str
    doctor_id: str
    interval: Interval
    patient: Patient
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None
    told_start: datetime | None = None
    unknown_fields: bytes | None = None
    owner: PatientKey | None = None

    @property
    def status(self) -> AppointmentStatus:
        """`cancelled` from the moment of the cancellation, else `booked`."""
        return "booked" if self.cancelled_at is None else "cancelled"

    @property
    def position(self) -> tuple[datetime, str]:
        """The sort key of every list: start, then id."""
        return (self.interval.start, self.id)

    def requested(self) -> list[str | None]:
        """Return what a client asks for in a booking, to tell whether two requests are the same."""
        times = [self.interval.start.isoformat(), self.interval.end.isoformat()]
        name, email, phone, patient_id = self.patient
        # Without an account as ever, so that a retry finds the record of an older instance.
        account = [] if patient_id is None else [patient_id]
        return [self.doctor_id, *times, name, email, phone, self.reason, *account]
