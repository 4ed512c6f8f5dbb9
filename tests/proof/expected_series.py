"""What the functions of holds and series should answer, by the same model.

Of recurrence rules it knows those that these tests ask for, and expands them day by day.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from tests.proof.expected_answers import ExpectedAnswers, notice_of
from tests.proof.expected_clinic import (
    DOCTOR,
    Json,
    at,
    minute,
    offset,
    placed,
    wall_clock,
)
from tests.proof.expected_documents import (
    KEY_REUSED,
    TOO_MANY_HOLDS,
    UNKNOWN_SERIES,
    Answer,
    Appointment,
    Hold,
    InvalidRequest,
    Series,
)

_time = datetime.fromisoformat

RULES: dict[str, tuple[int, int | None, datetime | None]] = {
    "FREQ=WEEKLY;COUNT=1": (7, 1, None),
    "FREQ=WEEKLY;COUNT=2": (7, 2, None),
    "FREQ=DAILY;COUNT=3": (1, 3, None),
    "FREQ=DAILY;INTERVAL=7;UNTIL=20501121": (7, None, _time("2050-11-21T23:59")),
    "FREQ=WEEKLY;UNTIL=20501113T060000Z": (7, None, _time("2050-11-13T06:00Z")),
    "FREQ=DAILY;UNTIL=20501107T040000": (1, None, _time("2050-11-07T04:00")),
    "FREQ=WEEKLY;COUNT=4": (7, 4, None),
}
"""Each rule: after how many days again, how often, and until when: an instant or a local time."""

MOST_HOLDS = 3
DAYS_NEAR = 7
"""How far behind an occurrence what is free instead is looked for."""
DAY_SHIFT = {"strange": timedelta(hours=-5), "who": timedelta()}
"""By how much the clock that names the days of each doctor is ahead of UTC."""


class Asked(NamedTuple):
    """How a series is asked for, beside what and when; `request` is what the key is for."""

    by: str | None
    allowed: Collection[str]
    skips: bool
    key: str | None
    request: tuple[object, ...]


@dataclass
class ExpectedEverything(ExpectedAnswers):
    """The same, series by id, and the holds that are used or given up, too."""

    ever_held: dict[str, Hold] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)

    # Holds

    def hold(self, body: Json, key: str | None, new_id: str, by: str | None) -> Answer:
        """The answer to hold_time; `new_id` is what a new hold gets.

        The patient's own schedule only hints at what a booking would be refused for: an instance
        that does not know of its last change may hold a time, and is right.
        """
        named = self._named({**body, "patient": {}}, "", by)
        if isinstance(named, Answer):
            return named
        seconds = body.get("seconds", 300)
        request = ("hold", named.doctor_id, named.when, named.service_id, seconds)
        if record := self._record(key, by):
            held = self.ever_held.get(record.named)
            same = held is not None and record.request == request
            return Answer(201, held.json(), replayed=True) if held and same else KEY_REUSED
        wished = self._wished(body, named)
        if isinstance(wished, Answer):
            return wished
        if not new_id and (refusal := self._too_many(by, 1)):
            return refusal
        if self._holds_enough(wished, by):
            return TOO_MANY_HOLDS
        asked = replace(wished, patient={}) if new_id else wished
        if refusal := self._refusal(asked, by, ()):
            return refusal
        ends_at = self.now.replace(microsecond=0) + timedelta(seconds=seconds)
        made = Hold(
            new_id,
            wished.doctor_id,
            wished.when,
            by,
            ends_at,
            *wished.buffers,
            notice_of(wished.service_id),
        )
        self.holds[new_id] = self.ever_held[new_id] = made
        self._keep(key, request, new_id, by)
        return Answer(201, made.json())

    def _holds_enough(self, wished: Appointment, by: str | None) -> bool:
        mine = [h for h in self.live_holds() if by and h.by == by]
        days = [_days(h.doctor_id, h.reach) for h in mine if h.doctor_id == wished.doctor_id]
        before, after = wished.buffers
        reach = range(wished.when.start - before, wished.when.stop + after)
        touched = _days(wished.doctor_id, reach)
        return any(sum(day in each for each in days) >= MOST_HOLDS for day in touched)

    def release(self, body: Json, by: str | None) -> Answer:
        """The answer to release_hold, which is always the same."""
        held = self.holds.get(body["hold_id"])
        if held and held.by == by and held.ends_at > self.now:
            del self.holds[held.id]
        return Answer(200, {"hold_id": body["hold_id"]})

    # Series

    def book_series(
        self, body: Json, key: str | None, new_ids: tuple[str, Sequence[str]], by: str | None
    ) -> Answer:
        """The answer to create_series; `new_ids` are what the series gets, and what is booked."""
        named = self._named(body, "", by)
        if isinstance(named, Answer):
            return named
        allowed, rule = tuple(sorted(body.get("allow", ()))), body["rule"]
        skips = body.get("if_unavailable") == "skip"
        details = sorted(named.patient.items()), named.reason, named.service_id
        request = ("series", named.doctor_id, named.when, allowed, rule, skips, *details)
        if isinstance(self._wished(body, named), Answer) and (record := self._record(key, by)):
            return self._replayed(record.named, same=record.request == request)
        wished = self._wished(body, named)
        if isinstance(wished, Answer):
            return wished
        occasions = _occasions(wished, rule)
        if not occasions:
            return InvalidRequest("rule", "invalid_rule").answer
        if record := self._record(key, by):
            return self._replayed(record.named, same=record.request == request)
        if refusal := self._too_many(by, 1 if skips else len(occasions)):
            return refusal
        return self._book(occasions, Asked(by, allowed, skips, key, request), new_ids)

    def _book(
        self,
        occasions: Sequence[Appointment],
        asked: Asked,
        new_ids: tuple[str, Sequence[str]],
    ) -> Answer:
        before, (name, ids) = {**self.appointments}, new_ids
        booked, unavailable = list[Appointment](), list[tuple[Appointment, str]]()
        for number, wished in enumerate(occasions):
            if refusal := self._refusal(wished, asked.by, asked.allowed):
                unavailable.append((wished, refusal.code or ""))
                continue
            new_id = ids[len(booked)] if len(booked) < len(ids) else f"{number}"
            booked.append(replace(wished, id=new_id, series_id=name))
            self.appointments[new_id] = booked[-1]
        after, self.appointments = self.appointments, before
        if not booked or (unavailable and not asked.skips):
            members = {"unavailable": [*self._instead(unavailable)]}
            return Answer(409, members, "series_unavailable")
        if refusal := self._too_many(asked.by, len(booked)):
            return refusal
        assert name not in self.series
        made = Series(name, [a.id for a in booked], unavailable, booked[0].owner)
        self.appointments, self.series[name] = after, made
        self._remember(asked.key, asked.request, name, asked.by)
        return Answer(201, self._told(made))

    def _replayed(self, name: str, *, same: bool) -> Answer:
        return Answer(201, self._told(self.series[name]), replayed=True) if same else KEY_REUSED

    def _told(self, series: Series) -> Json:
        booked = sorted(
            (self.appointments[name] for name in series.appointment_ids),
            key=lambda a: (a.when.start, a.id),
        )
        return {
            "series_id": series.id,
            "appointments": [a.json() for a in booked],
            "skipped": [*self._instead(series.skipped)],
        }

    def _instead(self, unavailable: Iterable[tuple[Appointment, str]]) -> Iterator[Json]:
        """What cannot be booked, and why, with what can be by now."""
        for wished, code in unavailable:
            start = placed(wished.when, DOCTOR[wished.doctor_id])["start"]
            yield {"start": start, "code": code, "openings": self._offered(wished, DAYS_NEAR)}

    def cancel_series(self, body: Json, by: str | None) -> Answer:
        """The answer to cancel_series."""
        series = self.series.get(body["series_id"])
        if series is None or by not in (None, series.owner):
            return UNKNOWN_SERIES
        after = datetime.fromisoformat(body["after"]) if "after" in body else self.now
        every = [self.appointments[name] for name in series.appointment_ids]
        due = [a for a in every if a.start >= after]
        fixed = [(a, self._why_fixed(a, None)) for a in due]
        changing = [a for a, why in fixed if why is None]
        if changing and (refusal := self._too_many(by)):
            return refusal
        if changing:
            self._count(by)
        for appointment in changing:
            appointment.cancel(self.now, body.get("reason"))
        cancelled = [a for a in due if a.cancelled_at is not None]
        cancelled.sort(key=lambda a: (a.when.start, a.id))
        kept = [
            {"appointment_id": a.id, "code": why.code}
            for a, why in fixed
            if why and why.code != "already_cancelled"
        ]
        return Answer(200, {"cancelled": [a.json() for a in cancelled], "kept": kept})


def _days(doctor_id: str, minutes: range) -> set[int]:
    shifted = (at(m) + DAY_SHIFT[doctor_id] for m in (minutes.start, minutes.stop - 1))
    first, last = (instant.date().toordinal() for instant in shifted)
    return {*range(first, last + 1)}


def _occasions(first: Appointment, rule: str) -> list[Appointment]:
    """The appointments that a rule means, each at the same time of day; without ids."""
    every, count, until = RULES[rule]
    doctor, length = DOCTOR[first.doctor_id], len(first.when)
    found = list[Appointment]()
    for number in range(60):
        local = wall_clock(doctor, first.when.start) + timedelta(days=every * number)
        start = first.when.start if number == 0 else _first_of(local, doctor["time_zone"])
        late = until is not None and (at(start) > until if until.tzinfo else local > until)
        if late or (count is not None and number >= count):
            break
        found.append(replace(first, when=range(start, start + length)))
    return found


def _first_of(local: datetime, zone: str) -> int:
    """The first minute at which a clock shows a time."""
    some = (local.replace(tzinfo=timezone(timedelta(hours=-hours))) for hours in range(13))
    return next(minute(i) for i in some if i.utcoffset() == offset(zone, i.astimezone(UTC)))
