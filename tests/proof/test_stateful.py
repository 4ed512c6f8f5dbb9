"""All functions, called at random on two instances of one store, against a model.

Staff and two patients call. A patient's appointments are their own, with either doctor.

Each instance keeps days of its own, which the other one changes. After every step all
answers, and all that is listed of both doctors, must be what the model says.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import httpx
import pytest
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.directory.clinic_file import read_clinic_file
from tests.builders import at
from tests.conftest import SERVERS, start_server_of
from tests.examples import FACTOR
from tests.functions.api import SETTINGS, Api, Clock, calling, field_errors, problem
from tests.functions.callers import ADA, BOB, CLERK
from tests.proof.expected_clinic import (
    CHANGES_PER_DAY,
    DOCTOR,
    DOCTORS,
    POLICY,
    SERVICE,
    SERVICES,
    Json,
    shown,
)
from tests.proof.expected_documents import (
    UNKNOWN_APPOINTMENT,
    UNKNOWN_DOCTOR,
    Answer,
    Appointment,
    Hold,
    Series,
)
from tests.proof.expected_series import RULES, ExpectedEverything
from tests.store.contract.conftest import OPENERS, Opener

T = TypeVar("T")

CREATE, RESCHEDULE = "create_appointment", "reschedule_appointment"
VALIDATE = "validate_appointment"
CANCEL, GET = "cancel_appointment", "get_appointment"
UPDATE, MARK = "update_appointment", "mark_appointment"
LIST, FIRST, OPENINGS = "list_appointments", "first_available", "list_openings"
OVERRIDE, DELETE, OVERRIDES = "create_override", "delete_override", "list_overrides"
HOLD, RELEASE = "hold_time", "release_hold"
SERIES, END_SERIES = "create_series", "cancel_series"
SEEN_AS = {
    OVERRIDE: "override",
    DELETE: "deletion",
    OPENINGS: "openings",
    SERIES: "series",
    END_SERIES: "ending",
}
"""Where the first word of a function does not tell it from others."""

NOW = at("2050-11-06T01:00Z")
LAST = at("2050-11-20T00:00Z")  # The model knows no summer, and all look 90 days ahead.
MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
TWICE = at("2050-11-06T05:00Z"), at("2050-11-06T07:00Z")
ALWAYS = {"start": "2050-11-01T00:00Z", "end": "2051-03-01T00:00Z"}

THIS_YEAR = {"start": "2050-10-01T00:00Z", "end": "2051-03-01T00:00Z"}

STEPS = 60

NEW = {"patient": {"name": "Ada"}}
"""Whom something is booked for, if it does not matter."""

PATIENTS = (None, ADA.subject, BOB.subject)
# A client is staff, or a patient; even ones call one instance, odd ones the other.
STAFF = st.integers(0, 1)
CLIENTS = st.sampled_from([0, 1, 0, 1, 2, 3, 4, 5])
# 0 and up are appointments, first those that can still be changed; below 0 are unknown ones.
PICKS = st.sampled_from([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3])
KNOWN_IDS = st.sampled_from(["strange", "who"])
DOCTOR_IDS = st.sampled_from([*["strange", "who"] * 4, "nobody"])
# Every half hour in which one of them works, and some in which nobody does.
BOTH_WORK = [at("2050-11-06T03:00Z") + n * HALF_AN_HOUR for n in range(8)]
NIGHT = [at("2050-11-06T02:00Z") + n * HALF_AN_HOUR for n in range(15)]
NOON = [at("2050-11-07T14:00Z") + n * HALF_AN_HOUR for n in range(7)]
A_WEEK_LATER = [at("2050-11-13T03:00Z") + n * HALF_AN_HOUR for n in range(4)]
SLOTS = st.sampled_from(BOTH_WORK) | st.sampled_from([*NIGHT, *NOON, *A_WEEK_LATER])
LENGTHS = st.sampled_from([60, 30, 60, 90, 20, 240])
SERVED = st.sampled_from([None, None, None, None, "check-up", "talk"])
ALLOWED = st.sampled_from(
    [[], [], [], ["time_off"], ["outside_working_hours"], ["in_the_past", "too_soon"]]
)
"""Of what staff may break."""
VERSIONS = st.sampled_from([None, None, None, 0, 0, -1, -1])
"""How far the version that a change is about is from the present one, if it is about any."""
MARKS = st.sampled_from(["arrived", "fulfilled", "no_show"])
KINDS = st.sampled_from(["time_off", "time_off", "extra_hours"])
SPELLINGS = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "wall clock"])
STATUSES = st.sampled_from([{}, {"status": "booked"}, {"status": "all"}])
SHIFTS = st.sampled_from([-60, -30, -15, 0, 15, 30, 60]).map(lambda n: n * MINUTE)
LATEST = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
LATENESS = st.sampled_from([-0.5, 0, 0, 0, 0.5]).map(lambda n: n * MINUTE)
CHANGES = st.sampled_from([CANCEL, RESCHEDULE])
KEYED_FUNCTIONS = st.sampled_from([CREATE, RESCHEDULE])
DELAYS = st.sampled_from([0.5, 30, 120, 240, 600, 49 * 60]).map(lambda n: n * MINUTE)
UNKNOWN_IDS = ["strange.20501106.0123456789abcdef01234567", "who.20501332.0", "Ada"]

EVERY_KIND = {
    "create at its start",
    "create granted without a key",
    "create granted with a key",
    "create granted with an expired key",
    "create granted in the hour that comes twice",
    "validate granted",
    "validate slot_taken",
    "validate outside_working_hours",
    "validate unknown_doctor",
    "create replayed",
    "create replayed after a change",
    "create slot_taken",
    "create outside_working_hours",
    "create in_the_past",
    "create invalid_request",
    "create too_soon",
    "create time_off",
    "create unknown_service",
    "create of a service",
    "create against the rules",
    "create in freed time",
    "create unknown_doctor",
    "create patient_busy",
    "create too_many_requests",
    "validate patient_busy",
    "reschedule patient_busy",
    "reschedule too_many_requests",
    "cancel too_many_requests",
    "list of a patient",
    "get another's",
    "cancel another's",
    "reschedule another's",
    "create idempotency_key_reused",
    "create with a hold",
    "create unknown_hold",
    "validate unknown_hold",
    "hold granted",
    "hold replayed",
    "hold slot_taken",
    "hold slot_taken for a while",
    "hold too_many_holds",
    "hold too_many_requests",
    "hold idempotency_key_reused",
    "release granted",
    "release its own",
    "release another's",
    "series granted",
    "series replayed",
    "series in part",
    "series across a change of the clocks",
    "series series_unavailable",
    "series too_many_requests",
    "series unknown_service",
    "series invalid_request",
    "series idempotency_key_reused",
    "ending granted",
    "ending of some",
    "ending again",
    "ending keeps some",
    "ending unknown_series",
    "ending too_many_requests",
    "reschedule at its start",
    "reschedule within its day",
    "reschedule over its own time",
    "reschedule away",
    "reschedule onwards",
    "reschedule home",
    "reschedule to another doctor",
    "reschedule replayed",
    "reschedule slot_taken",
    "reschedule outside_working_hours",
    "reschedule refused, its own time offered",
    "reschedule in_the_past",
    "reschedule too_soon",
    "reschedule time_off",
    "reschedule unknown_service",
    "reschedule version_mismatch",
    "reschedule wrong_status",
    "reschedule against the rules",
    "reschedule invalid_request",
    "reschedule unknown_doctor",
    "reschedule unknown_appointment",
    "reschedule already_cancelled",
    "reschedule already_started",
    "reschedule idempotency_key_reused",
    "cancel at its start",
    "cancel granted",
    "cancel away from home",
    "cancel again",
    "cancel again, after its start",
    "cancel already_started",
    "cancel unknown_appointment",
    "cancel version_mismatch",
    "cancel wrong_status",
    "mark granted",
    "mark again",
    "mark frees time",
    "mark too_early",
    "mark wrong_status",
    "mark version_mismatch",
    "mark unknown_appointment",
    "update granted",
    "update again",
    "update already_cancelled",
    "update too_many_requests",
    "update version_mismatch",
    "update another's",
    "override granted",
    "override replayed",
    "override affects somebody",
    "override affects nobody",
    "override idempotency_key_reused",
    "override invalid_request",
    "deletion granted",
    "deletion again",
    "deletion unknown_override",
    "openings granted",
    "openings unknown_service",
    "openings of a service",
    "get granted",
    "get away from home",
    "get unknown_appointment",
    "list granted",
    "list unknown_doctor",
    "list next page, as it was",
    "list next page, of the same start",
    "first granted",
    "first with several doctors",
    "first fully_booked",
    "first duration_too_long",
    "first no_working_hours",
    "first invalid_request",
    "first of a service",
    "first unknown_service",
}
"""What must have happened, so that nothing is agreed on only because it was never asked."""


# Requests


def spelled(time: datetime, spelling: str, doctor_id: str | None) -> str:
    """A time in one of the ways that clients may write it."""
    if spelling != "wall clock":
        return shown(time, spelling)
    zone = DOCTOR.get(doctor_id or "strange", DOCTORS[0])["time_zone"]
    return shown(time, zone).removesuffix("Z")[:19]


@dataclass(frozen=True)
class Times:
    """When an appointment is wished to be; `minutes` is None where its length is to stay."""

    start: datetime
    minutes: int | None
    spelling: str
    with_end: bool

    def fields(self, doctor_id: str | None) -> Json:
        fields: Json = {"start": spelled(self.start, self.spelling, doctor_id)}
        if self.minutes and self.with_end:
            end = self.start + self.minutes * MINUTE
            fields["end"] = spelled(end, self.spelling, doctor_id)
        elif self.minutes:
            fields["duration_minutes"] = self.minutes
        return fields


TIMES = st.builds(Times, SLOTS, LENGTHS, SPELLINGS, st.booleans())
NEW_TIMES = st.builds(Times, SLOTS, st.none() | LENGTHS, SPELLINGS, st.booleans())
DETAILS = st.fixed_dictionaries(
    {
        "patient": st.sampled_from(
            [
                {"name": "Ada"},
                {"name": "Bob", "email": "bob@home.example"},
                {"name": "Ada", "id": ADA.subject},
                {"name": "Bob", "id": BOB.subject},
            ]
        )
    },
    optional={
        "reason": st.just("cough"),
        "service_id": SERVED,
    },
).map(lambda details: {name: value for name, value in details.items() if value is not None})
WINDOWS = st.builds(
    lambda start, hours, zone: {
        "start": shown(start, zone),
        "end": shown(start + hours * 60 * MINUTE, zone),
    },
    SLOTS,
    st.sampled_from([1, 6, 48]),
    st.sampled_from(["UTC", "America/New_York"]),
)
AFTER = st.builds(
    lambda slot, seconds: shown(slot + timedelta(seconds=seconds), "UTC"),
    SLOTS,
    st.sampled_from([0, 30, 1200]),
)
SHORT_SEARCHES = st.builds(
    lambda after, hours, wishes: {
        "after": shown(after, "UTC"),
        "until": shown(after + hours * 60 * MINUTE, "America/New_York"),
        **wishes,
    },
    SLOTS,
    st.sampled_from([0.5, 1, 2, 30]),
    st.fixed_dictionaries(
        {},
        optional={
            "duration_minutes": st.sampled_from([60, 20, 150, 300, 301]),
            "service_id": st.sampled_from([None, "check-up", "talk", "talk"]),
            "doctor_id": st.lists(KNOWN_IDS, min_size=1, max_size=3),
            "count": st.sampled_from([1, 2, 5, 50]),
            "step_minutes": st.sampled_from([15, 40, 90]),
        },
    ),
)
LONG_SEARCHES = st.fixed_dictionaries(
    {},
    optional={
        "after": AFTER,
        "count": st.just(30),
        "service_id": SERVED,
        "doctor_id": st.lists(KNOWN_IDS, min_size=1, max_size=2),
    },
)


def as_searched(query: Json) -> Json:
    """A search that makes sense: of a service with a length without one, of any other with one."""
    query = {name: value for name, value in query.items() if value is not None}
    if "service_id" not in query:
        return query
    other = {name: value for name, value in query.items() if name != "duration_minutes"}
    return other if has_length(query["service_id"]) else {"duration_minutes": 30, **query}


def has_length(service_id: str) -> bool:
    return "duration_minutes" in SERVICE[service_id]


def of_service(body: Json) -> Json:
    """A booking; how long is left to its service, if that has a length, but for an end."""
    if not ("service_id" in body and has_length(body["service_id"])):
        return body
    return {name: value for name, value in body.items() if name != "duration_minutes"}


@dataclass
class Walk:
    """A list that is being paged through; `listed` is all of it, as it was at its first page."""

    query: Json
    listed: list[Json]
    begin: int = 0


def in_other_words(body: Json) -> Json:
    """The same request: only an offset tells an instant, so wall-clock times stay as they are."""
    times = {name: body[name] for name in ("start", "end") if name in body}
    again: Json = {
        n: shown(at(t), "UTC") if "Z" in t or t[-6] in "+-" else t for n, t in times.items()
    }
    return {**body, **again}


def at_another_time(body: Json, start: str) -> Json:
    other = {name: value for name, value in body.items() if name not in ("end", "service_id")}
    return {**other, "start": start, "duration_minutes": 29}


def as_sent_by(patient: str | None, body: Json) -> Json:
    """The same request; a patient names no other patient, and breaks no rules: both are 403."""
    if not patient:
        return body
    body = {name: value for name, value in body.items() if name != "allow"}
    if body.get("patient", {}).get("id") in (None, patient):
        return body
    without_id = {name: value for name, value in body["patient"].items() if name != "id"}
    return {**body, "patient": without_id}


def held_from(held: Hold) -> datetime:
    """When the time of a hold begins."""
    return at(held.json()["start"])


def overlaps(opening: Json, appointment: Appointment) -> bool:
    """Whether an opening takes time that an appointment had with the same doctor."""
    start, end = at(opening["start"]), at(opening["end"])
    return (
        opening["doctor_id"] == appointment.doctor_id
        and start < appointment.end
        and appointment.start < end
    )


def new_ids(answer: Json) -> tuple[str, list[str]]:
    """The ids that a new series got, and its appointments in order."""
    return answer.get("series_id", ""), [a["id"] for a in answer.get("appointments", ())]


class Sent(NamedTuple):
    """What was asked, by whose account, and of which version."""

    function: str
    body: Json
    key: str | None
    by: str | None
    match: int | None


# The machine


class Clients(RuleBasedStateMachine):
    """Two instances, whoever calls them, and the model."""

    def __init__(self, opener: Opener, folder: Path, seen: Counter[str]) -> None:
        super().__init__()
        self.seen = seen
        self.clock = Clock(NOW)
        self.model = ExpectedEverything(NOW)
        self.sent: list[tuple[int, str, Json, str]] = []
        self.walks: list[Walk] = []
        self.homes: dict[str, object] = {}
        self.stood: list[bool] = []
        self.keys = 0
        self.is_changed = True
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        instances = [self.run(self._open(opener, folder)) for _ in range(2)]
        self.apis = [each.by(caller) for caller in (CLERK, ADA, BOB) for each in instances]

    async def _open(self, opener: Opener, folder: Path) -> Api:
        store = opener(folder)  # Closed by `calling`.
        text = json.dumps({"policy": POLICY, "services": SERVICES, "doctors": DOCTORS})
        file = read_clinic_file(text, SETTINGS.clinic_zone, NOW)
        await store.put_doctors(file.doctors)
        await store.put_clinic(file.clinic)
        return await self.opened.enter_async_context(calling(store, self.clock))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.opened.aclose())
        self.runner.close()

    # Calls

    def post(
        self,
        client: int,
        function: str,
        body: Json,
        key: str | None = None,
        match: int | None = None,
    ) -> Answer:
        """Make a call that may change something, and compare its answer with the model's."""
        by = PATIENTS[client // 2]
        self.is_changed = True
        body = as_sent_by(by, body)
        headers = {} if match is None else {"If-Match": f'"{match}"'}
        response = self.run(self.apis[client].post(function, body, key, headers))
        expected = self.expected(Sent(function, body, key, by, match), response.json())
        if key is not None and function in (CREATE, RESCHEDULE):
            self.sent.append((client, function, body, key))
        return self.agreed(function, response, expected, body.get("appointment_id", ""))

    def expected(self, sent: Sent, answer: Json) -> Answer:
        """What the model answers; new ids are those that were answered."""
        model, (function, body, key, by, match) = self.model, sent
        answers: dict[str, Callable[[], Answer]] = {
            CREATE: lambda: model.create(body, key, answer.get("id", ""), by),
            VALIDATE: lambda: model.validate(body, by),
            RESCHEDULE: lambda: model.reschedule(body, key, by, match),
            CANCEL: lambda: model.cancel(body, by, match),
            UPDATE: lambda: model.update(body, by, match),
            MARK: lambda: model.mark(body, match),
            OVERRIDE: lambda: model.create_override(body, key, answer.get("override_id", "")),
            DELETE: lambda: model.delete_override(body),
            HOLD: lambda: model.hold(body, key, answer.get("hold_id", ""), by),
            RELEASE: lambda: model.release(body, by),
            SERIES: lambda: model.book_series(body, key, new_ids(answer), by),
            END_SERIES: lambda: model.cancel_series(body, by),
        }
        return answers[function]()

    def ask(self, client: int, function: str, query: Json) -> httpx.Response:
        return self.run(self.apis[client].client.get(f"/{function}", params=query))

    def agreed(
        self, function: str, response: httpx.Response, expected: Answer, asked_for: str = ""
    ) -> Answer:
        """The answer, which is the one that was to be expected; asked for an id, if any."""
        assert response.status_code == expected.status, response.text
        assert ("idempotent-replayed" in response.headers) is expected.replayed
        if expected.code == "invalid_request":
            assert field_errors(response) == expected.members["errors"]
        elif expected.code is not None:
            members = problem(response, expected.status, expected.code)
            assert members.pop("detail")
            assert members == expected.members, (members, expected.members)
        else:
            assert response.json() == expected.members
        if expected == UNKNOWN_APPOINTMENT and asked_for in self.model.appointments:
            self.saw(function, "another's")
        what = "replayed" if expected.replayed else "granted"
        self.saw(function, expected.code or what)
        return expected

    def saw(self, function: str, what: str) -> None:
        self.seen[f"{SEEN_AS.get(function, function.partition('_')[0])} {what}"] += 1

    def picked(self, pick: int) -> Appointment:
        latest_first = list(self.model.appointments.values())[::-1]
        appointments = sorted(
            latest_first, key=lambda a: a.cancelled_at is not None or a.start <= self.clock.now
        )
        return appointments[pick % len(appointments)]

    def id_of(self, pick: int) -> str:
        return UNKNOWN_IDS[pick] if pick < 0 else self.picked(pick).id

    def is_away(self, appointment: Appointment) -> bool:
        return appointment.place != self.homes[appointment.id]

    def match(self, pick: int, version: int | None) -> int | None:
        """The version that a change is about, if it is about one."""
        if version is None or pick < 0:
            return None if version is None else 1
        return self.picked(pick).version + version

    def new_key(self, *, wanted: bool) -> str | None:
        return str(len(self.sent)) if wanted else None

    # Booking

    @initialize(
        wishes=st.lists(st.tuples(KNOWN_IDS, TIMES, SERVED, st.booleans()), min_size=4, max_size=5),
        moves=st.lists(st.tuples(PICKS, KNOWN_IDS, st.integers(0, 20)), min_size=2, max_size=4),
    )
    def begin(
        self,
        wishes: list[tuple[str, Times, str | None, bool]],
        moves: list[tuple[int, str, int]],
    ) -> None:
        """Some are booked, then paged through; some of them are moved before the second page."""
        for number, (doctor_id, times, service_id, keyed) in enumerate(wishes):
            patient = {"name": "Ada", **({"id": ADA.subject} if number % 2 else {})}
            body = {"doctor_id": doctor_id, **times.fields(doctor_id), "patient": patient}
            service = {"service_id": service_id} if service_id else {}
            self.call_create(0, {**body, **service}, self.new_key(wanted=keyed))
        start = self.free_time("strange", 30, len(wishes) + len(moves) - 3)
        body = {"doctor_id": "strange", "start": start, "rule": "FREQ=WEEKLY;COUNT=2"}
        self.call_series(
            2, {**body, "end": shown(at(start) + HALF_AN_HOUR, "UTC"), **NEW}, keyed=True
        )
        for doctor_id in DOCTOR:
            self.list_first_page(1, doctor_id, {"status": "all"}, 1)
        self.wait(MINUTE / 2)
        for client, (pick, doctor_id, nth) in enumerate(moves):
            self.reschedule_to_a_free_time(client % 2, pick, doctor_id, nth)

    @rule(client=CLIENTS, doctor_id=DOCTOR_IDS, times=TIMES, details=DETAILS, keyed=st.booleans())
    def create(
        self, client: int, doctor_id: str, times: Times, details: Json, *, keyed: bool
    ) -> None:
        body = {"doctor_id": doctor_id, **times.fields(doctor_id), **details}
        self.call_create(client, body, self.new_key(wanted=keyed))

    @rule(
        client=STAFF,
        doctor_id=KNOWN_IDS,
        hours=st.sampled_from([-1, -0.5, 0.5, 1, 3]),
        details=DETAILS,
        allow=ALLOWED,
    )
    def create_soon(
        self, client: int, doctor_id: str, hours: float, details: Json, allow: list[str]
    ) -> None:
        """Book for a time about now, whatever rules are broken by that."""
        start = self.clock.now.replace(second=0, microsecond=0) + hours * 60 * MINUTE
        times = Times(start, 30, "UTC", with_end=False)
        body = {"doctor_id": doctor_id, **times.fields(None), **details, "allow": allow}
        self.call_create(client, body, self.new_key(wanted=True))

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=st.integers(0, 7), shift=SHIFTS, details=DETAILS)
    def create_beside(self, client: int, pick: int, shift: timedelta, details: Json) -> None:
        """Ask for a time that touches or overlaps an appointment."""
        appointment = self.picked(pick)
        times = Times(appointment.start + shift, len(appointment.when), "UTC", with_end=False)
        body = {"doctor_id": appointment.doctor_id, **times.fields(None), **details}
        self.post(client, VALIDATE, of_service(body))
        self.call_create(client, body, self.new_key(wanted=True))

    @precondition(lambda self: self.model.appointments)
    @rule(client=STAFF, pick=st.integers(0, 3), shift=SHIFTS)
    def create_with_another_doctor(self, client: int, pick: int, shift: timedelta) -> None:
        """Ask another doctor for a time at which a patient may be busy."""
        owned = [a for a in map(self.picked, range(8)) if a.owner]
        for appointment in owned[pick : pick + 1]:
            other = next(name for name in DOCTOR if name != appointment.doctor_id)
            times = Times(appointment.start + shift, 30, "UTC", with_end=True)
            body = {"doctor_id": other, **times.fields(None), "patient": appointment.patient}
            self.post(client, VALIDATE, body)
            self.call_create(client ^ 1, body, None)
            for another in owned[:2]:
                there = {"appointment_id": another.id, "doctor_id": other, **times.fields(None)}
                self.call_reschedule(client, there, None)

    @rule(client=CLIENTS, doctor_id=DOCTOR_IDS, times=TIMES, details=DETAILS)
    def validate(self, client: int, doctor_id: str, times: Times, details: Json) -> None:
        """Ask what a booking would come to."""
        body = {"doctor_id": doctor_id, **times.fields(doctor_id), **details}
        self.post(client, VALIDATE, of_service(body))

    def call_create(self, client: int, body: Json, key: str | None) -> None:
        body = of_service(body)
        had_record = (PATIENTS[client // 2], key) in self.model.records
        known = set(self.model.appointments)
        answer = self.post(client, CREATE, body, key)
        if answer.replayed and answer.members["updated_at"] != answer.members["created_at"]:
            self.saw(CREATE, "replayed after a change")
        for appointment_id in self.model.appointments.keys() - known:
            appointment = self.model.appointments[appointment_id]
            self.homes[appointment_id] = appointment.place
            self.saw(CREATE, "granted without a key" if key is None else "granted with a key")
            if appointment.service_id:
                self.saw(CREATE, "of a service")
            if body.get("allow"):
                self.saw(CREATE, "against the rules")
            if any(self.is_freed(other, appointment) for other in self.model.appointments.values()):
                self.saw(CREATE, "in freed time")
            if had_record:
                self.saw(CREATE, "granted with an expired key")
            if appointment.doctor_id == "strange" and TWICE[0] <= appointment.start < TWICE[1]:
                self.saw(CREATE, "granted in the hour that comes twice")

    def is_freed(self, freed: Appointment, taken: Appointment) -> bool:
        """Whether an appointment has time that another does not need any more."""
        same = freed.doctor_id == taken.doctor_id and freed.freed_from is not None
        return same and not {*freed.when}.isdisjoint(taken.when)

    # Changing

    @precondition(lambda self: self.model.appointments)
    @rule(
        client=CLIENTS,
        pick=PICKS,
        doctor_id=st.none() | DOCTOR_IDS,
        times=NEW_TIMES,
        how=st.tuples(ALLOWED, VERSIONS, st.booleans()),
    )
    def reschedule(
        self,
        client: int,
        pick: int,
        doctor_id: str | None,
        times: Times,
        how: tuple[list[str], int | None, bool],
    ) -> None:
        allow, version, keyed = how
        with_doctor = {"doctor_id": doctor_id} if doctor_id else {}
        allowed = {"allow": allow} if allow else {}
        body = {"appointment_id": self.id_of(pick), **with_doctor, **allowed}
        clock_of = doctor_id if doctor_id or pick < 0 else self.picked(pick).doctor_id
        body |= times.fields(clock_of)
        key, match = self.new_key(wanted=keyed), self.match(pick, version)
        self.call_reschedule(client, body, key, match)

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=st.integers(0, 7), shift=SHIFTS, spelling=SPELLINGS)
    def nudge(self, client: int, pick: int, shift: timedelta, spelling: str) -> None:
        """Move an appointment by so little that it overlaps or touches its old time."""
        appointment = self.picked(pick)
        longer = len(appointment.when) + shift // MINUTE // 4
        times = Times(appointment.start + shift, longer, spelling, with_end=True)
        body = {"appointment_id": appointment.id, **times.fields(appointment.doctor_id)}
        self.call_reschedule(client, body, None)

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=PICKS, doctor_id=KNOWN_IDS, nth=st.integers(0, 40))
    def reschedule_to_a_free_time(self, client: int, pick: int, doctor_id: str, nth: int) -> None:
        minutes = 60 if pick < 0 else len(self.picked(pick).when)
        start = self.free_time(doctor_id, minutes, nth)
        body = {"appointment_id": self.id_of(pick), "doctor_id": doctor_id}
        self.call_reschedule(client, {**body, "start": start}, self.new_key(wanted=True))

    def free_time(self, doctor_id: str, minutes: int, nth: int) -> str:
        query = {
            "doctor_id": [doctor_id if doctor_id in DOCTOR else "strange"],
            "duration_minutes": minutes,
            "step_minutes": 30,
            "count": nth + 1,
        }
        start: str = self.model.first(query).members["openings"][-1]["start"]
        return start

    def call_reschedule(
        self, client: int, body: Json, key: str | None, match: int | None = None
    ) -> None:
        moving = self.model.appointments.get(body["appointment_id"])
        before, was_away = moving and replace(moving), moving and self.is_away(moving)
        answer = self.post(client, RESCHEDULE, body, key, match)
        if moving is None or before is None or answer.replayed:
            return
        if answer.code is None and body.get("allow") and client in (0, 1):
            self.saw(RESCHEDULE, "against the rules")
        offered = answer.members.get("openings", [])
        if any(overlaps(opening, before) for opening in offered):
            self.saw(RESCHEDULE, "refused, its own time offered")
        if before.place != moving.place:
            where = "onwards" if was_away else "away"
            self.saw(RESCHEDULE, where if self.is_away(moving) else "home")
            if before.doctor_id != moving.doctor_id:
                self.saw(RESCHEDULE, "to another doctor")
        elif answer.code is None:
            own = set(before.when) & set(moving.when)
            self.saw(RESCHEDULE, "over its own time" if own else "within its day")

    @precondition(lambda self: self.model.appointments)
    @rule(
        client=CLIENTS,
        pick=PICKS,
        reason=st.sampled_from([{}, {"reason": "well again"}]),
        version=VERSIONS,
    )
    def cancel(self, client: int, pick: int, reason: Json, version: int | None) -> None:
        self.call_cancel(client, self.id_of(pick), reason, self.match(pick, version))

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=st.integers(0, 7), delay=DELAYS)
    def cancel_and_cancel_again(self, client: int, pick: int, delay: timedelta) -> None:
        appointment = self.picked(pick)
        self.call_cancel(client, appointment.id, {"reason": "well again"})
        self.wait(delay)
        self.call_cancel(client ^ 1, appointment.id, {"reason": "away"})

    def call_cancel(
        self, client: int, appointment_id: str, reason: Json, match: int | None = None
    ) -> None:
        found = self.model.appointments.get(appointment_id)
        before = found and replace(found)
        body = {"appointment_id": appointment_id, **reason}
        answer = self.post(client, CANCEL, body, match=match)
        if before and before.cancelled_at is not None and answer.code is None:
            has_started = before.start <= self.clock.now
            self.saw(CANCEL, "again, after its start" if has_started else "again")
        elif before and answer.code is None and self.is_away(before):
            self.saw(CANCEL, "away from home")

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=st.integers(0, 7), details=DETAILS, paging=STAFF)
    def book_what_is_given_up(self, client: int, pick: int, details: Json, paging: int) -> None:
        """Two appointments of one time, of which a page may end with the first."""
        given_up = self.picked(pick)
        self.call_cancel(client, given_up.id, {})
        start, end = (shown(time, "UTC") for time in (given_up.start, given_up.end))
        body = {"doctor_id": given_up.doctor_id, "start": start, "end": end, **details}
        self.call_create(client ^ 1, body, None)
        query = {"doctor_id": given_up.doctor_id, "start": start, "end": end, "status": "all"}
        walk: Walk | None = Walk({**query, "page_size": 1}, self.model.listed(query))
        while walk:
            walk = self.turn_page(paging, walk)

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=st.integers(0, 7), late=LATENESS, function=CHANGES)
    def change_at_its_start(self, client: int, pick: int, late: timedelta, function: str) -> None:
        appointment = self.picked(pick)
        start = self.free_time(appointment.doctor_id, len(appointment.when), 9)
        self.wait_until(appointment.start + late)
        if appointment.start == self.clock.now and appointment.cancelled_at is None:
            self.saw(function, "at its start")
        if function == CANCEL:
            self.call_cancel(client, appointment.id, {})
        else:
            self.call_reschedule(client, {"appointment_id": appointment.id, "start": start}, None)

    @rule(client=CLIENTS, doctor_id=KNOWN_IDS, late=LATENESS, details=DETAILS)
    def create_at_its_start(
        self, client: int, doctor_id: str, late: timedelta, details: Json
    ) -> None:
        start = self.free_time(doctor_id, 30, 0)
        self.wait_until(at(start) + late)
        if at(start) == self.clock.now:
            self.saw(CREATE, "at its start")
        body = {"doctor_id": doctor_id, "start": start, "duration_minutes": 30, **details}
        self.call_create(client, body, None)

    @precondition(lambda self: self.model.appointments)
    @rule(client=st.integers(2, 5), pick=st.sampled_from([0, 0, 1, 2]), nth=st.integers(0, 20))
    def change_too_often(self, client: int, pick: int, nth: int) -> None:
        """A patient moves an appointment to and fro, and then cannot give it up."""
        own = [a for a in map(self.picked, range(8)) if a.owner == PATIENTS[client // 2]]
        own.sort(key=lambda appointment: appointment.series_id is None)
        for appointment in own[pick : pick + 1]:
            for number in range(CHANGES_PER_DAY):
                start = self.free_time(appointment.doctor_id, len(appointment.when), nth + number)
                body = {"appointment_id": appointment.id, "start": start}
                self.call_reschedule(client ^ number % 2, body, None)
            self.call_cancel(client, appointment.id, {})
            self.post(client, UPDATE, {"appointment_id": appointment.id, "reason": "too much"})
            if appointment.series_id:
                self.post(client, END_SERIES, {"series_id": appointment.series_id})

    @precondition(lambda self: self.sent)
    @rule(client=STAFF, function=KEYED_FUNCTIONS, pick=LATEST, respelled=st.booleans())
    def send_again(self, client: int, function: str, pick: int, *, respelled: bool) -> None:
        sender, function, body, key = self.sent_before(function, pick)
        again = in_other_words(body) if respelled else body
        self.resend(sender ^ client, function, again, key)

    @precondition(lambda self: self.sent)
    @rule(client=STAFF, function=KEYED_FUNCTIONS, start=SLOTS)
    def use_key_for_another_request(self, client: int, function: str, start: datetime) -> None:
        sender, function, body, key = self.sent_before(function, 0)
        self.resend(sender ^ client, function, at_another_time(body, shown(start, "UTC")), key)

    @precondition(lambda self: self.sent)
    @rule(client=STAFF, function=KEYED_FUNCTIONS, hours=st.sampled_from([47, 48]))
    def use_key_after_its_time(self, client: int, function: str, hours: int) -> None:
        """Ask for a free time with a key that is free again, or just not yet."""
        sender, function, body, key = self.sent_before(function, 0)
        self.wait(hours * 60 * MINUTE)
        start = self.free_time(body.get("doctor_id", "strange"), 29, 1)
        self.resend(sender ^ client, function, at_another_time(body, start), key)

    def sent_before(self, function: str, pick: int) -> tuple[int, str, Json, str]:
        """A call with a key: first those of the function, of them those that were granted."""
        calls, used = self.sent[::-1], {key for _, key in self.model.records}
        calls.sort(key=lambda call: (call[1] != function, call[3] not in used))
        return calls[pick % len(calls)]

    def resend(self, client: int, function: str, body: Json, key: str) -> None:
        if function == RESCHEDULE:
            self.call_reschedule(client, body, key)
        else:
            self.call_create(client, body, key)

    @precondition(lambda self: self.model.appointments)
    @rule(
        client=CLIENTS,
        pick=PICKS,
        fields=st.sampled_from(
            [{"reason": "cough"}, {"reason": None}, {"patient": {"name": "Ada King"}}]
        ),
        version=VERSIONS,
    )
    def update(self, client: int, pick: int, fields: Json, version: int | None) -> None:
        found = None if pick < 0 else self.picked(pick)
        before, match = found and found.version, self.match(pick, version)
        body = {"appointment_id": self.id_of(pick), **fields}
        answer = self.post(client, UPDATE, body, match=match)
        if answer.code is None and found and found.version == before:
            self.saw(UPDATE, "again")

    @precondition(lambda self: self.model.appointments)
    @rule(client=STAFF, pick=PICKS, status=MARKS, version=VERSIONS)
    def mark(self, client: int, pick: int, status: str, version: int | None) -> None:
        self.call_mark(client, self.id_of(pick), status, self.match(pick, version))

    @precondition(lambda self: self.model.appointments)
    @rule(client=STAFF, pick=st.integers(0, 7), late=LATENESS, status=MARKS, details=DETAILS)
    def mark_while_it_goes_on(
        self, client: int, pick: int, late: timedelta, status: str, details: Json
    ) -> None:
        """The rest of the time may be free then, and is asked for."""
        appointment = self.picked(pick)
        self.wait_until(appointment.start + len(appointment.when) // 3 * MINUTE + late)
        self.call_mark(client, appointment.id, status, None)
        self.call_mark(client ^ 1, appointment.id, status, None)
        start, end = (shown(t, "UTC") for t in (self.clock.now + 2 * MINUTE, appointment.end))
        if start < end:
            start = start[:17] + "00Z"
            body = {"doctor_id": appointment.doctor_id, "start": start, "end": end, **details}
            self.call_create(client ^ 1, body, None)

    def call_mark(self, client: int, appointment_id: str, status: str, match: int | None) -> None:
        found = self.model.appointments.get(appointment_id)
        before = found and replace(found)
        body = {"appointment_id": appointment_id, "status": status}
        answer = self.post(client, MARK, body, match=match)
        if found and before and answer.code is None:
            if found.version == before.version:
                self.saw(MARK, "again")
            elif found.freed_from is not None:
                self.saw(MARK, "frees time")

    # Holds

    @rule(
        client=CLIENTS,
        doctor_id=KNOWN_IDS,
        nth=st.integers(0, 6),
        minutes=st.sampled_from([30, 60]),
        then=st.sampled_from(["beside", "use", "end", "end", "give up", "give up"]),
        keyed=st.booleans(),
    )
    def hold_a_free_time(  # noqa: PLR0913 - what is asked of it
        self, client: int, doctor_id: str, nth: int, minutes: int, then: str, *, keyed: bool
    ) -> None:
        """Hold a time, and see what becomes of it."""
        start, key = self.free_time(doctor_id, minutes, nth), self.another_key(wanted=keyed)
        body = {"doctor_id": doctor_id, "start": start, "duration_minutes": minutes, "seconds": 60}
        held = self.call_hold(client, body, key)
        if keyed:
            self.call_hold(client ^ 1, {**body, "start": shown(at(start), "UTC")}, key)
            self.call_hold(client ^ 1, {**body, "seconds": 61}, key)
        if held is None:
            return
        booking = {"doctor_id": doctor_id, "start": start, "duration_minutes": 30}
        match then:
            case "beside":
                self.call_hold(client ^ 1, body, None)
                self.call_create(0, {**booking, "patient": {"name": "Ada"}}, None)
            case "end":
                self.wait_until(held.ends_at - timedelta.resolution)
                self.use(0, held, booking)
                self.wait_until(held.ends_at)
                self.use(client, held, booking)
                self.call_create(0, {**booking, "patient": {"name": "Ada"}}, None)
            case "give up":
                self.post(0, RELEASE, {"hold_id": held.id})
                self.saw(RELEASE, "another's" if held.id in self.model.holds else "its own")
                self.post(client ^ 1, RELEASE, {"hold_id": held.id})
                self.use(client, held, booking)
            case "use":
                self.use(client ^ 1, held, booking)

    @rule(client=st.integers(2, 5), doctor_id=KNOWN_IDS, nth=st.integers(0, 6))
    def hold_too_much(self, client: int, doctor_id: str, nth: int) -> None:
        """A patient holds all that is free of a day."""
        for number in range(5):
            start = self.free_time(doctor_id, 30, nth)
            body = {"doctor_id": doctor_id, "start": start, "duration_minutes": 30}
            self.call_hold(client ^ number % 2, body, None)

    @precondition(lambda self: self.model.ever_held)
    @rule(client=CLIENTS, pick=st.integers(0, 3), shift=st.sampled_from([0, 0, 15, 30]))
    def use_a_hold(self, client: int, pick: int, shift: int) -> None:
        """Of anybody, for a time about that of the hold."""
        latest = [*self.model.ever_held.values()][::-1]
        held = latest[pick % len(latest)]
        start = shown(held_from(held) + shift * MINUTE, "UTC")
        booking = {"doctor_id": held.doctor_id, "start": start, "duration_minutes": 30}
        self.use(client, held, booking)

    def use(self, client: int, held: Hold, booking: Json) -> None:
        body = {**booking, "patient": {"name": "Ada"}, "hold_id": held.id}
        self.post(client, VALIDATE, body)
        known, key = set(self.model.appointments), self.new_key(wanted=True)
        self.call_create(client, body, key)
        for name in self.model.appointments.keys() - known:
            self.saw(CREATE, "with a hold")
            self.wait(MINUTE)
            self.post(client, UPDATE, {"appointment_id": name, "reason": "cough"})
            self.call_create(client ^ 1, body, key)

    def call_hold(self, client: int, body: Json, key: str | None) -> Hold | None:
        answer = self.post(client, HOLD, body, key)
        if answer.code == "slot_taken" and "retry_after" in answer.members:
            self.saw(HOLD, "slot_taken for a while")
        return None if answer.code else self.model.ever_held[answer.members["hold_id"]]

    def another_key(self, *, wanted: bool) -> str | None:
        """A key that nobody has used."""
        self.keys += 1
        return f"key-{self.keys}" if wanted else None

    # Series

    @rule(
        client=CLIENTS,
        doctor_id=KNOWN_IDS,
        times=TIMES,
        text=st.sampled_from([*RULES]),
        details=DETAILS,
        how=st.tuples(st.sampled_from([{}, *[{"if_unavailable": "skip"}] * 2]), st.booleans()),
    )
    def book_series(  # noqa: PLR0913, PLR0917 - what is asked of it
        self,
        client: int,
        doctor_id: str,
        times: Times,
        text: str,
        details: Json,
        how: tuple[Json, bool],
    ) -> None:
        skip, keyed = how
        body = {"doctor_id": doctor_id, **times.fields(doctor_id), **details, **skip, "rule": text}
        self.call_series(client, of_service(body), keyed=keyed)

    @rule(
        client=CLIENTS,
        doctor_id=KNOWN_IDS,
        nth=st.integers(0, 8),
        text=st.sampled_from(["FREQ=WEEKLY;COUNT=2", "FREQ=DAILY;COUNT=3"]),
        more=st.sampled_from([{}, {}, {"if_unavailable": "skip"}, {"service_id": "talk"}]),
    )
    def book_series_from_a_free_time(
        self, client: int, doctor_id: str, nth: int, text: str, more: Json
    ) -> None:
        start = self.free_time(doctor_id, 30, nth)
        body = {"doctor_id": doctor_id, "start": start, "duration_minutes": 30, "rule": text}
        self.call_series(client, {**body, **more, **NEW}, keyed="service_id" not in more)

    def call_series(self, client: int, body: Json, *, keyed: bool) -> None:
        key, known = self.another_key(wanted=keyed), set(self.model.appointments)
        answer = self.post(client, SERIES, body, key)
        booked = [self.model.appointments[n] for n in self.model.appointments.keys() - known]
        if answer.code is None and answer.members["skipped"]:
            self.saw(SERIES, "in part")
        starts = [appointment.start for appointment in booked]
        if booked and body["doctor_id"] == "strange" and min(starts) < TWICE[1] <= max(starts):
            self.saw(SERIES, "across a change of the clocks")
        if keyed:
            self.post(client ^ 1, SERIES, body, key)
            self.post(client ^ 1, SERIES, {**body, "rule": "FREQ=WEEKLY;COUNT=1"}, key)
        elif len(starts) > 1:
            since = {"after": shown(max(starts), "UTC")}
            self.call_end_series(client, {"series_id": booked[0].series_id, **since})
        new = self.model.appointments.keys() - known
        self.homes |= {name: self.model.appointments[name].place for name in new}

    @rule(
        client=CLIENTS,
        pick=st.sampled_from([0, 0, 0, 1, 2, -1]),
        after=st.none() | SLOTS,
        reason=st.sampled_from([{}, {"reason": "well again"}]),
    )
    def cancel_series(self, client: int, pick: int, after: datetime | None, reason: Json) -> None:
        latest = [*self.model.series][::-1]
        name = latest[pick % len(latest)] if latest and pick >= 0 else "strange.series.0"
        since = {} if after is None else {"after": shown(after, "Europe/Berlin")}
        body = {"series_id": name, **since, **reason}
        self.call_end_series(client, body)
        self.call_end_series(client ^ 1, body)

    def call_end_series(self, client: int, body: Json) -> None:
        before = {name: a.version for name, a in self.model.appointments.items()}
        cancelled = self.post(client, END_SERIES, body).members.get("cancelled", ())
        if cancelled and all(before[a["id"]] == a["version"] for a in cancelled):
            self.saw(END_SERIES, "again")
        if cancelled and len(cancelled) < len(self.series_of(body).appointment_ids):
            self.saw(END_SERIES, "of some")

    def series_of(self, body: Json) -> Series:
        return self.model.series[body["series_id"]]

    @precondition(lambda self: self.model.series)
    @rule(client=STAFF, status=MARKS)
    def mark_one_of_a_series(self, client: int, status: str) -> None:
        """Mark the first of the latest one as it begins, and give up the rest."""
        latest = [*self.model.series.values()][-1]
        first = self.model.appointments[latest.appointment_ids[0]]
        self.wait_until(first.start)
        self.call_mark(client, first.id, status, None)
        since = {"after": shown(first.start, "UTC")}
        answer = self.post(client ^ 1, END_SERIES, {"series_id": latest.id, **since})
        if answer.members.get("kept"):
            self.saw(END_SERIES, "keeps some")

    # Overrides

    @rule(
        client=STAFF,
        doctor_id=KNOWN_IDS,
        kind=KINDS,
        ends=st.tuples(SLOTS, st.sampled_from([20, 60, 90, 48 * 60])),
        keyed=st.booleans(),
    )
    def make_override(
        self, client: int, doctor_id: str, kind: str, ends: tuple[datetime, int], *, keyed: bool
    ) -> None:
        key = f"override-{len(self.model.records)}" if keyed else None
        start, end = ends[0], ends[0] + ends[1] * MINUTE
        self.call_override(client, doctor_id, kind, (start, end), key)
        if keyed:
            self.call_override(client ^ 1, doctor_id, kind, (start, end), key)
            self.call_override(client, doctor_id, kind, (start, end + MINUTE), key)

    @precondition(lambda self: self.model.appointments)
    @rule(client=STAFF, pick=st.integers(0, 7), shift=SHIFTS)
    def go_away(self, client: int, pick: int, shift: timedelta) -> None:
        """Take time off where an appointment is, or almost."""
        appointment = self.picked(pick)
        ends = appointment.start + shift, appointment.end + shift
        self.call_override(client, appointment.doctor_id, "time_off", ends, None)

    @rule(
        client=STAFF,
        doctor_id=KNOWN_IDS,
        nth=st.integers(0, 9),
        pick=st.none() | st.integers(0, 3),
    )
    def go_away_before_a_booking(
        self, client: int, doctor_id: str, nth: int, pick: int | None
    ) -> None:
        """Take a time off that the other instance has just offered, and ask for it there."""
        moving = self.picked(pick) if pick is not None and self.model.appointments else None
        minutes = len(moving.when) if moving else 30
        start = self.free_time(doctor_id, minutes, nth)
        self.first_available(client ^ 1, {"doctor_id": [doctor_id], "after": start})
        end = at(start) + minutes * MINUTE
        self.call_override(client, doctor_id, "time_off", (at(start), end), None)
        body = {"doctor_id": doctor_id, "start": start}
        if moving:
            self.call_reschedule(client ^ 1, {**body, "appointment_id": moving.id}, None)
        else:
            patient = {"duration_minutes": 30, "patient": {"name": "Ada"}}
            self.call_create(client ^ 1, {**body, **patient}, None)

    @rule(
        client=CLIENTS,
        service_id=st.sampled_from(["check-up", "talk"]),
        nth=st.integers(4, 20),
        doctor_id=DOCTOR_IDS,
        hours=st.sampled_from([1, 2, 30]),
    )
    def serve_and_move(
        self, client: int, service_id: str, nth: int, doctor_id: str, hours: int
    ) -> None:
        """Book a service of a doctor who has it, and move it about now, maybe to another doctor."""
        known = set(self.model.appointments)
        start = self.free_time("strange", 60, nth)
        wanted = {"duration_minutes": 60, "patient": {"name": "Ada"}, "service_id": service_id}
        body = {"doctor_id": "strange", "start": start, **wanted}
        self.call_create(client, body, self.new_key(wanted=True))
        for appointment_id in self.model.appointments.keys() - known:
            soon = self.clock.now.replace(second=0, microsecond=0) + hours * 60 * MINUTE
            to = {"appointment_id": appointment_id, "start": shown(soon, "UTC")}
            self.call_reschedule(client ^ 1, {**to, "doctor_id": doctor_id}, None)
            self.call_reschedule(client, {**to, "duration_minutes": 59}, None)
            allowed = ["outside_working_hours", "too_soon"]
            self.call_reschedule(client, {**to, "allow": allowed}, None)

    def call_override(
        self,
        client: int,
        doctor_id: str,
        kind: str,
        ends: tuple[datetime, datetime],
        key: str | None,
    ) -> None:
        start, end = (shown(time, "Europe/Berlin") for time in ends)
        body = {"doctor_id": doctor_id, "kind": kind, "start": start, "end": end}
        answer = self.post(client, OVERRIDE, body, key)
        if answer.code is None:
            affected = answer.members["affected_count"]
            self.saw(OVERRIDE, "affects somebody" if affected else "affects nobody")

    @rule(client=STAFF, pick=st.sampled_from([0, 0, 0, 1, 1, 2, 3, -1]))
    def delete_override(self, client: int, pick: int) -> None:
        """First the latest one that stands."""
        latest = list(self.model.overrides.values())[::-1]
        known = sorted(latest, key=lambda override: override.deleted_at is not None)
        override = known[pick % len(known)] if known and pick >= 0 else None
        if override and override.deleted_at:
            self.saw(DELETE, "again")
        override_id = override.id if override else "strange.override.0123"
        self.post(client, DELETE, {"override_id": override_id})

    @rule(delay=DELAYS)
    def wait(self, delay: timedelta) -> None:
        if delay <= MINUTE or self.clock.now + delay < LAST:
            self.clock.now += delay
        self.model.now = self.clock.now

    def wait_until(self, time: datetime) -> None:
        self.wait(max(timedelta(), time - self.clock.now))

    # Looking

    @precondition(lambda self: self.model.appointments)
    @rule(client=CLIENTS, pick=PICKS)
    def get(self, client: int, pick: int) -> None:
        appointment_id = self.id_of(pick)
        response = self.ask(client, GET, {"appointment_id": appointment_id})
        expected = self.model.get(appointment_id, PATIENTS[client // 2])
        self.agreed(GET, response, expected, appointment_id)
        if pick >= 0 and expected.code is None and self.is_away(self.picked(pick)):
            self.saw(GET, "away from home")

    @rule(client=STAFF, doctor_id=DOCTOR_IDS, window=WINDOWS, status=STATUSES)
    def list_window(self, client: int, doctor_id: str, window: Json, status: Json) -> None:
        query = {"doctor_id": doctor_id, **window, **status}
        response = self.ask(client, LIST, query)
        if doctor_id in DOCTOR:
            page = {"appointments": self.model.listed(query), "next_page_token": None}
            self.agreed(LIST, response, Answer(200, page))
        else:
            self.agreed(LIST, response, UNKNOWN_DOCTOR)

    @rule(client=CLIENTS, whose=st.sampled_from(PATIENTS[1:]), window=WINDOWS, status=STATUSES)
    def list_of_a_patient(self, client: int, whose: str, window: Json, status: Json) -> None:
        """Patients list what is their own; staff, what any patient has."""
        owner = PATIENTS[client // 2]
        query = {"patient_id": "me" if owner else whose, **window, **status}
        listed = self.model.listed_of(owner or whose, query)
        response = self.ask(client, LIST, query)
        self.agreed(LIST, response, Answer(200, {"appointments": listed, "next_page_token": None}))
        if listed:
            self.saw(LIST, "of a patient")

    @rule(client=STAFF, doctor_id=KNOWN_IDS, status=STATUSES, size=st.integers(1, 2))
    def list_first_page(self, client: int, doctor_id: str, status: Json, size: int) -> None:
        query = {"doctor_id": doctor_id, **ALWAYS, **status, "page_size": size}
        if walk := self.turn_page(client, Walk(query, self.model.listed(query))):
            self.walks.append(walk)

    @precondition(lambda self: self.walks)
    @rule(client=STAFF, pick=st.integers(0, 7))
    def list_next_page(self, client: int, pick: int) -> None:
        """Turn a page, whatever has happened since the first one."""
        if walk := self.turn_page(client, self.walks.pop(pick % len(self.walks))):
            self.walks.append(walk)

    def turn_page(self, client: int, walk: Walk) -> Walk | None:
        """Read a page; what is left of the list, if anything is."""
        begin, end = walk.begin, walk.begin + walk.query["page_size"]
        response = self.ask(client, LIST, walk.query)
        token = response.json()["next_page_token"]
        page = {"appointments": walk.listed[begin:end], "next_page_token": token}
        self.agreed(LIST, response, Answer(200, page))
        assert (token is None) is (end >= len(walk.listed))
        if begin and walk.listed[begin:] != self.model.listed(walk.query)[begin:]:
            self.saw(LIST, "next page, as it was")
        if begin and walk.listed[begin - 1]["start"] == walk.listed[begin]["start"]:
            self.saw(LIST, "next page, of the same start")
        return token and Walk({**walk.query, "page_token": token}, walk.listed, end)

    @rule(client=CLIENTS, query=SHORT_SEARCHES | LONG_SEARCHES)
    def first_available(self, client: int, query: Json) -> None:
        query = as_searched(query)
        answer = self.agreed(FIRST, self.ask(client, FIRST, query), self.model.first(query))
        if reason := answer.members.get("reason"):
            self.saw(FIRST, reason)
        if "service_id" in query and answer.members.get("openings"):
            self.saw(FIRST, "of a service")
        with_doctors = {opening["doctor_id"] for opening in answer.members.get("openings", ())}
        if len(with_doctors) > 1:
            self.saw(FIRST, "with several doctors")

    @precondition(lambda self: self.model.appointments)
    @rule(client=STAFF, pick=st.integers(0, 7), shift=SHIFTS, count=st.integers(1, 3))
    def first_available_beside(self, client: int, pick: int, shift: timedelta, count: int) -> None:
        """Look only where an appointment lies, or almost."""
        appointment = self.picked(pick)
        ends = (appointment.start + shift, appointment.end + shift)
        after, until = (shown(end, "Europe/Berlin") for end in ends)
        window = {"doctor_id": [appointment.doctor_id], "after": after, "until": until}
        minutes = max(1, len(appointment.when) // count)
        self.first_available(client, {**window, "duration_minutes": minutes, "count": count})

    @rule(
        client=CLIENTS,
        start=SLOTS,
        hours=st.sampled_from([2, 30, 200]),
        wishes=st.fixed_dictionaries(
            {"duration_minutes": st.sampled_from([60, 20, 150])},
            optional={
                "service_id": st.sampled_from(["check-up", "talk"]),
                "doctor_id": st.lists(KNOWN_IDS, min_size=1, max_size=3),
                "step_minutes": st.sampled_from([40, 60]),
            },
        ),
    )
    def list_openings(self, client: int, start: datetime, hours: int, wishes: Json) -> None:
        ends = start, start + hours * 60 * MINUTE
        window = {n: shown(t, "UTC") for n, t in zip(("start", "end"), ends, strict=True)}
        query = as_searched({**window, **wishes})
        expected = self.model.all_openings(query)
        answer = self.agreed(OPENINGS, self.ask(client, OPENINGS, query), expected)
        if "service_id" in query and answer.members.get("days"):
            self.saw(OPENINGS, "of a service")

    # After every step

    @invariant()
    def all_is_as_in_the_model(self) -> None:
        if not self.is_changed:
            return
        self.is_changed = False
        asked = {**ALWAYS, "status": "all", "page_size": 1000}
        queries = [{"doctor_id": doctor_id, **asked} for doctor_id in DOCTOR]
        queries += [{"patient_id": "me", **asked}, {"patient_id": BOB.subject, **asked}]
        found = [self.model.listed(query) for query in queries[:2]]
        found += [self.model.listed_of(patient, asked) for patient in PATIENTS if patient]
        for listed, response in zip(found, self.run(self._all(queries)), strict=True):
            assert response.json() == {"appointments": listed, "next_page_token": None}
        stand = [o.deleted_at is None for o in self.model.overrides.values()]
        for client, doctor_id in enumerate(DOCTOR if stand != self.stood else ()):
            response = self.ask(client, OVERRIDES, {"doctor_id": doctor_id, **THIS_YEAR})
            overrides = self.model.listed_overrides(doctor_id)
            assert response.json() == {"overrides": overrides, "next_page_token": None}
        self.stood = stand

    async def _all(self, queries: list[Json]) -> list[httpx.Response]:
        """What staff are told by each instance, then Ada by one and staff of Bob by the other."""
        calls = zip([self.apis[client] for client in (0, 1, 2, 1)], queries, strict=True)
        return await asyncio.gather(*(api.page(query) for api, query in calls))


def play(store: str, folder: Path, seeds: int, machines: int = 7) -> Counter[str]:
    """What was seen while some machines for each seed took their steps, on a store each."""
    seen: Counter[str] = Counter()

    class OnThisStore(Clients):
        def __init__(self) -> None:
            own = folder / str(uuid4())
            own.mkdir()
            super().__init__(OPENERS[store], own, seen)

    # After ten, Hypothesis repeats parts of those more than it thinks of others.
    sizes = settings(
        max_examples=machines, stateful_step_count=STEPS, deadline=None, derandomize=True
    )
    for number in range(seeds):
        run_state_machine_as_test(seed(number)(OnThisStore), settings=sizes)
    return seen


def test_whatever_is_called_the_functions_answer_as_the_model_does(tmp_path: Path) -> None:
    seen = play("sqlite", tmp_path, seeds=4 * FACTOR)
    assert EVERY_KIND - seen.keys() == set()


@pytest.mark.parametrize("store", SERVERS)
def test_whatever_is_called_they_do_so_on_a_server_too(
    store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    start_server_of(store, request)
    seen = play(store, tmp_path, seeds=FACTOR, machines=3)
    assert seen["reschedule onwards"]
