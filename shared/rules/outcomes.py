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

    The appointment is, or is to be, on other days, or the documents are not of one instant.
    """

    days: frozenset[DayKey]
    elsewhere: frozenset[ElsewhereKey] = frozenset()


class NeedsDoctor(Struct, frozen=True):
    """Nothing is decided: this instance does not know the appointment's doctor yet."""

    doctor_id: str


class Refusal(Struct, frozen=True):
    """The request is not granted."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    detail: ClassVar[str] = ""


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

    The time of the appointment `moving`, if there is one, counts as free.
    """

    doctor: Doctor
    asked: Interval
    openings: tuple[Opening, ...] = ()
    moving: str | None = None


class OutsideWorkingHours(TimeUnavailable, frozen=True):
    """Part of the requested time lies outside the working windows of that day."""

    code = "outside_working_hours"
    title = "The doctor does not work then"
    status = 422

    working_windows: tuple[Interval, ...] = ()


class SlotTaken(TimeUnavailable, frozen=True):
    """`conflicts` are the busy parts of the requested time, merged and in order."""

    code = "slot_taken"
    title = "The time is taken"
    status = 409

    conflicts: tuple[Interval, ...] = ()


class DayFull(Refusal, frozen=True):
    """The document of the doctor-day has no room for another appointment."""

    code = "day_full"
    title = "The day is full"
    status = 422
    detail = (
        "no more can be stored for this doctor on this day, though the time is free; choose "
        "another day, or send shorter texts"
    )


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
else it looked at only hinted at where the appointment is, and the days that it touches are always
among the changed ones.
"""
