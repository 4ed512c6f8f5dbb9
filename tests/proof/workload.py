"""Clients as mobile apps are: they collide, lose patience, and send again with the same key.

Most are staff, who book for people without an account, and sometimes for a patient who has one.
Some are patients, a few of whom have one account: signed in on several phones at once.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

import httpx

from tests.proof.accounts import ALLOWED, signed_in
from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Busy,
    Call,
    Cancel,
    Done,
    First,
    Get,
    Granted,
    History,
    Hours,
    List,
    Listed,
    Mine,
    Minutes,
    Move,
    Opening,
    Part,
    Refused,
    Slot,
    Taken,
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

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What is counted while clients work."""

    operations: int = 0
    by_patients: int = 0
    retries: int = 0
    given_up: int = 0
    longest: float = 0.0
    unexpected: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """By kind, and refusals by their code."""

    @property
    def stuck(self) -> bool:
        """Whether to wait any longer is in vain: whoever asks has nearly never an answer."""
        return self.longest >= PATIENCE_SECONDS or self.given_up > GIVEN_UP_AT_MOST


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

    def history(self, state: Appointments) -> History:
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
            self._tally.by_patients += self._account is not None

    def _wish(self) -> Asked:
        choice, by, known = self._random.choice, self._account, self._known()
        kinds = [Book] * 6 + ([Move] * 3 + [Cancel] * 2 + [Get] if known else [])
        match choice([*kinds, List, First]):
            case kind if kind is Book:
                self._made += 1
                return Book(f"{self._name}.{self._made}", self._slot(), self._for_whom(), by)
            case kind if kind is Move:
                return Move(choice(known), self._slot(), by)
            case kind if kind is Cancel:
                return Cancel(choice(known), by)
            case kind if kind is Get:
                return Get(choice(known), by)
            case kind if kind is List:
                return self._list()
        return First(choice(DOCTORS), self._window(), choice([30, 60, 120]))

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
            start = self._in_a_day(OPENS, CLOSES - length)
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
            lost = True
            self._tally.retries += 1
            await asyncio.sleep(self._random.uniform(0, PAUSE_SECONDS))
        self._tally.given_up += 1
        self._round.calls.append(Call(began, asked))

    async def _send(self, http: httpx.AsyncClient, asked: Asked, key: str) -> httpx.Response | None:
        """One try. None: no answer, or none that says what happened."""
        hurried = self._random.random() < 0.05
        patience = IMPATIENCE_SECONDS if hurried else PATIENCE_SECONDS
        method, function, content = request_of(asked, self._round.ids, self._account)
        headers = dict(signed_in(self._account))
        url = f"{self._random.choice(self._servers)}/{function}"
        began = monotonic()
        try:
            async with asyncio.timeout(patience):
                if method == "GET":
                    response = await http.get(url, params=content, headers=headers)
                else:
                    headers |= {} if isinstance(asked, Cancel) else {"Idempotency-Key": key}
                    response = await http.post(url, json=content, headers=headers)
        except TimeoutError:
            self._tally.longest = max(self._tally.longest, 0 if hurried else monotonic() - began)
            return None
        except httpx.TransportError:
            return None
        self._tally.longest = max(self._tally.longest, monotonic() - began)
        return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response

    def _record(
        self, asked: Asked, response: httpx.Response, began: float, invoked: float, *, lost: bool
    ) -> None:
        """Note what is certain: an earlier try without an answer may have done it, or will yet."""
        answered, answer = monotonic(), answer_of(asked, response)
        kind = answer.code if isinstance(answer, Refused) else type(answer).__name__
        self._tally.answers[kind] += 1
        calls, writes = self._round.calls, isinstance(asked, Book | Move | Cancel)
        if isinstance(asked, Book) and isinstance(answer, Granted):
            self._round.ids[asked.name] = response.json()["id"]
            self._round.owners[asked.name] = asked.owner
        if isinstance(answer, Granted) and isinstance(asked, Book | Move | Cancel):
            if lost or answer != expected_of(asked, answer):
                calls.append(Call(began, asked, answered, Done()))
                calls.append(Call(invoked, Get(asked.name, asked.by), answered, answer))
                return
        elif lost and writes:
            calls.append(Call(began, asked))
        calls.append(Call(invoked, asked, answered, answer))


class UnexpectedAnswer(Exception):
    """An answer that no client should ever get here."""


def expected_of(asked: Book | Move | Cancel, answer: Granted) -> Granted:
    """What is answered right after an operation."""
    if isinstance(asked, Cancel):
        return replace(answer, booked=False)
    return Granted(asked.slot, owner=asked.owner if isinstance(asked, Book) else answer.owner)


def request_of(asked: Asked, ids: dict[str, str], account: str | None) -> tuple[str, str, Json]:
    """Method, function, and the parameters or the body, as this patient, or staff, would send."""
    match asked:
        case Book(name, slot, owner):
            patient = {"name": name} | ({} if owner in (None, account) else {"id": owner})
            content = {"doctor_id": slot.doctor, **_times(slot), "patient": patient}
            return "POST", "create_appointment", content
        case Move(name, slot):
            content = {"appointment_id": ids[name], "doctor_id": slot.doctor, **_times(slot)}
            return "POST", "reschedule_appointment", content
        case Cancel(name):
            return "POST", "cancel_appointment", {"appointment_id": ids[name]}
        case Get(name):
            return "GET", "get_appointment", {"appointment_id": ids[name]}
        case List() | Mine():
            return "GET", "list_appointments", _whose(asked, account) | _listing(asked.window)
        case First(doctor, (after, until), length):
            span = {"after": text(after), "until": text(until)}
            return (
                "GET",
                "first_available",
                {"doctor_id": doctor, **span, "duration_minutes": length},
            )


def answer_of(asked: Asked, response: httpx.Response) -> Answer:
    """What an answer says. Raises UnexpectedAnswer where it should never have been given."""
    body: Json = response.json()
    match response.status_code, body.get("code"):
        case (409, "slot_taken"):
            return Taken(_parts(body))
        case (409, "patient_busy"):
            return Busy(_parts(body))
        case (_, "already_cancelled" | "unknown_appointment" | "too_many_requests" as code):
            return Refused(code)
        case (200 | 201, _):
            pass
        case _:
            raise UnexpectedAnswer(f"{type(asked).__name__} {response.status_code}: {body}")
    if isinstance(asked, List | Mine):
        found = ((a["patient"]["name"], *_span(a)) for a in body["appointments"])
        return Listed(tuple(found))
    if isinstance(asked, First):
        return Opening(minute(body["openings"][0]["start"]) if body["openings"] else None)
    return _granted(body)


async def final_state(
    http: httpx.AsyncClient, server: str, round_: Round, tally: Tally
) -> Appointments:
    """All appointments of a round, cancelled ones too; one that is there twice is counted.

    The round then knows the ids of all.
    """
    state: Appointments = {}
    for doctor in DOCTORS:
        query = {"doctor_id": doctor, **_listing(round_.window), "status": "all"}
        response = await _asked_until_it_is_answered(http, f"{server}/list_appointments", query)
        for appointment in response.raise_for_status().json()["appointments"]:
            name = appointment["patient"]["name"]
            if name in state:
                tally.unexpected[f"{name} is there twice"] += 1
            state[name] = _granted(appointment)
            round_.ids[name] = appointment["id"]
    return state


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
    return (datetime.fromisoformat(instant) - FIRST_DAY) // timedelta(minutes=1)


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


def _granted(body: Json) -> Granted:
    slot = Slot(body["doctor_id"], *_span(body))
    return Granted(slot, body["status"] == "booked", body["patient"].get("id"))
