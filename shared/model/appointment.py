"""Appointments and the patients they are for."""

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Literal, NamedTuple, Self

from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.service import NO_TIME

Mark = Literal["arrived", "fulfilled", "no_show"]
"""What happened at the clinic."""

AppointmentStatus = Literal["booked", "cancelled", "arrived", "fulfilled", "no_show"]


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
    `before` and `after` are its buffers: they were its service's when it was booked, so a service
    that changes does not touch it. `version` is one more with every change. `mark` is what happened
    at the clinic; if the rest of the time was freed then, `freed_from` is when that begins.
    `series_id` is the series that it was booked in, if it was.
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
    version: int = 1
    service_id: str | None = None
    before: timedelta = NO_TIME
    after: timedelta = NO_TIME
    mark: Mark | None = None
    freed_from: datetime | None = None
    series_id: str | None = None

    @property
    def status(self) -> AppointmentStatus:
        """`cancelled` from the moment of the cancellation, else what happened, else `booked`."""
        return (self.mark or "booked") if self.cancelled_at is None else "cancelled"

    @property
    def held(self) -> Interval:
        """The time that it holds: all of it, or only what was not freed; maybe nothing."""
        start, end = self.interval
        return (
            self.interval if self.freed_from is None else Interval(start, min(self.freed_from, end))
        )

    @property
    def reach(self) -> Interval:
        """Its time with both buffers; it stands in every doctor-day that this touches."""
        start, end = self.interval
        if not self.before and not self.after:
            return self.interval
        return Interval(start - self.before, end + self.after)

    @property
    def place(self) -> tuple[str, Interval]:
        """With whom it is, and when: what a move changes."""
        return (self.doctor_id, self.interval)

    @property
    def position(self) -> tuple[datetime, str]:
        """The sort key of every list: start, then id."""
        return (self.interval.start, self.id)

    def changed(self, now: datetime, **changes: Any) -> Self:  # noqa: ANN401 - its own fields
        """Return the appointment with these fields from now on: its next version."""
        return self._replace(updated_at=now, version=self.version + 1, **changes)

    def requested(self) -> list[str | None]:
        """Return what a client asks for in a booking, to tell whether two requests are the same."""
        times = [self.interval.start.isoformat(), self.interval.end.isoformat()]
        name, email, phone, patient_id = self.patient
        # Absent parts are left out, as older releases did: a retry must find their records.
        account = [] if patient_id is None else [patient_id]
        service = [] if self.service_id is None else ["service", self.service_id]
        return [self.doctor_id, *times, name, email, phone, self.reason, *account, *service]


POSITION = attrgetter("interval.start", "id")
"""That of `Appointment.position`, in half the time: a day is sorted again and again."""
