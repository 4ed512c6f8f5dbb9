"""Why a request is refused: values, not exceptions.

The class of a refusal carries the stable `code`, the `title` and the HTTP `status` that clients
see, and the `detail` if that never varies.
"""

from datetime import datetime, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.appointment import Appointment, AppointmentStatus
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.model.policy import LONGEST
from shared.model.series import Skipped
from shared.rules.conflicts import Conflict
from shared.rules.openings import OpeningSearch
from shared.rules.wall_clock import LocalTimeProblem

TimeProblem = (
    LocalTimeProblem | Literal["not_after_start", "too_long", "length_of_service", "missing"]
)


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
    """A field names no instant, names two, or makes the time end too early or too late.

    `time` is as the client sent it, on the clock of the zone if it has no offset. `longest` is what
    the policy allows.
    """

    code = "invalid_request"
    title = "The request is not valid"
    status = 400

    field: str
    problem: TimeProblem
    time: datetime
    zone: ZoneInfo
    longest: timedelta = LONGEST


class InvalidField(Refusal, frozen=True):
    """A field is wrong, though not in itself; `message` says what would be right."""

    code = UnclearTime.code
    title = UnclearTime.title
    status = UnclearTime.status

    field: ClassVar[str]
    problem: ClassVar[str]
    message: ClassVar[str]


class ServiceRequired(InvalidField, frozen=True):
    """The clinic wants every appointment to be one of a service."""

    field = "service_id"
    problem = "missing"
    message = "is required by this clinic; `list_services` lists the services"


class AnotherPatient(InvalidField, frozen=True):
    """The account of an appointment stays: it cannot be given to another one."""

    field = "patient.id"
    problem = "another_patient"
    message = "must be left out, or be the one that the appointment has"


class NotWithinHold(InvalidField, frozen=True):
    """A hold is only for its doctor and its time."""

    field = "hold_id"
    problem = "not_within_hold"
    message = "must be a hold of this doctor that covers the whole time"


class KeyReused(Refusal, frozen=True):
    """The key was used for another request, or for one whose fingerprint has been erased since.

    Whether the latter is the same request, nobody can tell any more.
    """

    code = "idempotency_key_reused"
    title = "The idempotency key was used before"
    status = 422
    detail = (
        "this idempotency key was used before, for another request or for one whose patient has "
        "been erased; send a new key"
    )


class InThePast(Refusal, frozen=True):
    """The requested time starts before the running minute of `now`."""

    code = "in_the_past"
    title = "The time is in the past"
    status = 422
    detail = "start must not be before now"

    doctor: Doctor
    now: datetime


class TimeUnavailable(Refusal, frozen=True):
    """It cannot be then; `openings` are the next times at which it can, found by `search`."""

    doctor: Doctor
    asked: Interval
    search: OpeningSearch
    openings: tuple[Opening, ...] = ()


class TooSoon(TimeUnavailable, frozen=True, kw_only=True):
    """The clinic wants more notice: the first start that can be booked is `earliest`."""

    code = "too_soon"
    title = "The time is too soon"
    status = 422

    earliest: datetime


class TooLate(TimeUnavailable, frozen=True, kw_only=True):
    """The clinic does not book so far ahead: the last start that can be booked is `latest`."""

    code = "too_late"
    title = "The time is too far ahead"
    status = 422

    latest: datetime


class OutsideHours(TimeUnavailable, frozen=True):
    """`working_windows` are those of that local date, with overrides."""

    working_windows: tuple[Interval, ...] = ()


class OutsideWorkingHours(OutsideHours, frozen=True):
    """Part of the requested time lies outside the working windows of that day."""

    code = "outside_working_hours"
    title = "The doctor does not work then"
    status = 422


class TimeOff(OutsideHours, frozen=True):
    """The doctor would work then by the week, and is away. Why is not for patients to know."""

    code = "time_off"
    title = "The doctor is away then"
    status = 422


class SlotTaken(TimeUnavailable, frozen=True):
    """`conflicts` are the busy parts of the requested time, in order.

    If only holds are in the way, `retry_after` is the number of seconds until the first one ends.
    """

    code = "slot_taken"
    title = "The time is taken"
    status = 409

    conflicts: tuple[Conflict, ...] = ()
    retry_after: int | None = None


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
    """Patients may do only so much by themselves.

    `retry_after` seconds later it may be granted; None: never, as it is.
    """

    code = "too_many_requests"
    title = "Too much was asked for"
    status = 429

    retry_after: int | None = None


class TooManyAhead(TooManyRequests, frozen=True):
    """The patient has booked as many appointments ahead as patients may."""

    detail = "you have as many appointments ahead as you may book; cancel one, or ask the clinic"


class TooLongSeries(TooManyRequests, frozen=True):
    """With the series the patient would have more appointments ahead than patients may."""

    detail = (
        "with this series you would have more appointments ahead than you may book; ask for fewer, "
        "or cancel some"
    )


class TooManyChanges(TooManyRequests, frozen=True):
    """The patient has booked, moved and cancelled as often in 24 hours as patients may."""

    detail = (
        "you have booked, moved and cancelled as often in 24 hours as you may; try again later, or "
        "ask the clinic"
    )


class TooManyHolds(TooManyRequests, frozen=True):
    """The patient holds as many times of a doctor-day as patients may."""

    code = "too_many_holds"
    detail = (
        "you hold as many times of this doctor on this day as you may; book or release one, or "
        "wait until one ends"
    )


class TooManyErasures(TooManyRequests, frozen=True):
    """The patient has erased the account as often in 24 hours as patients may."""

    detail = "you have erased your account as often in 24 hours as you may; try again later"


class BeingErased(Refusal, frozen=True):
    """The account is being erased: nothing is booked or moved for it, nor cancelled by it."""

    code = "try_again"
    title = "Try again later"
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


class WithAnotherDoctor(UnknownAppointment, frozen=True):
    """The appointment was born with the doctor who asks, and has moved to another one."""


class UnknownHold(Refusal, frozen=True):
    """No hold of the caller has this id, or it has ended."""

    code = "unknown_hold"
    title = "There is no such hold"
    status = 404
    detail = "no hold of yours has this id, or it has ended; hold the time again, or book without"


class RetiredDoctor(Refusal, frozen=True):
    """No doctor of this id takes new appointments; one that is moved would be new there."""

    code = "unknown_doctor"
    title = "There is no such doctor"
    status = 404
    detail = "this doctor takes no appointments; send the `doctor_id` of another one"


class UnknownService(Refusal, frozen=True):
    """The doctor offers no such service."""

    code = "unknown_service"
    title = "There is no such service"
    status = 404
    detail = "the doctor does not offer this service; `list_doctors` has the services of each"


class VersionMismatch(Refusal, frozen=True):
    """The appointment has changed since it was in the state that the request is about."""

    code = "version_mismatch"
    title = "The appointment has changed"
    status = 412
    detail = (
        "the appointment has changed since you read it; read it again, and send its new version"
    )


class WrongStatus(Refusal, frozen=True):
    """What happened at the clinic does not allow this: `appointment_status` is what did."""

    code = "wrong_status"
    title = "The state of the appointment does not allow this"
    status = 422

    appointment_status: AppointmentStatus


class TooEarly(Refusal, frozen=True):
    """It cannot have happened yet."""

    code = "too_early"
    title = "It is too early"
    status = 422
    detail = (
        "an appointment can be marked `arrived` and `fulfilled` on its day, and `no_show` from its "
        "start on"
    )


class TooLateToCancel(Refusal, frozen=True):
    """The clinic wants more notice before a patient moves or cancels."""

    code = "too_late_to_cancel"
    title = "It is too late to move or cancel"
    status = 422
    detail = "it is too late to move or cancel this appointment by yourself; ask the clinic"


class AlreadyCancelled(Refusal, frozen=True):
    """The appointment was cancelled before, and stays as it was."""

    code = "already_cancelled"
    title = "The appointment is cancelled"
    status = 422
    detail = "a cancelled appointment can no longer be changed; book a new one"

    appointment: Appointment


class AlreadyStarted(Refusal, frozen=True):
    """The appointment has begun, so it can no longer be changed."""

    code = "already_started"
    title = "The appointment has started"
    status = 422
    detail = "an appointment that has started can no longer be moved or cancelled"


class SeriesUnavailable(Refusal, frozen=True):
    """Not every occurrence can be booked, or not one.

    `openings` are what can be booked instead of each, in the same order.
    """

    code = "series_unavailable"
    title = "The series cannot be booked"
    status = 409

    doctor: Doctor
    asked: int
    unavailable: tuple[Skipped, ...]
    openings: tuple[tuple[Opening, ...], ...] = ()


class UnknownSeries(Refusal, frozen=True):
    """No series of the caller has this id."""

    code = "unknown_series"
    title = "There is no such series"
    status = 404
    detail = "no series has this id; send the `series_id` of a series exactly as you received it"
