"""Clients as mobile apps are: they collide, lose patience, and send again with the same key."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

import httpx

from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Call,
    Cancel,
    Done,
    First,
    Get,
    Granted,
    Hours,
    List,
    Listed,
    Minutes,
    Move,
    Opening,
    Refused,
    Slot,
    Taken,
)

DAY = 24 * 60
FIRST_DAY = datetime(2099, 1, 1, tzinfo=UTC)
DOCTORS = ("strange", "who")
OPENS, CLOSES = 9 * 60, 17 * 60
DAYS_OF_A_ROUND = 2
DAYS_BETWEEN_ROUNDS = 100  # So that no refusal looks for openings in the days of another round.
LONGEST_TRIES = 40
GIVEN_UP_AT_MOST = 50
PATIENCE_SECONDS = 60
IMPATIENCE_SECONDS = 0.25
PAUSE_SECONDS = 0.2

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What is counted while clients work."""

    operations: int = 0
    retries: int = 0
    given_up: int = 0
    longest: float = 0.0
    unexpected: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

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

    @property
    def window(self) -> Minutes:
        """The days of this round."""
        start = self.number * DAYS_BETWEEN_ROUNDS * DAY
        return start, start + DAYS_OF_A_ROUND * DAY

    def hours(self) -> Hours:
        """When both doctors work: who, around the clock."""
        start, end = self.window
        windows = tuple((day + OPENS, day + CLOSES) for day in range(start, end, DAY))
        return {"strange": windows, "who": ((start, end),)}


class Client:
    """One user: asks for one thing after the other, of any of the servers."""

    def __init__(self, number: int, round_: Round, servers: Sequence[str], tally: Tally) -> None:
        self._name = f"{round_.number}.{number}"
        self._round = round_
        self._servers = servers
        self._tally = tally
        self._random = Random(self._name)  # noqa: S311 - to be repeated
        self._made = 0

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

    def _wish(self) -> Asked:
        choice, known = self._random.choice, list(self._round.ids)
        kinds = [Book] * 6 + ([Move] * 3 + [Cancel] * 2 + [Get] if known else [])
        match choice([*kinds, List, First]):
            case kind if kind is Book:
                self._made += 1
                return Book(f"{self._name}.{self._made}", self._slot())
            case kind if kind is Move:
                return Move(choice(known), self._slot())
            case kind if kind is Cancel:
                return Cancel(choice(known))
            case kind if kind is Get:
                return Get(choice(known))
            case kind if kind is List:
                return List(choice(DOCTORS), self._window())
        return First(choice(DOCTORS), self._window(), choice([30, 60, 120]))

    def _window(self) -> Minutes:
        days = self._round.seen_at_once
        first = self._random.randrange(DAYS_OF_A_ROUND - days + 1)
        start = self._round.window[0] + first * DAY
        return start, start + days * DAY

    def _slot(self) -> Slot:
        first = self._round.window[0]
        length = self._random.choice([15, 20, 30, 45])
        if self._random.random() < 0.5:
            day = first + DAY * self._random.randrange(DAYS_OF_A_ROUND)
            start = day + self._random.randrange(OPENS, CLOSES - length, 5)
            return Slot("strange", start, start + length)
        # Most about midnight, where appointments touch two doctor-days.
        before, after = (DAY - 240, DAY + 240)
        start = first + self._random.randrange(before, after - length, 5)
        return Slot("who", start, start + length)

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
        method, function, content = request_of(asked, self._round.ids)
        url = f"{self._random.choice(self._servers)}/{function}"
        began = monotonic()
        try:
            async with asyncio.timeout(patience):
                if method == "GET":
                    response = await http.get(url, params=content)
                else:
                    headers = {} if isinstance(asked, Cancel) else {"Idempotency-Key": key}
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
        self._tally.answers[type(answer).__name__] += 1
        calls, writes = self._round.calls, isinstance(asked, Book | Move | Cancel)
        if isinstance(asked, Book) and isinstance(answer, Granted):
            self._round.ids[asked.name] = response.json()["id"]
        if isinstance(answer, Granted) and isinstance(asked, Book | Move | Cancel):
            if lost or answer != expected_of(asked, answer):
                calls.append(Call(began, asked, answered, Done()))
                calls.append(Call(invoked, Get(asked.name), answered, answer))
                return
        elif lost and writes:
            calls.append(Call(began, asked))
        calls.append(Call(invoked, asked, answered, answer))


class UnexpectedAnswer(Exception):
    """An answer that no client should ever get here."""


def expected_of(asked: Book | Move | Cancel, answer: Granted) -> Granted:
    """What is answered right after an operation."""
    if isinstance(asked, Cancel):
        return Granted(answer.slot, booked=False)
    return Granted(asked.slot)


def request_of(asked: Asked, ids: dict[str, str]) -> tuple[str, str, Json]:
    """Method, function, and the parameters or the body."""
    match asked:
        case Book(name, slot):
            content = {"doctor_id": slot.doctor, **_times(slot), "patient": {"name": name}}
            return "POST", "create_appointment", content
        case Move(name, slot):
            content = {"appointment_id": ids[name], "doctor_id": slot.doctor, **_times(slot)}
            return "POST", "reschedule_appointment", content
        case Cancel(name):
            return "POST", "cancel_appointment", {"appointment_id": ids[name]}
        case Get(name):
            return "GET", "get_appointment", {"appointment_id": ids[name]}
        case List(doctor, window):
            return "GET", "list_appointments", _listing(doctor, window)
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
            spans = ((minute(c["start"]), minute(c["end"])) for c in body["conflicts"])
            return Taken(tuple(spans))
        case (_, "already_cancelled" | "unknown_appointment" as code):
            return Refused(code)
        case (200 | 201, _):
            pass
        case _:
            raise UnexpectedAnswer(f"{type(asked).__name__} {response.status_code}: {body}")
    if isinstance(asked, List):
        found = ((a["patient"]["name"], *_span(a)) for a in body["appointments"])
        return Listed(tuple(found))
    if isinstance(asked, First):
        return Opening(minute(body["openings"][0]["start"]) if body["openings"] else None)
    return _granted(body)


async def final_state(
    http: httpx.AsyncClient, server: str, round_: Round, tally: Tally
) -> Appointments:
    """All appointments of a round, cancelled ones too; one that is there twice is counted."""
    state: Appointments = {}
    for doctor in DOCTORS:
        query = {**_listing(doctor, round_.window), "status": "all"}
        response = await _asked_until_it_is_answered(http, f"{server}/list_appointments", query)
        for appointment in response.raise_for_status().json()["appointments"]:
            name = appointment["patient"]["name"]
            if name in state:
                tally.unexpected[f"{name} is there twice"] += 1
            state[name] = _granted(appointment)
    return state


async def _asked_until_it_is_answered(
    http: httpx.AsyncClient, url: str, query: Json
) -> httpx.Response:
    """The answer; on a busy machine it may come only after some 503."""
    for _ in range(LONGEST_TRIES):
        response = await http.get(url, params=query)
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


def _listing(doctor: str, window: Minutes) -> Json:
    return {"doctor_id": doctor, "start": text(window[0]), "end": text(window[1]), "page_size": 999}


def _span(appointment: Json) -> Minutes:
    return minute(appointment["start"]), minute(appointment["end"])


def _granted(body: Json) -> Granted:
    slot = Slot(body["doctor_id"], *_span(body))
    return Granted(slot, booked=body["status"] == "booked")
