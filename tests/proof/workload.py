"""Clients as mobile apps are: they collide, lose patience, and send again with the same key.

Most are staff, who book for people without an account, and sometimes for a patient who has one.
Some are patients, a few of whom have one account: signed in on several phones at once.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from time import monotonic
from typing import Any, TypeVar

import httpx

from shared.model.hold import Hold
from shared.model.interval import Interval
from shared.store.port import Store
from tests.proof.accounts import ALLOWED, signed_in
from tests.proof.history import (
    NO_BUFFERS,
    Affected,
    Answer,
    Asked,
    Book,
    Booked,
    BookSeries,
    Busy,
    Call,
    Cancel,
    CancelSeries,
    Change,
    ChangeOfCalendar,
    DeleteOverride,
    Done,
    Effect,
    First,
    Get,
    Granted,
    History,
    HoldTime,
    Hours,
    Kept,
    List,
    Listed,
    MakeOverride,
    Mark,
    MarkAs,
    Mine,
    Minutes,
    Move,
    Opening,
    Override,
    OverrideKind,
    Part,
    Refused,
    Release,
    Slot,
    Taken,
    Thing,
    Things,
    Unavailable,
    Update,
)

DAY = 24 * 60
FIRST_DAY = datetime(2050, 1, 1, tzinfo=UTC)
DOCTORS = ("strange", "who")
OPENS, MORNING_ENDS, CLOSES = 9 * 60, 12 * 60, 17 * 60
DAYS_OF_A_ROUND = 2
DAYS_BETWEEN_ROUNDS = 100  # So that no refusal looks for openings in the days of another round.
LONGEST_TRIES = 40
GIVEN_UP_AT_MOST = 50
PATIENCE_SECONDS = 60
IMPATIENCE_SECONDS = 0.25
PAUSE_SECONDS = 0.2

ACCOUNTS = ("ada", "bob", "cy")
PATIENTS = {10: "ada", 11: "ada", 12: "ada", 13: "bob", 14: "bob", 15: "cy"}
"""Which clients of a round are patients, by number; all others are staff."""

SERVICES: Mapping[str, Minutes] = {"cleaning": (5, 15)}
"""The buffers of each."""
OF_A_SERVICE = 0.2
OF_A_VERSION = 0.25
"""So often a booking is of a service, and a change is about the version that was seen last."""

MARKS: tuple[Mark, ...] = ("arrived", "fulfilled", "no_show", "no_show", "no_show")
KINDS: tuple[OverrideKind, ...] = ("time_off", "time_off", "extra_hours")

OF_A_HOLD = 0.4
"""So often a booking is made with a hold, if the client knows one of its own."""

SECONDS_HELD = (30, 300, 900)
CLOCK_STARTS = FIRST_DAY - timedelta(days=30)
CLOCK_RUNS = 60
"""The clock by which holds end shows a time before all appointments, and goes so much faster."""

Json = dict[str, Any]


_STARTED = monotonic()

A = TypeVar("A", HoldTime, BookSeries)


@dataclass(slots=True)
class Tally:
    """What is counted while clients work."""

    operations: int = 0
    by_patients: int = 0
    retries: int = 0
    given_up: int = 0
    longest: float = 0.0
    longest_override: float = 0.0
    """How long anybody waited: for overrides, which have more time, and for all the rest."""
    unexpected: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    """By kind."""
    answers: Counter[str] = field(default_factory=Counter)
    """By kind, and refusals by their code."""

    @property
    def stuck(self) -> bool:
        """Whether to wait any longer is in vain: whoever asks has nearly never an answer."""
        longest = max(self.longest, self.longest_override)
        return longest >= PATIENCE_SECONDS or self.given_up > GIVEN_UP_AT_MOST

    def waited(self, asked: Asked, seconds: float) -> None:
        """Note how long somebody has waited."""
        if isinstance(asked, ChangeOfCalendar):
            self.longest_override = max(self.longest_override, seconds)
        else:
            self.longest = max(self.longest, seconds)


@dataclass(slots=True)
class Round:
    """A few doctor-days that no other round knows, and all that happened on them.

    Lists and searches are of some of these days: `seen_at_once`, in a row.
    """

    number: int
    seen_at_once: int = DAYS_OF_A_ROUND
    calls: list[Call] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """Of the appointments that were acknowledged."""
    owners: dict[str, str | None] = field(default_factory=dict)
    """Of these, whose each is."""
    seen: dict[str, Granted] = field(default_factory=dict)
    """Of these, how each was when anybody saw it last."""
    overrides: dict[str, tuple[str, Slot]] = field(default_factory=dict)
    """Of those that were acknowledged, the id, and when each is."""
    holds: dict[str, tuple[str, HoldTime]] = field(default_factory=dict)
    """Of those that were acknowledged, the id, and what was asked for."""
    series: dict[str, tuple[str, BookSeries]] = field(default_factory=dict)
    """Of those that were acknowledged, the id, and what was asked for."""
    wanted: dict[str, Slot] = field(default_factory=dict)
    """What each patient has asked for last, on any phone."""

    @property
    def window(self) -> Minutes:
        """The days of this round."""
        start = self.number * DAYS_BETWEEN_ROUNDS * DAY
        return start, start + DAYS_OF_A_ROUND * DAY

    @property
    def accounts(self) -> list[str]:
        """The patients of this round."""
        return [self.account(name) for name in ACCOUNTS]

    def account(self, name: str) -> str:
        """A patient of this round, whom no other round knows."""
        return f"{self.number}.{name}"

    def hours(self) -> Hours:
        """When both doctors work: who, around the clock."""
        start, end = self.window
        windows = tuple((day + OPENS, day + CLOSES) for day in range(start, end, DAY))
        return {"strange": windows, "who": ((start, end),)}

    def history(self, state: Things) -> History:
        """What happened on them, and the state that it led to."""
        names = {appointment_id: name for name, appointment_id in self.ids.items()}
        calls = [replace(call, answer=_by_name(call.answer, names)) for call in self.calls]
        return History(calls, self.hours(), {}, state, ALLOWED)


def _by_name(answer: Answer | None, names: Mapping[str, str]) -> Answer | None:
    """The same answer, in which appointments go by their names and not by their ids."""
    if not isinstance(answer, Taken | Busy):
        return answer
    parts = (
        part if len(part) == 2 else (*part[:2], names.get(part[2], part[2]))
        for part in answer.conflicts
    )
    return replace(answer, conflicts=tuple(parts))


class Client:
    """One user: asks for one thing after the other, of any of the servers."""

    def __init__(self, number: int, round_: Round, servers: Sequence[str], tally: Tally) -> None:
        self._name = f"{round_.number}.{number}"
        self._round = round_
        self._servers = servers
        self._tally = tally
        self._random = Random(self._name)  # noqa: S311 - to be repeated
        self._made = 0
        patient = PATIENTS.get(number)
        self._account = patient and round_.account(patient)

    async def work(self, http: httpx.AsyncClient, operations: int) -> None:
        """Do some operations, and put what happened into the record."""
        for _ in range(operations):
            if self._tally.stuck:
                return
            asked = self._wish()
            try:
                await self._operate(http, asked)
            except UnexpectedAnswer as unexpected:
                self._tally.unexpected[str(unexpected)] += 1
            self._tally.operations += 1
            self._tally.asked[type(asked).__name__] += 1
            self._tally.by_patients += self._account is not None

    def _wish(self) -> Asked:
        known, overrides = self._known(), [*self._round.overrides]
        wishes: list[Callable[[], Asked]] = [self._booking] * 6 + [self._list, self._search]
        if known:
            wishes += [partial(self._change, Move, known)] * 3
            wishes += [partial(self._change, Cancel, known)] * 2
            wishes += [partial(self._change, Update, known), partial(self._look_up, known)]
        wishes += [self._hold] * 3 + [self._series]
        if holds := self._own(self._round.holds):
            wishes += [partial(self._release, holds)]
        if series := self._own(self._round.series):
            wishes += [partial(self._end_of_series, series)]
        if not self._account:
            wishes += [self._override]
            wishes += [partial(self._change, MarkAs, known)] if known else []
            wishes += [partial(self._deletion, overrides)] if overrides else []
        return self._random.choice(wishes)()

    def _change(
        self, kind: type[Move | Cancel | Update | MarkAs], known: Sequence[str]
    ) -> Move | Cancel | Update | MarkAs:
        """A change of what is there, often of the version that was seen last: it may be older."""
        name, by = self._random.choice(known), self._account
        of_a_version = self._random.random() < OF_A_VERSION
        version = self._round.seen[name].version if of_a_version else None
        if kind is Move:
            return Move(name, self._slot(), by, version, _at())
        if kind is Cancel:
            return Cancel(name, by, version)
        if kind is MarkAs:
            return MarkAs(name, *self._mark(self._round.seen[name].slot), version=version)
        self._made += 1
        return Update(name, f"{self._name}.{self._made}", by, version)

    def _mark(self, slot: Slot) -> tuple[Mark, int]:
        """Who did not come is marked in the middle of the appointment; others, days after it."""
        mark = self._random.choice(MARKS)
        late = self._round.window[1] + DAY
        in_the_middle = self._random.randrange(slot.start - 5, slot.end + 5)
        return mark, in_the_middle if mark == "no_show" else late

    def _look_up(self, known: Sequence[str]) -> Get:
        return Get(self._random.choice(known), self._account)

    def _deletion(self, overrides: Sequence[str]) -> DeleteOverride:
        name = self._random.choice(overrides)
        return DeleteOverride(name, self._round.overrides[name][1])

    def _search(self) -> First:
        length = self._random.choice([30, 60, 120])
        return First(self._random.choice(DOCTORS), self._window(), length, _at())

    def _hold(self) -> HoldTime:
        self._made += 1
        at = _at()
        ends = int(at) + self._random.choice(SECONDS_HELD)
        return HoldTime(f"{self._name}.{self._made}", self._slot(), ends, self._account, at)

    def _release(self, holds: Sequence[HoldTime]) -> Release:
        hold = self._random.choice(holds[-3:])
        return Release(hold.name, hold.slot, self._account, _at())

    def _series(self) -> BookSeries:
        """The same time on every day of the round."""
        self._made += 1
        first, begins = self._slot(), self._round.window[0]
        start = begins + min((first.start - begins) % DAY, DAY - (first.end - first.start))
        first = first._replace(start=start, end=start + first.end - first.start)
        slots = tuple(
            first._replace(start=first.start + day * DAY, end=first.end + day * DAY)
            for day in range(DAYS_OF_A_ROUND)
        )
        names = tuple(name_of_one(f"{self._name}.{self._made}", slot.start) for slot in slots)
        skip = self._random.random() < 0.6
        return BookSeries(names, slots, self._for_whom(), self._account, skip, _at())

    def _end_of_series(self, series: Sequence[BookSeries]) -> CancelSeries:
        names, window = self._random.choice(series).names, self._round.window
        after = self._random.choice([window[0], window[0] + DAY, self._in_a_day(OPENS, CLOSES)])
        return CancelSeries(names, after, self._account)

    def _own(self, known: Mapping[str, tuple[str, A]]) -> list[A]:
        """Those that the client can use."""
        every = [asked for _, asked in known.values()]
        if not self._account:
            return [each for each in every if isinstance(each, BookSeries) or each.by is None]
        return [each for each in every if _owner_of(each) == self._account]

    def _booking(self) -> Book:
        holds = self._own(self._round.holds)
        if holds and self._random.random() < OF_A_HOLD:
            return self._booking_of(self._random.choice(holds[-2:]))
        self._made += 1
        served = self._random.random() < OF_A_SERVICE
        buffers = self._random.choice([*SERVICES.values()]) if served else NO_BUFFERS
        name = f"{self._name}.{self._made}"
        return Book(name, self._slot(), self._for_whom(), self._account, buffers, at=_at())

    def _booking_of(self, hold: HoldTime) -> Book:
        """With a hold, and mostly all of it."""
        self._made += 1
        slot = hold.slot
        if self._random.random() < 0.2:
            slot = slot._replace(end=slot.end - 5)
        by = self._account
        return Book(f"{self._name}.{self._made}", slot, by, by, hold=hold.name, at=_at())

    def _override(self) -> MakeOverride:
        """Mostly short, about where others book; extra hours join the hours of the one who goes."""
        self._made += 1
        name, kind = f"{self._name}.{self._made}", self._random.choice(KINDS)
        length = self._random.choice([15, 30, 60, 120])
        if kind == "extra_hours":
            day = self._in_a_day(0, 1)
            start = self._random.choice([day + OPENS - length, day + CLOSES])
            return MakeOverride(name, kind, Slot("strange", start, start + length))
        doctor, start, _ = self._slot()
        return MakeOverride(name, kind, Slot(doctor, start, start + length))

    def _known(self) -> list[str]:
        """What to choose from: a patient mostly knows of their own only."""
        known, owners = list(self._round.ids), self._round.owners
        if self._account is None or self._random.random() < 0.1:
            return known
        return [name for name in known if owners[name] == self._account]

    def _for_whom(self) -> str | None:
        """Staff book mostly for people without an account."""
        if self._account or self._random.random() < 0.85:
            return self._account
        return self._random.choice(self._round.accounts)

    def _list(self) -> List | Mine:
        if self._account:
            return Mine(self._account, self._round.window)
        if self._random.random() < 0.2:
            return Mine(self._random.choice(self._round.accounts), self._round.window)
        return List(self._random.choice(DOCTORS), self._window())

    def _window(self) -> Minutes:
        days = self._round.seen_at_once
        first = self._random.randrange(DAYS_OF_A_ROUND - days + 1)
        start = self._round.window[0] + first * DAY
        return start, start + days * DAY

    def _slot(self) -> Slot:
        first = self._round.window[0]
        length = self._random.choice([15, 20, 30, 45])
        if self._account and self._random.random() < 0.8:
            return self._slot_of_a_patient(self._account, length)
        if self._random.random() < 0.5:
            beyond = self._random.choice([0, 0, 0, 60])
            start = self._in_a_day(OPENS - beyond, CLOSES - length + beyond)
            return Slot("strange", start, start + length)
        # Most about midnight, where appointments touch two doctor-days.
        before, after = (DAY - 240, DAY + 240)
        start = first + self._random.randrange(before, after - length, 5)
        return Slot("who", start, start + length)

    def _slot_of_a_patient(self, account: str, length: int) -> Slot:
        """Now in the morning of some day, now at about the same time with the other doctor."""
        wanted, choice = self._round.wanted, self._random.choice
        if account in wanted and self._random.random() < 0.5:
            doctor, before, _ = wanted[account]
            day, time = divmod(before + choice([-10, 0, 0, 10]), DAY)
            start = day * DAY + min(max(time, OPENS), MORNING_ENDS)
            other = DOCTORS[doctor == DOCTORS[0]]
        else:
            start = self._in_a_day(OPENS, MORNING_ENDS - length)
            other = choice(["strange", "who", "who"])
        wanted[account] = Slot(other, start, start + length)
        return wanted[account]

    def _in_a_day(self, earliest: int, before: int) -> int:
        day = self._round.window[0] + DAY * self._random.randrange(DAYS_OF_A_ROUND)
        return day + self._random.randrange(earliest, before, 5)

    async def _operate(self, http: httpx.AsyncClient, asked: Asked) -> None:
        """Ask until there is an answer; each try goes to any server, all have one key."""
        key, lost, began = secrets.token_hex(8), False, monotonic()
        for _ in range(LONGEST_TRIES):
            invoked = monotonic()
            response = await self._send(http, asked, key)
            if response is not None:
                self._record(asked, response, began if lost else invoked, invoked, lost=lost)
                return
            if self._tally.stuck:
                break
            self._tally.retries += 1
            if isinstance(asked, Update | CancelSeries):
                # Without a key each try is one by itself, and nothing tells if it took effect.
                self._round.calls.append(Call(invoked, asked))
            else:
                lost = True
            await asyncio.sleep(self._random.uniform(0, PAUSE_SECONDS))
        self._tally.given_up += 1
        self._round.calls.append(Call(began, asked))

    async def _send(self, http: httpx.AsyncClient, asked: Asked, key: str) -> httpx.Response | None:
        """One try. None: no answer, or none that says what happened."""
        hurried = self._random.random() < 0.05
        patience = IMPATIENCE_SECONDS if hurried else PATIENCE_SECONDS
        method, function, content = request_of(asked, self._round, self._account)
        headers = {**signed_in(self._account), **headers_of(asked, key)}
        url = f"{self._random.choice(self._servers)}/{function}"
        began = monotonic()
        try:
            async with asyncio.timeout(patience):
                if method == "GET":
                    response = await http.get(url, params=content, headers=headers)
                else:
                    response = await http.post(url, json=content, headers=headers)
        except TimeoutError:
            self._tally.waited(asked, 0 if hurried else monotonic() - began)
            return None
        except httpx.TransportError:
            return None
        self._tally.waited(asked, monotonic() - began)
        return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response

    def _record(
        self, asked: Asked, response: httpx.Response, began: float, invoked: float, *, lost: bool
    ) -> None:
        """Note what is certain: an earlier try without an answer may have done it, or will yet."""
        answered, answer = monotonic(), answer_of(asked, response)
        kind = answer.code if isinstance(answer, Refused) else type(answer).__name__
        self._tally.answers[kind] += 1
        calls = self._round.calls
        self._remember(asked, answer, response)
        if isinstance(answer, Booked | Done):
            self._record_several(asked, response, (began, invoked, answered))
            return
        if isinstance(answer, Kept):
            calls.append(Call(began, asked, answered, answer))
            return
        if isinstance(answer, Granted | Override) and isinstance(asked, Change):
            if lost or answer != expected_of(asked, answer):
                calls.append(Call(began, asked, answered, Done()))
                calls.append(Call(invoked, Get(asked.name, asked.by), answered, answer))
                return
            if isinstance(asked, MakeOverride):
                affected = Affected(asked.name, asked.slot)
                calls.append(Call(invoked, affected, answered, _listed(response, "affected")))
        elif lost and isinstance(asked, Change):
            calls.append(Call(began, asked))
        if isinstance(asked, HoldTime):
            asked = replace(asked, refused=True)
        calls.append(Call(invoked, asked, answered, answer))

    def _record_several(
        self, asked: Asked, response: httpx.Response, times: tuple[float, float, float]
    ) -> None:
        """Note a change of several things, and what the answer shows of each by then."""
        began, invoked, answered = times
        calls, body = self._round.calls, response.json()
        calls.append(Call(began, asked, answered, answer_of(asked, response)))
        for shown in (*body.get("appointments", ()), *body.get("cancelled", ())):
            name, granted = name_of(shown), _granted(shown)
            self._round.seen[name] = granted
            calls.append(Call(invoked, Get(name, self._account), answered, granted))

    def _remember(self, asked: Asked, answer: Answer, response: httpx.Response) -> None:
        """Let all clients of the round know what there is."""
        round_ = self._round
        if isinstance(asked, Book) and isinstance(answer, Granted):
            round_.ids[asked.name] = response.json()["id"]
            round_.owners[asked.name] = asked.owner
        if isinstance(asked, HoldTime) and isinstance(answer, Kept):
            round_.holds[asked.name] = response.json()["hold_id"], asked
        if isinstance(asked, BookSeries) and isinstance(answer, Booked):
            round_.series[asked.name] = response.json()["series_id"], asked
            for shown in response.json()["appointments"]:
                round_.ids[name_of(shown)] = shown["id"]
                round_.owners[name_of(shown)] = asked.owner
        if isinstance(asked, MakeOverride) and isinstance(answer, Override):
            round_.overrides[asked.name] = response.json()["override_id"], asked.slot
        if isinstance(asked, Change | Get) and isinstance(answer, Granted):
            round_.seen[asked.name] = answer


class UnexpectedAnswer(Exception):
    """An answer that no client should ever get here."""


def expected_of(asked: Change, answer: Effect) -> Effect | None:
    """What is answered right after an operation; None where nothing tells what was later."""
    match asked:
        case Book():
            return Granted(asked.slot, owner=asked.owner, buffers=asked.buffers)
        case Cancel() if isinstance(answer, Granted):
            return replace(answer, booked=False)
        case MakeOverride():
            return Override(asked.kind, asked.slot)
        case DeleteOverride() if isinstance(answer, Override):
            return replace(answer, stands=False)
    return None


def headers_of(asked: Asked, key: str) -> Mapping[str, str]:
    """What goes with a request, beside who asks; keys where they are taken."""
    headers = {"Test-Now": text(asked.at)} if isinstance(asked, MarkAs) else {}
    if isinstance(asked, Book | Move | First | HoldTime | Release | BookSeries):
        now = CLOCK_STARTS + timedelta(milliseconds=round(1000 * asked.at))
        headers["Test-Now"] = now.isoformat()
    if isinstance(asked, Move | Cancel | Update | MarkAs) and asked.version is not None:
        headers["If-Match"] = f'"{asked.version}"'
    if isinstance(asked, Book | Move | MakeOverride | HoldTime | BookSeries):
        headers["Idempotency-Key"] = key
    return headers


def request_of(asked: Asked, round_: Round, account: str | None) -> tuple[str, str, Json]:
    """Method, function, and the parameters or the body, as this patient, or staff, would send."""
    match asked:
        case Get(name):
            return "GET", "get_appointment", {"appointment_id": round_.ids[name]}
        case List() | Mine():
            return "GET", "list_appointments", _whose(asked, account) | _listing(asked.window)
        case First(doctor, (after, until), length):
            span = {"after": text(after), "until": text(until)}
            wanted = {"doctor_id": doctor, **span, "duration_minutes": length}
            return "GET", "first_available", wanted
        case Affected():
            raise AssertionError(f"{asked} is answered where the override is made")
    return "POST", FUNCTIONS[type(asked)], _body(asked, round_, account)


FUNCTIONS: Mapping[type[Change], str] = {
    Book: "create_appointment",
    Move: "reschedule_appointment",
    Cancel: "cancel_appointment",
    Update: "update_appointment",
    MarkAs: "mark_appointment",
    MakeOverride: "create_override",
    DeleteOverride: "delete_override",
    HoldTime: "hold_time",
    Release: "release_hold",
    BookSeries: "create_series",
    CancelSeries: "cancel_series",
}


def _body(asked: Change, round_: Round, account: str | None) -> Json:
    match asked:
        case Book(name, slot, owner):
            patient = {"name": name} | ({} if owner in (None, account) else {"id": owner})
            services = [service for service, b in SERVICES.items() if b == asked.buffers]
            served = {"service_id": services[0]} if services else {}
            held = {"hold_id": round_.holds[asked.hold][0]} if asked.hold else {}
            booked = {"doctor_id": slot.doctor, **_times(slot), "patient": patient}
            return {**booked, **served, **held}
        case HoldTime(_, slot, ends):
            seconds = {"seconds": round(ends) - int(asked.at)}
            return {"doctor_id": slot.doctor, **_times(slot), **seconds}
        case Release(name):
            return {"hold_id": round_.holds[name][0]}
        case BookSeries(names, (first, *_), owner):
            patient = {"name": SERIES + names[0].partition("/")[0]}
            patient |= {} if owner in (None, account) else {"id": owner}
            rule = {"rule": f"FREQ=DAILY;COUNT={DAYS_OF_A_ROUND}"}
            skip = {"if_unavailable": "skip"} if asked.skip else {}
            return {"doctor_id": first.doctor, **_times(first), "patient": patient, **rule, **skip}
        case CancelSeries(names, after):
            return {"series_id": round_.series[names[0]][0], "after": text(after)}
        case MakeOverride(name, kind, slot):
            return {"doctor_id": slot.doctor, **_times(slot), "kind": kind, "note": name}
        case DeleteOverride(name):
            return {"override_id": round_.overrides[name][0]}
    changed: Json = {"appointment_id": round_.ids[asked.name]}
    match asked:
        case Move(_, slot):
            changed |= {"doctor_id": slot.doctor, **_times(slot)}
        case Update(_, reason):
            changed["reason"] = reason
        case MarkAs(_, mark):
            changed["status"] = mark
    return changed


def answer_of(asked: Asked, response: httpx.Response) -> Answer:
    """What an answer says. Raises UnexpectedAnswer where it should never have been given."""
    body: Json = response.json()
    if response.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
        return _refusal(asked, response)
    if isinstance(asked, List | Mine):
        return _listed(response, "appointments")
    if isinstance(asked, First):
        return Opening(minute(body["openings"][0]["start"]) if body["openings"] else None)
    if isinstance(asked, HoldTime):
        ends = (datetime.fromisoformat(body["expires_at"]) - CLOCK_STARTS).total_seconds()
        return Kept(Slot(body["doctor_id"], *_span(body)), ends, asked.by)
    if isinstance(asked, Release | CancelSeries):
        return Done()
    if isinstance(asked, BookSeries):
        return Booked(tuple(map(name_of, body["appointments"])), _occurrences(body["skipped"]))
    if isinstance(asked, MakeOverride | DeleteOverride):
        slot = Slot(body["doctor_id"], *_span(body))
        return Override(body["kind"], slot, "deleted_at" not in body)
    return _granted(body)


def _refusal(asked: Asked, response: httpx.Response) -> Answer:
    body: Json = response.json()
    match body.get("code"):
        case "slot_taken":
            return Taken(_parts(body), body.get("retry_after"))
        case "series_unavailable":
            return Unavailable(_occurrences(body["unavailable"]))
        case "patient_busy":
            return Busy(_parts(body))
        case str(code) if code in REFUSALS:
            return Refused(code)
    raise UnexpectedAnswer(f"{type(asked).__name__} {response.status_code}: {body}")


REFUSALS = {
    "already_cancelled",
    "unknown_appointment",
    "too_many_requests",
    "version_mismatch",
    "wrong_status",
    "too_early",
    "outside_working_hours",
    "time_off",
    "unknown_hold",
    "too_many_holds",
}
"""Those that clients may get here, beside those with conflicts."""


State = dict[str, Thing]

SERIES = "series "
"""How the names of patients begin who have a series: that is one name for several appointments."""


def name_of(appointment: Json) -> str:
    """The name of an appointment: its patient's, and in a series the day of its birth, too."""
    name: str = appointment["patient"]["name"]
    if not name.startswith(SERIES):
        return name
    return f"{name.removeprefix(SERIES)}/{appointment['id'].split('.')[1]}"


def name_of_one(series: str, start: int) -> str:
    """The name of an appointment of a series that is to start then."""
    return f"{series}/{FIRST_DAY + timedelta(minutes=start):%Y%m%d}"


def _owner_of(asked: HoldTime | BookSeries) -> str | None:
    return asked.by if isinstance(asked, HoldTime) else asked.owner


def _at() -> float:
    """What the clock shows now by which holds end, in seconds since it started."""
    return round((monotonic() - _STARTED) * CLOCK_RUNS, 3)


def _occurrences(found: Sequence[Json]) -> tuple[tuple[int, str], ...]:
    return tuple((minute(each["start"]), each["code"]) for each in found)


async def final_state(http: httpx.AsyncClient, server: str, round_: Round, tally: Tally) -> State:
    """All appointments of a round, cancelled ones too; one that is there twice is counted.

    The round then knows the ids of all.
    """
    state: State = {}
    for doctor in DOCTORS:
        query = {"doctor_id": doctor, **_listing(round_.window), "status": "all"}
        response = await _asked_until_it_is_answered(http, f"{server}/list_appointments", query)
        for appointment in response.raise_for_status().json()["appointments"]:
            name = name_of(appointment)
            if name in state:
                tally.unexpected[f"{name} is there twice"] += 1
            state[name] = _granted(appointment)
            round_.ids[name] = appointment["id"]
    return state


async def add_holds(store: Store, rounds: Sequence[Round], states: Sequence[State]) -> None:
    """Add what has become of the holds of each round, also of those that nobody knows of."""
    for round_, state in zip(rounds, states, strict=True):
        first, last = (FIRST_DAY + timedelta(minutes=end) for end in round_.window)
        there = dict[str, Hold]()
        async with store.snapshot() as snapshot:
            for doctor in DOCTORS:
                async for day in snapshot.scan(doctor, first.date(), last.date()):
                    there |= {hold.id: hold for hold in day.holds}
        for name, (hold_id, asked) in round_.holds.items():
            stands = there.pop(hold_id, None) is not None
            state[name] = Kept(asked.slot, asked.ends, asked.by, stands)
        unknown = [call.asked for call in round_.calls if isinstance(call.asked, HoldTime)]
        for hold in there.values():
            interval, ends = hold.interval, (hold.ends_at - CLOCK_STARTS).total_seconds()
            slot = Slot(hold.doctor_id, *map(_minutes, interval))
            same = (a for a in unknown if a.name not in state and (a.slot, a.ends) == (slot, ends))
            asked = next(same, None) or HoldTime(hold.id, slot, ends)
            state[asked.name] = Kept(slot, ends, asked.by)


async def add_overrides(store: Store, rounds: Sequence[Round], states: Sequence[State]) -> None:
    """Add what is kept of the overrides of each round, deleted ones too, under their names."""
    for round_, state in zip(rounds, states, strict=True):
        starts = Interval(*(FIRST_DAY + timedelta(minutes=end) for end in round_.window))
        async with store.snapshot() as snapshot:
            for doctor in DOCTORS:
                async for found in snapshot.scan_overrides(doctor, starts):
                    times = (_minutes(instant) for instant in found.interval)
                    stands = found.deleted_at is None
                    state[found.note or ""] = Override(found.kind, Slot(doctor, *times), stands)


async def _asked_until_it_is_answered(
    http: httpx.AsyncClient, url: str, query: Json
) -> httpx.Response:
    """The answer; on a busy machine it may come only after some 503."""
    for _ in range(LONGEST_TRIES):
        response = await http.get(url, params=query, headers=signed_in(None))
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
    return response


def text(minutes: int) -> str:
    """The instant as clients write it."""
    return (FIRST_DAY + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def minute(instant: str) -> int:
    """The minute of an instant."""
    return _minutes(datetime.fromisoformat(instant))


def _minutes(instant: datetime) -> int:
    return (instant - FIRST_DAY) // timedelta(minutes=1)


def _times(slot: Slot) -> Json:
    return {"start": text(slot.start), "end": text(slot.end)}


def _whose(asked: List | Mine, account: str | None) -> Json:
    if isinstance(asked, List):
        return {"doctor_id": asked.doctor}
    return {"patient_id": "me" if asked.owner == account else asked.owner}


def _listing(window: Minutes) -> Json:
    return {"start": text(window[0]), "end": text(window[1]), "page_size": 999}


def _parts(body: Json) -> tuple[Part, ...]:
    """What is taken: by the asking patient's own appointment with its id, which is no name."""
    return tuple(
        (*_span(c), c["appointment_id"]) if "appointment_id" in c else _span(c)
        for c in body["conflicts"]
    )


def _span(appointment: Json) -> Minutes:
    return minute(appointment["start"]), minute(appointment["end"])


def _listed(response: httpx.Response, member: str) -> Listed:
    """A list, in order of start; of those that start at once it is ordered by name, not by id."""
    found = [(name_of(a), *_span(a)) for a in response.json()[member]]
    if found != sorted(found, key=lambda each: each[1]):
        raise UnexpectedAnswer(f"not in order: {found}")
    return Listed(tuple(sorted(found, key=lambda each: (each[1], each[2], each[0]))))


def _granted(body: Json) -> Granted:
    status = body["status"]
    return Granted(
        Slot(body["doctor_id"], *_span(body)),
        booked=status != "cancelled",
        owner=body["patient"].get("id"),
        version=body["version"],
        reason=body.get("reason"),
        mark=status if status in MARKS else None,
        freed_from=minute(body["freed_from"]) if "freed_from" in body else None,
        buffers=SERVICES.get(body.get("service_id", ""), NO_BUFFERS),
    )
