"""What the model keeps and answers, and how it reads requests."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests import reference_model as model
from tests.proof.expected_clinic import (
    DOCTOR,
    SERVICE,
    Changes,
    Json,
    at,
    instants,
    minute,
    placed,
    shown,
    times,
    wall_clock,
)


@dataclass
class Appointment:
    """An appointment, as it is now."""

    id: str
    doctor_id: str
    when: range
    patient: Json
    reason: str | None
    created_at: datetime
    updated_at: datetime
    service_id: str | None = None
    series_id: str | None = None
    version: int = 1
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None
    mark: str | None = None
    freed_from: int | None = None

    @property
    def start(self) -> datetime:
        return at(self.when.start)

    @property
    def end(self) -> datetime:
        return at(self.when.stop)

    @property
    def owner(self) -> str | None:
        """The account that it belongs to, if any."""
        owner: str | None = self.patient.get("id")
        return owner

    @property
    def place(self) -> tuple[str, date]:
        """The doctor-day."""
        return self.doctor_id, wall_clock(DOCTOR[self.doctor_id], self.when.start).date()

    @property
    def status(self) -> str:
        return (self.mark or "booked") if self.cancelled_at is None else "cancelled"

    @property
    def buffers(self) -> tuple[int, int]:
        """How many minutes it needs before it, and after it."""
        service = SERVICE.get(self.service_id or "", {})
        return service.get("buffer_before_minutes", 0), service.get("buffer_after_minutes", 0)

    @property
    def held(self) -> model.Held:
        """What it keeps from others of its doctor."""
        booked, freed_from = self.cancelled_at is None, self.freed_from
        return model.Held(self.doctor_id, self.when, booked, *self.buffers, freed_from)

    def changed(self, now: datetime) -> None:
        """Have it in its next version."""
        self.version += 1
        self.updated_at = now

    def cancel(self, now: datetime, reason: str | None) -> None:
        """Have it cancelled."""
        self.cancelled_at, self.cancellation_reason = now, reason
        self.changed(now)

    def validated(self) -> Json:
        """What validate_appointment answers with."""
        return without_none(
            {
                **placed(self.when, DOCTOR[self.doctor_id]),
                "patient": self.patient,
                "reason": self.reason,
                "service_id": self.service_id,
                "status": self.status,
            }
        )

    def json(self) -> Json:
        zone = DOCTOR[self.doctor_id]["time_zone"]
        return without_none(
            {
                **self.validated(),
                "id": self.id,
                "series_id": self.series_id,
                "created_at": shown(self.created_at, zone),
                "updated_at": shown(self.updated_at, zone),
                "version": self.version,
                "freed_from": None if self.freed_from is None else shown(at(self.freed_from), zone),
                "cancelled_at": self.cancelled_at and shown(self.cancelled_at, zone),
                "cancellation_reason": self.cancellation_reason,
            }
        )


@dataclass
class Override:
    """An override, as it is now."""

    id: str
    doctor_id: str
    kind: str
    when: range
    created_at: datetime
    deleted_at: datetime | None = None

    def json(self) -> Json:
        doctor = DOCTOR[self.doctor_id]
        zone = doctor["time_zone"]
        return without_none(
            {
                "override_id": self.id,
                "doctor_id": self.doctor_id,
                "kind": self.kind,
                **times(self.when, doctor),
                "time_zone": zone,
                "created_at": shown(self.created_at, zone),
                "deleted_at": self.deleted_at and shown(self.deleted_at, zone),
            }
        )


@dataclass
class Hold:
    """A hold; it keeps its time until the instant `ends_at`."""

    id: str
    doctor_id: str
    when: range
    by: str | None
    ends_at: datetime
    before: int = 0
    after: int = 0
    notice: timedelta = timedelta()

    @property
    def reach(self) -> range:
        """Its time with both buffers."""
        return range(self.when.start - self.before, self.when.stop + self.after)

    @property
    def held(self) -> model.Held:
        """What it keeps from others of its doctor."""
        return model.Held(
            self.doctor_id, self.when, booked=True, before=self.before, after=self.after
        )

    def json(self) -> Json:
        doctor = DOCTOR[self.doctor_id]
        zone = doctor["time_zone"]
        return {
            "hold_id": self.id,
            "doctor_id": self.doctor_id,
            **times(self.when, doctor),
            "time_zone": zone,
            "expires_at": shown(self.ends_at, zone),
        }


@dataclass
class Series:
    """Which appointments were booked together, what was not and why, and whose they are."""

    id: str
    appointment_ids: list[str]
    skipped: list[tuple[Appointment, str]]
    owner: str | None


def changes_of(doctor_id: str, overrides: list[Override]) -> Changes:
    """How a doctor's calendar differs from the week."""
    stand = [o for o in overrides if o.doctor_id == doctor_id and o.deleted_at is None]
    extra, off = (
        frozenset(m for o in stand if o.kind == kind for m in o.when)
        for kind in ("extra_hours", "time_off")
    )
    return Changes(extra, off)


def without_none(members: Json) -> Json:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class Answer:
    """The members of an answer; of a problem, those that its code comes with."""

    status: int
    members: Json = field(default_factory=dict)
    code: str | None = None
    replayed: bool = False


@dataclass(frozen=True)
class IdempotencyRecord:
    """What an idempotency key was used for."""

    request: tuple[object, ...]
    named: str
    expires_at: datetime


class InvalidRequest(Exception):
    """One field of a request makes no sense, for a reason of this type."""

    def __init__(self, field: str, kind: str) -> None:
        super().__init__(field, kind)
        self.answer = Answer(400, {"errors": [(field, kind)]}, "invalid_request")


UNKNOWN_DOCTOR = Answer(404, code="unknown_doctor")
UNKNOWN_SERVICE = Answer(404, code="unknown_service")
UNKNOWN_APPOINTMENT = Answer(404, code="unknown_appointment")
UNKNOWN_OVERRIDE = Answer(404, code="unknown_override")
UNKNOWN_HOLD = Answer(404, code="unknown_hold")
UNKNOWN_SERIES = Answer(404, code="unknown_series")
MISMATCH = Answer(412, code="version_mismatch")
KEY_REUSED = Answer(422, code="idempotency_key_reused")
TOO_MANY = Answer(429, code="too_many_requests")
TOO_MANY_HOLDS = Answer(429, code="too_many_holds")


# Requests


def check_order(body: Json) -> None:
    """Refuse what ends before it starts, if the two can be compared."""
    start, end = meant(body["start"]), meant(body.get("end"))
    if start and end and (start.tzinfo is None) == (end.tzinfo is None) and end <= start:
        raise InvalidRequest("end", "not_after_start")


def asked_time(body: Json, doctor_id: str, usual: int) -> range:
    """When an appointment is asked to be, in minutes."""
    start = minute_of(body, "start", doctor_id)
    if "end" in body:
        end = minute_of(body, "end", doctor_id)
        if end <= start:
            raise InvalidRequest("end", "not_after_start")
        if end - start > 24 * 60:
            raise InvalidRequest("end", "too_long")
        return range(start, end)
    return range(start, start + body.get("duration_minutes", usual))


def minute_of(body: Json, name: str, doctor_id: str) -> int:
    """The minute that a field tells."""
    possible = instants(body[name], DOCTOR[doctor_id]["time_zone"])
    if len(possible) != 1:
        raise InvalidRequest(name, "ambiguous_local_time")
    return minute(possible[0])


def meant(text: str | None) -> datetime | None:
    """A time as two requests are compared by: an instant, or the wall clock as it was sent."""
    time = datetime.fromisoformat(text) if text else None
    return time.astimezone(UTC) if time and time.tzinfo else time
