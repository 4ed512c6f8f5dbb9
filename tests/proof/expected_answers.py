"""What each function should answer, by the model that looks at every minute.

It shares nothing with the code under test, not even the zones: the offsets stand here.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from itertools import islice
from typing import Any

from tests import reference_model as model

Json = dict[str, Any]

EPOCH = datetime(2050, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURS_KEYS_ARE_KNOWN = 48
DAYS_SEARCHED = 90
OPEN_APPOINTMENTS, CHANGES_PER_DAY = 3, 3
"""What patients may do: less than mostly, so that few steps suffice."""

POLICY = {"open_appointments": OPEN_APPOINTMENTS, "changes_per_day": CHANGES_PER_DAY}

DOCTORS: list[Json] = [
    {
        "id": "strange",
        "name": "Doctor Strange",
        "time_zone": "America/New_York",
        "working_hours": [
            {"days": ["sat"], "opens": "22:00", "closes": "24:00"},
            {"days": ["sun"], "opens": "00:00", "closes": "04:00"},
            {"days": ["mon"], "opens": "09:00", "closes": "10:00"},
            {"days": ["mon"], "opens": "10:30", "closes": "12:00"},
        ],
    },
    {
        "id": "who",
        "name": "Doctor Who",
        "time_zone": "UTC",
        "working_hours": [
            {"days": ["sun"], "opens": "03:00", "closes": "06:00"},
            {"days": ["sun"], "opens": "06:00", "closes": "07:00"},
            {"days": ["mon"], "opens": "14:00", "closes": "16:00"},
        ],
    },
]
DOCTOR: Mapping[str, Json] = {doctor["id"]: doctor for doctor in DOCTORS}
CLINIC_ZONE = "Europe/Berlin"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# On this Sunday the hour from 01:00 to 02:00 comes twice in New York.
CLOCKS_GO_BACK = datetime(2050, 11, 6, 6, tzinfo=UTC)


# Clocks


def offset(zone: str, instant: datetime) -> timedelta:
    """How far a clock is ahead of UTC; right in the winter from 2050 to 2051."""
    if zone == "America/New_York":
        return timedelta(hours=-4 if instant < CLOCKS_GO_BACK else -5)
    return timedelta(hours={"UTC": 0, CLINIC_ZONE: 1}[zone])


def shown(instant: datetime, zone: str) -> str:
    """An instant as an answer tells it."""
    local = instant.astimezone(timezone(offset(zone, instant))).replace(microsecond=0)
    return local.isoformat().replace("+00:00", "Z")


def instants(text: str, zone: str) -> list[datetime]:
    """The instants that a text may mean, of which there should be one."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        return [time.astimezone(UTC)]
    some = (time.replace(tzinfo=timezone(timedelta(hours=hours))) for hours in range(-12, 13))
    return [
        instant.astimezone(UTC) for instant in some if instant.utcoffset() == offset(zone, instant)
    ]


def minute(instant: datetime) -> int:
    """How many minutes have begun since the epoch: of a broken one, the next."""
    return -((EPOCH - instant) // MINUTE)


def at(minute: int) -> datetime:
    return EPOCH + minute * MINUTE


def wall_clock(doctor: Json, minute: int) -> datetime:
    return (at(minute) + offset(doctor["time_zone"], at(minute))).replace(tzinfo=None)


@cache
def working(doctor_id: str, day: date) -> Mapping[int, int]:
    """The minutes in which a doctor works on a local day, and the minute that the clock shows."""
    doctor, midnight = DOCTOR[doctor_id], datetime.combine(day, time())
    first = minute(midnight.replace(tzinfo=UTC))  # No doctor's clock is ahead of UTC.
    around = range(first, first + 30 * 60)
    clock = {m: (wall_clock(doctor, m) - midnight) // MINUTE for m in around}
    today = [h for h in doctor["working_hours"] if WEEK[day.weekday()] in h["days"]]
    return model.working(((_of_day(h["opens"]), _of_day(h["closes"])) for h in today), clock)


def _of_day(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def days_of(bounds: range, doctor_id: str) -> Iterator[Mapping[int, int]]:
    """What is worked on the local days that the bounds touch; days that meet come together."""
    doctor = DOCTOR[doctor_id]
    day, last = (wall_clock(doctor, m).date() for m in (bounds.start, bounds.stop))
    together: dict[int, int] = {}
    while day <= last:
        works = working(doctor_id, day)
        if together and max(together) + 1 not in works:
            yield together
            together = {}
        together = {**together, **works}
        day += timedelta(days=1)
    yield together


def openings(
    doctor_id: str, bounds: range, length: int, busy: Collection[int], step: int | None = None
) -> Iterator[int]:
    """The minutes at which an opening starts, on any day, also across midnight."""
    for works in days_of(bounds, doctor_id):
        yield from model.openings(works, busy, bounds, length, step)


def _times(when: range, doctor: Json) -> Json:
    zone = doctor["time_zone"]
    return {"start": shown(at(when.start), zone), "end": shown(at(when.stop), zone)}


def _placed(when: range, doctor: Json) -> Json:
    return {
        "doctor_id": doctor["id"],
        "doctor_name": doctor["name"],
        **_times(when, doctor),
        "duration_minutes": len(when),
        "time_zone": doctor["time_zone"],
    }


# What is kept, and what is answered


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
    version: int = 1
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None

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

    def validated(self) -> Json:
        """What validate_appointment answers with."""
        told = _placed(self.when, DOCTOR[self.doctor_id])
        status = "booked" if self.cancelled_at is None else "cancelled"
        return _without_none(
            {**told, "patient": self.patient, "reason": self.reason, "status": status}
        )

    def json(self) -> Json:
        zone = DOCTOR[self.doctor_id]["time_zone"]
        cancelled_at = self.cancelled_at and shown(self.cancelled_at, zone)
        return _without_none(
            {
                **self.validated(),
                "id": self.id,
                "created_at": shown(self.created_at, zone),
                "updated_at": shown(self.updated_at, zone),
                "version": self.version,
                "cancelled_at": cancelled_at,
                "cancellation_reason": self.cancellation_reason,
            }
        )


def _without_none(members: Json) -> Json:
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
    appointment_id: str
    expires_at: datetime


class InvalidRequest(Exception):
    """One field of a request makes no sense, for a reason of this type."""

    def __init__(self, field: str, kind: str) -> None:
        super().__init__(field, kind)
        self.answer = Answer(400, {"errors": [(field, kind)]}, "invalid_request")


UNKNOWN_DOCTOR = Answer(404, code="unknown_doctor")
UNKNOWN_APPOINTMENT = Answer(404, code="unknown_appointment")
TOO_MANY = Answer(429, code="too_many_requests")


# The functions


@dataclass
class ExpectedAnswers:
    """Appointments by id, in the order of booking, and what else the answers depend on.

    A caller is `by`: the account of a patient, or None for staff, who may do everything.
    """

    now: datetime
    appointments: dict[str, Appointment] = field(default_factory=dict)
    records: dict[tuple[str | None, str], IdempotencyRecord] = field(default_factory=dict)
    changes: list[tuple[str, datetime]] = field(default_factory=list)
    """Who has booked, moved or cancelled for themselves, and when."""

    def create(self, body: Json, key: str | None, new_id: str, by: str | None) -> Answer:
        """The answer to create_appointment; `new_id` is what a new appointment gets."""
        wished = self._wished(body, new_id, by)
        if isinstance(wished, Answer):
            return wished
        details = sorted(wished.patient.items()), wished.reason
        request = ("create", wished.doctor_id, wished.when, *details)
        if record := self._record(key, by):
            return self._replay(record, request, 201)
        if refusal := self._too_many(by, new=True) or self._refusal(wished, by):
            return refusal
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", new_id)
        assert new_id not in self.appointments
        self.appointments[new_id] = wished
        self._remember(key, request, new_id, by)
        return Answer(201, wished.json())

    def validate(self, body: Json, by: str | None) -> Answer:
        """The answer to validate_appointment."""
        wished = self._wished(body, "", by)
        if isinstance(wished, Answer):
            return wished
        refusal = self._too_many(by, new=True) or self._refusal(wished, by)
        return refusal or Answer(200, wished.validated())

    def _wished(self, body: Json, new_id: str, by: str | None) -> Appointment | Answer:
        """The appointment that is asked for, or why there is none."""
        doctor_id = body["doctor_id"]
        try:
            _check_order(body)
            if doctor_id not in DOCTOR:
                return UNKNOWN_DOCTOR
            when = _asked(body, doctor_id, 0)
        except InvalidRequest as invalid:
            return invalid.answer
        reason = body.get("reason")
        patient = body["patient"] | ({"id": by} if by else {})
        return Appointment(new_id, doctor_id, when, patient, reason, self.now, self.now)

    def reschedule(self, body: Json, key: str | None, by: str | None) -> Answer:
        """The answer to reschedule_appointment."""
        appointment_id, doctor_id = body["appointment_id"], body.get("doctor_id")
        try:
            _check_order(body)
            times = [_meant(body.get("start")), _meant(body.get("end"))]
            length = body.get("duration_minutes")
            request = ("reschedule", appointment_id, doctor_id, *times, length)
            if record := self._record(key, by):
                return self._replay(record, request, 200)
            if (appointment := self._found(appointment_id, by)) is None:
                return UNKNOWN_APPOINTMENT
            if fixed := self._why_fixed(appointment):
                return fixed
            doctor_id = doctor_id or appointment.doctor_id
            if doctor_id not in DOCTOR:
                return UNKNOWN_DOCTOR
            when = _asked(body, doctor_id, len(appointment.when))
        except InvalidRequest as invalid:
            return invalid.answer
        moved = replace(appointment, doctor_id=doctor_id, when=when)
        if refusal := self._too_many(by) or self._refusal(moved, by):
            return refusal
        appointment.doctor_id, appointment.when = doctor_id, when
        appointment.updated_at = self.now
        appointment.version += 1
        self._remember(key, request, appointment_id, by)
        return Answer(200, appointment.json())

    def cancel(self, body: Json, by: str | None) -> Answer:
        """The answer to cancel_appointment."""
        appointment = self._found(body["appointment_id"], by)
        if appointment is None:
            return UNKNOWN_APPOINTMENT
        if appointment.cancelled_at is None:
            if refusal := self._why_fixed(appointment) or self._too_many(by):
                return refusal
            self._count(by)
            appointment.cancelled_at = appointment.updated_at = self.now
            appointment.version += 1
            appointment.cancellation_reason = body.get("reason")
        return Answer(200, appointment.json())

    def get(self, appointment_id: str, by: str | None) -> Answer:
        """The answer to get_appointment."""
        appointment = self._found(appointment_id, by)
        return UNKNOWN_APPOINTMENT if appointment is None else Answer(200, appointment.json())

    def listed(self, query: Json) -> list[Json]:
        """The appointments that list_appointments shows of a doctor, on all pages."""
        zone = DOCTOR[query["doctor_id"]]["time_zone"]
        window = range(*(minute(*instants(query[name], zone)) for name in ("start", "end")))
        with_cancelled = query.get("status") == "all"
        found = model.listed(
            self._held(), query["doctor_id"], window, with_cancelled=with_cancelled
        )
        return [self.appointments[appointment_id].json() for appointment_id in found]

    def listed_of(self, owner: str, query: Json) -> list[Json]:
        """What list_appointments shows of a patient, where all times have an offset."""
        window = range(*(minute(datetime.fromisoformat(query[name])) for name in ("start", "end")))
        held, with_cancelled = self._held_by(owner), query.get("status") == "all"
        found = model.listed(held, owner, window, with_cancelled=with_cancelled)
        return [self.appointments[appointment_id].json() for appointment_id in found]

    def first(self, query: Json) -> Answer:
        """The answer to first_available, where all times have an offset."""
        after, until = (query.get(name) for name in ("after", "until"))
        begins_at = max(self.now, datetime.fromisoformat(after)) if after else self.now
        if until and datetime.fromisoformat(until) <= begins_at:
            return InvalidRequest("until", "not_after_start").answer
        start = minute(begins_at)
        end = minute(datetime.fromisoformat(until)) if until else start + DAYS_SEARCHED * 24 * 60
        bounds, length, step = (
            range(start, end),
            query.get("duration_minutes", 30),
            query.get("step_minutes"),
        )
        doctor_ids, count = sorted(set(query.get("doctor_id", DOCTOR))), query.get("count", 1)
        named = query.get("doctor_id") is not None and len(doctor_ids) == 1
        zone = DOCTOR[doctor_ids[0]]["time_zone"] if named else CLINIC_ZONE
        held = self._held()
        found = sorted(
            (start, doctor_id)
            for doctor_id in doctor_ids
            for start in islice(
                openings(doctor_id, bounds, length, model.busy(held, doctor_id), step), count
            )
        )
        offered = [
            _placed(range(start, start + length), DOCTOR[doctor_id])
            for start, doctor_id in found[:count]
        ]
        return Answer(
            200,
            {
                "openings": offered,
                "searched_from": shown(at(bounds.start), zone),
                "searched_until": shown(at(bounds.stop), zone),
                "reason": None if found else _why_none(doctor_ids, bounds, length, step),
            },
        )

    def _why_fixed(self, appointment: Appointment) -> Answer | None:
        if appointment.cancelled_at is not None:
            return Answer(422, code="already_cancelled")
        return Answer(422, code="already_started") if appointment.start <= self.now else None

    def _held(self) -> dict[str, model.Held]:
        return {
            a.id: model.Held(a.doctor_id, a.when, a.cancelled_at is None)
            for a in self.appointments.values()
        }

    def _held_by(self, owner: str | None) -> dict[str, model.Held]:
        """What a patient has, as if that were a doctor, who cannot be in two places either."""
        mine = [a for a in self.appointments.values() if owner and a.owner == owner]
        return {a.id: model.Held(a.owner or "", a.when, a.cancelled_at is None) for a in mine}

    def _found(self, appointment_id: str, by: str | None) -> Appointment | None:
        """An appointment, if there is one and the caller may know."""
        found = self.appointments.get(appointment_id)
        return found if found and by in (None, found.owner) else None

    def _too_many(self, by: str | None, *, new: bool = False) -> Answer | None:
        held = self._held_by(by).values()
        ahead = [h for h in held if h.booked and at(h.when.stop) > self.now]
        since = self.now - timedelta(days=1)
        changes = [changed_at for who, changed_at in self.changes if who == by]
        too_often = sum(changed_at > since for changed_at in changes) >= CHANGES_PER_DAY
        too_many = new and len(ahead) >= OPEN_APPOINTMENTS
        return TOO_MANY if by and (too_often or too_many) else None

    def _count(self, by: str | None) -> None:
        if by:
            self.changes.append((by, self.now))

    def _refusal(self, wished: Appointment, by: str | None) -> Answer | None:
        """Why an appointment cannot be as it is wished; its old time, if any, is free for it."""
        doctor_id, when, moving = wished.doctor_id, wished.when, wished.id
        if at(when.start) <= self.now - MINUTE:
            return Answer(422, code="in_the_past")
        doctor, held = DOCTOR[doctor_id], self._held()
        first, last = (wall_clock(doctor, m).date() for m in (when.start, when.stop - 1))
        works = working(doctor_id, first)
        within = set(when) <= works.keys() | working(doctor_id, last).keys()
        conflicts = self._parts(held, doctor_id, wished, by)
        mine, owner = self._held_by(wished.owner), wished.owner or ""
        if within and not conflicts:
            patient_busy = self._parts(mine, owner, wished, by)
            members = {"conflicts": patient_busy}
            return Answer(409, members, "patient_busy") if patient_busy else None
        bounds = range(when.start, when.start + DAYS_SEARCHED * 24 * 60)
        busy = model.busy(held, doctor_id, but=moving) | model.busy(mine, owner, but=moving)
        starts = islice(openings(doctor_id, bounds, len(when), busy), 3)
        offered = [_placed(range(start, start + len(when)), doctor) for start in starts]
        if not within:
            hours = [_times(window, doctor) for window in model.stretches(works.keys())]
            members = {"working_hours": hours, "openings": offered}
            return Answer(422, members, "outside_working_hours")
        return Answer(409, {"conflicts": conflicts, "openings": offered}, "slot_taken")

    def _parts(
        self, held: Mapping[str, model.Held], whose: str, wished: Appointment, by: str | None
    ) -> list[Json]:
        """What is taken of a wished time: by the caller's own appointments singly, else merged."""
        doctor, own = DOCTOR[wished.doctor_id], self._held_by(by).keys() & held.keys()
        others = {name: h for name, h in held.items() if name not in own}
        taken: list[tuple[range, Json]] = [
            (part, {}) for part in model.conflicts(others, whose, wished.when, but=wished.id)
        ]
        for name in own:
            parts = model.conflicts({name: held[name]}, whose, wished.when, but=wished.id)
            taken += [(part, {"appointment_id": name}) for part in parts]
        in_order = sorted(taken, key=lambda each: each[0].start)
        return [_times(part, doctor) | named for part, named in in_order]

    def _record(self, key: str | None, by: str | None) -> IdempotencyRecord | None:
        record = self.records.get((by, key or ""))
        return record if record and self.now < record.expires_at else None

    def _replay(
        self, record: IdempotencyRecord, request: tuple[object, ...], status: int
    ) -> Answer:
        if record.request != request:
            return Answer(422, code="idempotency_key_reused")
        appointment = self.appointments[record.appointment_id]
        return Answer(status, appointment.json(), replayed=True)

    def _remember(
        self, key: str | None, request: tuple[object, ...], appointment_id: str, by: str | None
    ) -> None:
        self._count(by)
        if key is not None:
            expires_at = self.now + timedelta(hours=HOURS_KEYS_ARE_KNOWN)
            self.records[by, key] = IdempotencyRecord(request, appointment_id, expires_at)


def _why_none(doctor_ids: list[str], bounds: range, length: int, step: int | None) -> str:
    if any(True for name in doctor_ids for _ in openings(name, bounds, length, (), step)):
        return "fully_booked"
    # A window within a minute holds no whole one, but may lie amid working hours.
    around, least = (bounds, 1) if bounds else (range(bounds.start - 1, bounds.start + 1), 2)
    if any(True for name in doctor_ids for _ in openings(name, around, least, ())):
        return "duration_too_long"
    return "no_working_hours"


# Requests


def _check_order(body: Json) -> None:
    start, end = _meant(body["start"]), _meant(body.get("end"))
    if start and end and (start.tzinfo is None) == (end.tzinfo is None) and end <= start:
        raise InvalidRequest("end", "not_after_start")


def _asked(body: Json, doctor_id: str, usual: int) -> range:
    start = _minute_of(body, "start", doctor_id)
    if "end" in body:
        end = _minute_of(body, "end", doctor_id)
        if end <= start:
            raise InvalidRequest("end", "not_after_start")
        if end - start > 24 * 60:
            raise InvalidRequest("end", "too_long")
        return range(start, end)
    return range(start, start + body.get("duration_minutes", usual))


def _minute_of(body: Json, name: str, doctor_id: str) -> int:
    possible = instants(body[name], DOCTOR[doctor_id]["time_zone"])
    if len(possible) != 1:
        raise InvalidRequest(name, "ambiguous_local_time")
    return minute(possible[0])


def _meant(text: str | None) -> datetime | None:
    """A time as two requests are compared by: an instant, or the wall clock as it was sent."""
    time = datetime.fromisoformat(text) if text else None
    return time.astimezone(UTC) if time and time.tzinfo else time
