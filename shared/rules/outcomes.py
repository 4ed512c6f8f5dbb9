"""What a decision can come to: values, not exceptions.

`Accepted` took effect; a `Refusal` changed nothing and says why. Its class carries the stable
`code`, the `title` and the HTTP `status` that clients see, and the `detail` if that never varies.
"""

from datetime import datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.model.patient_key import PatientKey
from shared.rules.conflicts import Conflict
from shared.rules.wall_clock import LocalTimeProblem


class Accepted(Struct, frozen=True):
    """The request is granted: its appointment, booked, moved or cancelled."""

    appointment: Appointment


class Replayed(Struct, frozen=True):
    """The same request with the same idempotency key was granted before.

    `appointment` is as it is now: it may have been moved or cancelled since.
    """

    appointment: Appointment


class AlreadyApplied(Struct, frozen=True):
    """An earlier attempt at this very request was committed, though its answer was lost."""


class NeedsDocuments(Struct, frozen=True):
    """Nothing is decided before these documents are loaded, or loaded again.

    The appointment is, or is to be, on other days, its owner is not known yet, or the documents are
    not of one instant. `patients` come on top of those that were loaded.
    """

    days: frozenset[DayKey]
    elsewhere: frozenset[ElsewhereKey] = frozenset()
    patients: frozenset[PatientKey] = frozenset()


class NeedsDoctor(Struct, frozen=True):
    """Nothing is decided: this instance does not know the appointment's doctor yet."""

    doctor_id: str


class Refusal(Struct, frozen=True):
    """The request is not granted."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    detail: ClassVar[str] = ""

    @property
    def retry_after(self) -> int | None:
        """After how many seconds it may be granted, if that is known."""
        return None


class UnclearTime(Refusal, frozen=True):
    """A field names no instant, names two, or ends before the start or too long after it.

    `time` is as the client sent it, on the clock of the zone if it has no offset.
    """

    code = "invalid_request"
    title = "The request is not valid"
    status = 400

    field: str
    problem: LocalTimeProblem | Literal["not_after_start", "too_long"]
    time: datetime
    zone: ZoneInfo


class KeyReused(Refusal, frozen=True):
    """The idempotency key was used for another request."""

    code = "idempotency_key_reused"
    title = "The idempotency key was used for another request"
    status = 422
    detail = "this idempotency key was used for another request; send a new key"


class InThePast(Refusal, frozen=True):
    """The requested time starts before the running minute."""

    code = "in_the_past"
    title = "The time is in the past"
    status = 422
    detail = "start must not be before now"


class TimeUnavailable(Refusal, frozen=True):
    """The doctor is not free then; `openings` are the next free times of that length.

    The time of the appointment `moving`, if there is one, counts as free. At the times
    `patient_busy` the patient has other appointments, so no opening is there.
    """

    doctor: Doctor
    asked: Interval
    openings: tuple[Opening, ...] = ()
    moving: str | None = None
    patient_busy: tuple[Interval, ...] = ()


class OutsideWorkingHours(TimeUnavailable, frozen=True):
    """Part of the requested time lies outside the working windows of that day."""

    code = "outside_working_hours"
    title = "The doctor does not work then"
    status = 422

    working_windows: tuple[Interval, ...] = ()


class SlotTaken(TimeUnavailable, frozen=True):
    """`conflicts` are the busy parts of the requested time, in order."""

    code = "slot_taken"
    title = "The time is taken"
    status = 409

    conflicts: tuple[Conflict, ...] = ()


class PatientBusy(Refusal, frozen=True):
    """The patient has another appointment then: `conflicts`, on the clock of `doctor`."""

    code = "patient_busy"
    title = "The patient has another appointment then"
    status = 409

    doctor: Doctor
    asked: Interval
    conflicts: tuple[Conflict, ...]


class DayFull(Refusal, frozen=True):
    """The document of the doctor-day, or of the patient, has no room for another appointment."""

    code = "day_full"
    title = "The day is full"
    status = 422
    detail = (
        "no more can be stored for this doctor on this day, or for this patient, though the time "
        "is free; choose another day, or send shorter texts"
    )


class TooManyRequests(Refusal, frozen=True):
    """Patients may do only so much by themselves; `retry_after` seconds later it may be granted."""

    code = "too_many_requests"
    title = "Too much was asked for"
    status = 429

    retry_after: int


class TooManyAhead(TooManyRequests, frozen=True):
    """The patient has booked as many appointments ahead as patients may."""

    detail = "you have as many appointments ahead as you may book; cancel one, or ask the clinic"


class TooManyChanges(TooManyRequests, frozen=True):
    """The patient has booked, moved and cancelled as often in 24 hours as patients may."""

    detail = (
        "you have booked, moved and cancelled as often in 24 hours as you may; try again later, or "
        "ask the clinic"
    )


class TooManyErasures(TooManyRequests, frozen=True):
    """The patient has erased the account as often in 24 hours as patients may."""

    detail = "you have erased your account as often in 24 hours as you may; try again later"


class BeingErased(Refusal, frozen=True):
    """The account is being erased: nothing is booked or moved for it, nor cancelled by it."""

    code = "try_again"
    title = "No certain answer in time"
    status = 503
    detail = "what is kept of this patient is being erased; send the same request again later"

    @property
    def retry_after(self) -> int:
        """A guess: erasing takes a commit for each day."""
        return 5


class UnknownAppointment(Refusal, frozen=True):
    """No appointment has this id."""

    code = "unknown_appointment"
    title = "There is no such appointment"
    status = 404
    detail = (
        "no appointment has this id; send the `id` of an appointment exactly as you received it"
    )


class AlreadyCancelled(Refusal, frozen=True):
    """The appointment was cancelled before, and stays as it was."""

    code = "already_cancelled"
    title = "The appointment is cancelled"
    status = 422
    detail = "a cancelled appointment cannot be moved; book a new one"

    appointment: Appointment


class AlreadyStarted(Refusal, frozen=True):
    """The appointment has begun, so it can no longer be changed."""

    code = "already_started"
    title = "The appointment has started"
    status = 422
    detail = "an appointment that has started can no longer be moved or cancelled"


Outcome = Accepted | Replayed | Refusal | AlreadyApplied | NeedsDocuments | NeedsDoctor

Decision = tuple[Documents, Outcome]
"""The changed documents, as they are to be, and the outcome.

The decision holds as long as the changed documents are as they were when it was made. Whatever
else it looked at only hinted at where the appointment is; the days that it touches, and its
owner's schedule, are always among the changed ones.
"""
