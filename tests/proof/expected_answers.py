"""What each function should answer, by the model that looks at every minute.

It shares nothing with the code under test.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby, islice

from tests import reference_model as model
from tests.proof.expected_clinic import (
    CHANGES_PER_DAY,
    CLINIC_ZONE,
    DOCTOR,
    EPOCH,
    MINUTE,
    OPEN_APPOINTMENTS,
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
from tests.proof.expected_documents import (
    KEY_REUSED,
    MISMATCH,
    TOO_MANY,
    UNKNOWN_APPOINTMENT,
    UNKNOWN_DOCTOR,
    UNKNOWN_HOLD,
    UNKNOWN_OVERRIDE,
    UNKNOWN_SERVICE,
    Answer,
    Appointment,
    Hold,
    IdempotencyRecord,
    InvalidRequest,
    Override,
    asked_time,
    changes_of,
    check_order,
    meant,
    minute_of,
)

HOURS_KEYS_ARE_KNOWN = 48
DAYS_SEARCHED = 90

FOLLOWS = {"arrived": {"booked"}, "fulfilled": {"booked", "arrived"}, "no_show": {"booked"}}
"""In which states each mark can be made."""


@dataclass
class ExpectedAnswers:
    """Appointments, overrides and holds by id, in order of making, and what else answers depend on.

    A caller is `by`: the account of a patient, or None for staff, who may do everything. Only what
    is of the version `match`, if there is one, is changed.
    """

    now: datetime
    appointments: dict[str, Appointment] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    """Those that are neither used nor given up; they may have ended."""
    records: dict[tuple[str | None, str], IdempotencyRecord] = field(default_factory=dict)
    changes: list[tuple[str, datetime]] = field(default_factory=list)
    """Who has booked, moved, corrected or cancelled for themselves, and when."""

    # Booking

    def create(self, body: Json, key: str | None, new_id: str, by: str | None) -> Answer:
        """The answer to create_appointment; `new_id` is what a new appointment gets."""
        named = self._named(body, new_id, by)
        if isinstance(named, Answer):
            return named
        allowed = tuple(sorted(body.get("allow", ())))
        details = sorted(named.patient.items()), named.reason, named.service_id
        hold_id = body.get("hold_id")
        request = ("create", named.doctor_id, named.when, allowed, hold_id, *details)
        if record := self._record(key, by):
            return self._replay(record, request, 201)
        wished = self._wished(body, named)
        if isinstance(wished, Answer):
            return wished
        if refusal := self._why_not_with(hold_id, wished, by):
            return refusal
        if refusal := self._too_many(by, 1) or self._refusal(wished, by, allowed, hold_id):
            return refusal
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", new_id)
        assert new_id not in self.appointments
        self.appointments[new_id] = wished
        self.holds.pop(hold_id or "", None)
        self._remember(key, request, new_id, by)
        return Answer(201, wished.json())

    def validate(self, body: Json, by: str | None) -> Answer:
        """The answer to validate_appointment."""
        named = self._named(body, "", by)
        wished = named if isinstance(named, Answer) else self._wished(body, named)
        if isinstance(wished, Answer):
            return wished
        allowed, hold_id = tuple(body.get("allow", ())), body.get("hold_id")
        refusal = self._why_not_with(hold_id, wished, by) or self._too_many(by, 1)
        refusal = refusal or self._refusal(wished, by, allowed, hold_id)
        return refusal or Answer(200, wished.validated())

    def _why_not_with(
        self, hold_id: str | None, wished: Appointment, by: str | None
    ) -> Answer | None:
        """Why a hold is none of the caller's, or not for this time; None if it is, or none is."""
        if hold_id is None:
            return None
        hold = self.holds.get(hold_id)
        if not hold or hold.by != by or hold.ends_at <= self.now:
            return UNKNOWN_HOLD
        if hold.doctor_id == wished.doctor_id and {*wished.when} <= {*hold.when}:
            return None
        return InvalidRequest("hold_id", "not_within_hold").answer

    def _named(self, body: Json, new_id: str, by: str | None) -> Appointment | Answer:
        """The appointment that is asked for; without a time where a service tells how long."""
        doctor_id, service_id = body["doctor_id"], body.get("service_id")
        try:
            check_order(body)
            if doctor_id not in DOCTOR:
                return UNKNOWN_DOCTOR
            when = asked_time(body, doctor_id, 0)
        except InvalidRequest as invalid:
            return invalid.answer
        patient, reason = body["patient"] | ({"id": by} if by else {}), body.get("reason")
        new = Appointment(new_id, doctor_id, when, patient, reason, self.now, self.now)
        return replace(new, service_id=service_id)

    def _wished(self, body: Json, named: Appointment) -> Appointment | Answer:
        """The same, as long as its service says; or why there is no such service."""
        service_id = named.service_id
        if service_id is None:
            return named
        if not offers(named.doctor_id, service_id):
            return UNKNOWN_SERVICE
        length = SERVICE[service_id].get("duration_minutes")
        if length and named.when:
            field = "end" if "end" in body else "duration_minutes"
            return InvalidRequest(field, "length_of_service").answer
        start = named.when.start
        return replace(named, when=range(start, start + length)) if length else named

    # Changing

    def reschedule(
        self, body: Json, key: str | None, by: str | None, match: int | None = None
    ) -> Answer:
        """The answer to reschedule_appointment."""
        appointment_id, doctor_id = body["appointment_id"], body.get("doctor_id")
        allowed = tuple(sorted(body.get("allow", ())))
        try:
            check_order(body)
            asked = [meant(body.get("start")), meant(body.get("end")), body.get("duration_minutes")]
            request = ("reschedule", appointment_id, doctor_id, allowed, *asked)
            if record := self._record(key, by):
                return self._replay(record, request, 200)
            appointment = self._found(appointment_id, by)
            if appointment is None:
                return UNKNOWN_APPOINTMENT
            if fixed := self._why_fixed(appointment, match):
                return fixed
            target = self._target(body, appointment, by)
        except InvalidRequest as invalid:
            return invalid.answer
        if isinstance(target, Answer):
            return target
        if refusal := self._too_many(by) or self._refusal(target, by, allowed):
            return refusal
        if (target.doctor_id, target.when) == (appointment.doctor_id, appointment.when):
            self._keep(key, request, appointment_id, by)
            return Answer(200, appointment.json())
        appointment.doctor_id, appointment.when = target.doctor_id, target.when
        appointment.changed(self.now)
        self._remember(key, request, appointment_id, by)
        return Answer(200, appointment.json())

    def _target(self, body: Json, moving: Appointment, by: str | None) -> Appointment | Answer:
        """The appointment where it is wished to be."""
        doctor_id = body.get("doctor_id") or moving.doctor_id
        if doctor_id not in DOCTOR:
            return UNKNOWN_DOCTOR
        if moving.service_id and not offers(doctor_id, moving.service_id):
            return UNKNOWN_SERVICE
        when = asked_time(body, doctor_id, len(moving.when))
        usual = SERVICE.get(moving.service_id or "", {}).get("duration_minutes")
        if usual and by and len(when) not in (usual, len(moving.when)):
            field = "end" if "end" in body else "duration_minutes"
            raise InvalidRequest(field, "length_of_service")
        return replace(moving, doctor_id=doctor_id, when=when)

    def cancel(self, body: Json, by: str | None, match: int | None = None) -> Answer:
        """The answer to cancel_appointment."""
        appointment = self._found(body["appointment_id"], by)
        if appointment is None:
            return UNKNOWN_APPOINTMENT
        fixed = self._why_fixed(appointment, match)
        if fixed and fixed.code == "already_cancelled":
            return Answer(200, appointment.json())
        if refusal := fixed or self._too_many(by):
            return refusal
        self._count(by)
        appointment.cancel(self.now, body.get("reason"))
        return Answer(200, appointment.json())

    def update(self, body: Json, by: str | None, match: int | None = None) -> Answer:
        """The answer to update_appointment."""
        appointment = self._found(body["appointment_id"], by)
        if appointment is None:
            return UNKNOWN_APPOINTMENT
        if match not in (None, appointment.version):
            return MISMATCH
        if appointment.cancelled_at is not None:
            return Answer(422, code="already_cancelled")
        if refusal := self._too_many(by):
            return refusal
        patient, reason = appointment.patient, body.get("reason", appointment.reason)
        if "patient" in body:
            account = {"id": appointment.owner} if appointment.owner else {}
            patient = {**body["patient"], **account}
        if (patient, reason) != (appointment.patient, appointment.reason):
            appointment.patient, appointment.reason = patient, reason
            appointment.changed(self.now)
            self._count(by)
        return Answer(200, appointment.json())

    def mark(self, body: Json, match: int | None = None) -> Answer:
        """The answer to mark_appointment, to staff."""
        wanted, appointment = body["status"], self.appointments.get(body["appointment_id"])
        if appointment is None:
            return UNKNOWN_APPOINTMENT
        if match not in (None, appointment.version):
            return MISMATCH
        if appointment.status == wanted:
            return Answer(200, appointment.json())
        if appointment.status not in FOLLOWS[wanted]:
            return wrong_status(appointment)
        doctor = DOCTOR[appointment.doctor_id]
        today, its_day = (
            wall_clock(doctor, m).date() for m in (minute(self.now), appointment.when.start)
        )
        started = appointment.start <= self.now
        if not started if wanted == "no_show" else today < its_day:
            return Answer(422, code="too_early")
        left = [m for m in appointment.when if m >= minute(self.now)]
        appointment.mark = wanted
        appointment.freed_from = left[0] if left and wanted != "arrived" else None
        appointment.changed(self.now)
        return Answer(200, appointment.json())

    # Overrides

    def create_override(self, body: Json, key: str | None, new_id: str) -> Answer:
        """The answer to create_override, to staff; `new_id` is what a new override gets."""
        doctor_id, kind = body["doctor_id"], body["kind"]
        when = range(*(minute_of(body, name, doctor_id) for name in ("start", "end")))
        doctor = DOCTOR[doctor_id]
        first, last = (wall_clock(doctor, m).date() for m in (when.start, when.stop - 1))
        if kind == "extra_hours" and first != last:
            return InvalidRequest("end", "another_date").answer
        request = ("create_override", doctor_id, kind, when)
        if record := self._record(key, None):
            if record.request != request:
                return KEY_REUSED
            made = self.overrides[record.named]
            return Answer(201, self._affected(made), replayed=True)
        assert new_id not in self.overrides
        made = self.overrides[new_id] = Override(new_id, doctor_id, kind, when, self.now)
        self._remember(key, request, new_id, None)
        return Answer(201, self._affected(made))

    def _affected(self, made: Override) -> Json:
        affects = made.kind == "time_off" and made.deleted_at is None
        held = {
            name: h for name, h in self._held().items() if affects and {*h.holds} & {*made.when}
        }
        found = model.listed(held, made.doctor_id, made.when)
        affected = [self.appointments[name].json() for name in found]
        return {**made.json(), "affected": affected, "affected_count": len(affected)}

    def delete_override(self, body: Json) -> Answer:
        """The answer to delete_override, to staff."""
        override = self.overrides.get(body["override_id"])
        if override is None:
            return UNKNOWN_OVERRIDE
        override.deleted_at = override.deleted_at or self.now
        return Answer(200, override.json())

    def listed_overrides(self, doctor_id: str) -> list[Json]:
        """All overrides of a doctor that stand."""
        stand = (o for o in self.overrides.values() if o.deleted_at is None)
        mine = [o for o in stand if o.doctor_id == doctor_id]
        return [o.json() for o in sorted(mine, key=lambda o: (o.when.start, o.id))]

    # Looking

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
        after, until = (meant(query.get(name)) for name in ("after", "until"))
        too_early = InvalidRequest("until", "not_after_start").answer
        if after and until and until <= after:
            return too_early
        doctor_ids = _doctors(query)
        if doctor_ids is None:
            return UNKNOWN_SERVICE
        begins_at = max(self.now, after or self.now)
        if until and until <= begins_at:
            return too_early
        start = max(minute(begins_at), self._earliest(query.get("service_id")))
        end = minute(until) if until else start + DAYS_SEARCHED * 24 * 60
        bounds, count = range(min(start, end), end), query.get("count", 1)
        length = _length(query)
        found = sorted(
            (opening, doctor_id)
            for doctor_id in doctor_ids
            for opening in islice(self._openings(doctor_id, bounds, query), count)
        )
        offered = [placed(range(m, m + length), DOCTOR[name]) for m, name in found[:count]]
        named = query.get("doctor_id") is not None and len(doctor_ids) == 1
        zone = DOCTOR[doctor_ids[0]]["time_zone"] if named else CLINIC_ZONE
        return Answer(
            200,
            {
                "openings": offered,
                "searched_from": shown(at(bounds.start), zone),
                "searched_until": shown(at(bounds.stop), zone),
                "reason": None if found else self._why_none(doctor_ids, bounds, query),
            },
        )

    def all_openings(self, query: Json) -> Answer:
        """The answer to list_openings, where all times have an offset."""
        doctor_ids = _doctors(query)
        if doctor_ids is None:
            return UNKNOWN_SERVICE
        start, end = (minute(datetime.fromisoformat(query[name])) for name in ("start", "end"))
        start = max(start, minute(self.now), self._earliest(query.get("service_id")))
        days = []
        for doctor_id in doctor_ids:
            doctor = DOCTOR[doctor_id]
            found = self._openings(doctor_id, range(start, end), {"step_minutes": 15, **query})
            for day, minutes in groupby(found, key=lambda m: wall_clock(doctor, m).date()):
                starts = [shown(at(m), doctor["time_zone"]) for m in minutes]
                zone = {"time_zone": doctor["time_zone"], "starts": starts}
                days.append({"date": day.isoformat(), "doctor_id": doctor_id, **zone})
        return Answer(200, {"days": sorted(days, key=lambda d: (d["date"], d["doctor_id"]))})

    def _openings(self, doctor_id: str, bounds: range, query: Json) -> Iterable[int]:
        service_id = query.get("service_id")
        busy = model.busy(self._kept(), doctor_id, buffers=_buffers(service_id))
        step = query.get("step_minutes")
        return self._changes(doctor_id).openings(doctor_id, bounds, _length(query), busy, step)

    def _why_none(self, doctor_ids: Collection[str], bounds: range, query: Json) -> str:
        def any_openings(bounds: range, length: int) -> bool:
            found = (
                self._changes(name).openings(name, bounds, length, (), None) for name in doctor_ids
            )
            return any(True for each in found for _ in each)

        if any_openings(bounds, _length(query)):
            return "fully_booked"
        # A window within a minute holds no whole one, but may lie amid working hours.
        around, least = (bounds, 1) if bounds else (range(bounds.start - 1, bounds.start + 1), 2)
        return "duration_too_long" if any_openings(around, least) else "no_working_hours"

    # What answers depend on

    def _changes(self, doctor_id: str) -> Changes:
        return changes_of(doctor_id, [*self.overrides.values()])

    def _earliest(self, service_id: str | None) -> int:
        """The first minute that gives a service its notice; the running one without any."""
        notice = notice_of(service_id)
        return minute(self.now + notice) if notice else (self.now - EPOCH) // MINUTE

    def _why_fixed(self, appointment: Appointment, match: int | None) -> Answer | None:
        if match not in (None, appointment.version):
            return MISMATCH
        if appointment.cancelled_at is not None:
            return Answer(422, code="already_cancelled")
        if appointment.mark:
            return wrong_status(appointment)
        return Answer(422, code="already_started") if appointment.start <= self.now else None

    def _held(self) -> dict[str, model.Held]:
        return {a.id: a.held for a in self.appointments.values()}

    def live_holds(self) -> list[Hold]:
        """Those that keep their times now."""
        return [hold for hold in self.holds.values() if self.now < hold.ends_at]

    def _kept(self, but: str | None = None) -> dict[str, model.Held]:
        """What keeps time from others: appointments, and holds but for one."""
        return self._held() | {h.id: h.held for h in self.live_holds() if h.id != but}

    def _held_by(self, owner: str | None) -> dict[str, model.Held]:
        """What a patient has, as if that were a doctor, who cannot be in two places either."""
        mine = [a for a in self.appointments.values() if owner and a.owner == owner]
        return {a.id: a.held._replace(doctor=a.owner or "", before=0, after=0) for a in mine}

    def _found(self, appointment_id: str, by: str | None) -> Appointment | None:
        """An appointment, if there is one and the caller may know."""
        found = self.appointments.get(appointment_id)
        return found if found and by in (None, found.owner) else None

    def _too_many(self, by: str | None, more: int = 0) -> Answer | None:
        """Whether a patient may change nothing now, or not book so many more."""
        held = self._held_by(by).values()
        ahead = [h for h in held if h.holds and at(h.holds.stop) > self.now]
        since = self.now - timedelta(days=1)
        changes = [changed_at for who, changed_at in self.changes if who == by]
        too_often = sum(changed_at > since for changed_at in changes) >= CHANGES_PER_DAY
        too_many = more and len(ahead) + more > OPEN_APPOINTMENTS
        return TOO_MANY if by and (too_often or too_many) else None

    def _count(self, by: str | None) -> None:
        if by:
            self.changes.append((by, self.now))

    def _refusal(
        self,
        wished: Appointment,
        by: str | None,
        allowed: Collection[str],
        hold_id: str | None = None,
    ) -> Answer | None:
        """Why an appointment cannot be as it is wished; its old time, if any, is free for it.

        So is that of its hold, which may have been given its notice before.
        """
        if hold_id and self.holds[hold_id].notice >= notice_of(wished.service_id):
            allowed = {*allowed, "too_soon"}
        if early := self._too_early(wished, allowed):
            return early
        doctor_id, when, moving = wished.doctor_id, wished.when, wished.id
        doctor, held, changes = DOCTOR[doctor_id], self._kept(hold_id), self._changes(doctor_id)
        first, last = (wall_clock(doctor, m).date() for m in (when.start, when.stop - 1))
        there = (changes.if_never_away(doctor_id, day).keys() for day in (first, last))
        within = set(when) <= set().union(*there) or "outside_working_hours" in allowed
        away = not changes.off.isdisjoint(when) and "time_off" not in allowed
        if not within or away:
            works = changes.working(doctor_id, first).keys()
            hours = [times(window, doctor) for window in model.stretches(works)]
            members = {"working_hours": hours, "openings": self._offered(wished)}
            return Answer(422, members, "time_off" if within else "outside_working_hours")
        if conflicts := self._parts(held, doctor_id, wished, by, wished.buffers):
            members = {"conflicts": conflicts, "openings": self._offered(wished)}
            return Answer(409, {**members, **self._retry_after(wished, hold_id)}, "slot_taken")
        mine = {name: h for name, h in self._held_by(wished.owner).items() if name != moving}
        busy = self._parts(mine, wished.owner or "", wished, by)
        if busy and "patient_busy" not in allowed:
            return Answer(409, {"conflicts": busy}, "patient_busy")
        return None

    def _retry_after(self, wished: Appointment, hold_id: str | None) -> Json:
        """In how many seconds the first hold ends, if only holds are in the way."""
        asked = wished.doctor_id, wished.when, wished.id, wished.buffers
        if model.conflicts(self._held(), *asked):
            return {}
        others = [hold for hold in self.live_holds() if hold.id != hold_id]
        ends = [h.ends_at for h in others if model.conflicts({h.id: h.held}, *asked)]
        return {"retry_after": -((self.now - min(ends)) // timedelta(seconds=1))}

    def _too_early(self, wished: Appointment, allowed: Collection[str]) -> Answer | None:
        """Whether it would start in the past, or without the notice of its service."""
        past = wished.start <= self.now - MINUTE
        if past:
            return None if "in_the_past" in allowed else Answer(422, code="in_the_past")
        earliest = self.now + notice_of(wished.service_id)
        if "too_soon" in allowed or wished.start >= earliest or not notice_of(wished.service_id):
            return None
        zone = DOCTOR[wished.doctor_id]["time_zone"]
        members = {"earliest": shown(at(minute(earliest)), zone)}
        return Answer(422, {**members, "openings": self._offered(wished)}, "too_soon")

    def _offered(self, wished: Appointment, days: int = DAYS_SEARCHED) -> list[Json]:
        """The next openings instead, of the same service, when the patient has time."""
        doctor_id, length, moving = wished.doctor_id, len(wished.when), wished.id
        start = max(wished.when.start, self._earliest(wished.service_id))
        busy = model.busy(self._kept(), doctor_id, moving, wished.buffers)
        busy |= model.busy(self._held_by(wished.owner), wished.owner or "", moving)
        bounds = range(start, start + days * 24 * 60)
        found = self._changes(doctor_id).openings(doctor_id, bounds, length, busy)
        return [placed(range(m, m + length), DOCTOR[doctor_id]) for m in islice(found, 3)]

    def _parts(
        self,
        held: Mapping[str, model.Held],
        whose: str,
        wished: Appointment,
        by: str | None,
        buffers: tuple[int, int] = (0, 0),
    ) -> list[Json]:
        """What is taken of a wished time: by the caller's own appointments singly, else merged."""
        doctor, own = DOCTOR[wished.doctor_id], self._held_by(by).keys() & held.keys()
        others = {name: h for name, h in held.items() if name not in own}
        asked = whose, wished.when, wished.id, buffers
        taken: list[tuple[range, Json]] = [(part, {}) for part in model.conflicts(others, *asked)]
        for name in own:
            parts = model.conflicts({name: held[name]}, *asked)
            taken += [(part, {"appointment_id": name}) for part in parts]
        in_order = sorted(taken, key=lambda each: (each[0].start, each[0].stop))
        return [times(part, doctor) | named for part, named in in_order]

    def _record(self, key: str | None, by: str | None) -> IdempotencyRecord | None:
        record = self.records.get((by, key or ""))
        return record if record and self.now < record.expires_at else None

    def _replay(
        self, record: IdempotencyRecord, request: tuple[object, ...], status: int
    ) -> Answer:
        if record.request != request:
            return KEY_REUSED
        return Answer(status, self.appointments[record.named].json(), replayed=True)

    def _remember(
        self, key: str | None, request: tuple[object, ...], named: str, by: str | None
    ) -> None:
        self._count(by)
        self._keep(key, request, named, by)

    def _keep(
        self, key: str | None, request: tuple[object, ...], named: str, by: str | None
    ) -> None:
        if key is not None:
            expires_at = self.now + timedelta(hours=HOURS_KEYS_ARE_KNOWN)
            self.records[by, key] = IdempotencyRecord(request, named, expires_at)


def wrong_status(appointment: Appointment) -> Answer:
    """The answer to a change that the state of an appointment does not allow."""
    return Answer(422, {"appointment_status": appointment.status}, "wrong_status")


def offers(doctor_id: str, service_id: str) -> bool:
    """Whether a doctor has a service."""
    return service_id in DOCTOR[doctor_id].get("services", SERVICE)


def notice_of(service_id: str | None) -> timedelta:
    policy = SERVICE.get(service_id or "", {}).get("policy", {})
    minutes: int = policy.get("notice_minutes", 0)
    return minutes * MINUTE


def _buffers(service_id: str | None) -> tuple[int, int]:
    service = SERVICE.get(service_id or "", {})
    return service.get("buffer_before_minutes", 0), service.get("buffer_after_minutes", 0)


def _length(query: Json) -> int:
    length: int = SERVICE.get(query.get("service_id", ""), {}).get("duration_minutes", 0)
    return length or query.get("duration_minutes", 30)


def _doctors(query: Json) -> list[str] | None:
    """Who is searched for; None if one of them does not have the service."""
    service_id, named = query.get("service_id"), query.get("doctor_id")
    doctor_ids = sorted(set(named or DOCTOR))
    offering = [name for name in doctor_ids if not service_id or offers(name, service_id)]
    return None if named and offering != doctor_ids else offering
