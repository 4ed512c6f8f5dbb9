"""Who is told of events in the proof: a webhook that fails at times, and what has arrived there."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import uvicorn
from standardwebhooks import Webhook
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.ports import HOST, free_port

SECRET = "whsec_" + "c2VjcmV0" * 4
REFUSED = 0.02
"""So often an event is not taken, and so often it is taken and the sender told that it is not."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it arrived: the name of the event, and what it says."""

    name: str
    type: str
    appointment_id: str
    version: int


@dataclass(slots=True)
class Receiver:
    """A webhook: what arrived, in order; an event may arrive more than once."""

    port: int
    arrived: list[Told] = field(default_factory=list)
    tries: int = 0
    patient: bool = True
    """Whether it takes all that it is sent."""
    _random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - the same each time

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}/hook"

    @property
    def settings(self) -> dict[str, str]:
        """The settings of functions that tell it."""
        return {"WEBHOOK_URLS": self.url, "WEBHOOK_SECRET": SECRET}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take an event, or not."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return  # Who was sending was killed.
        # It lets time pass only between the reading and the answer of another one.
        response = Response(status_code=self._take(body, request.headers))
        await response(scope, receive, send)

    def _take(self, body: bytes, headers: Mapping[str, str]) -> int:
        self.tries += 1
        mood = 1.0 if self.patient else self._random.random()
        if mood < REFUSED:
            return 503
        # Not by the library's `verify`, which asks for the right time: the sender's clock may jump.
        name, sent_at = headers["webhook-id"], int(headers["webhook-timestamp"])
        right = Webhook(SECRET).sign(name, datetime.fromtimestamp(sent_at, UTC), body.decode())
        assert headers["webhook-signature"] == right, "forged"
        event = json.loads(body)
        data = event["data"]
        self.arrived.append(Told(name, event["type"], data["id"], data["version"]))
        return 500 if mood < 2 * REFUSED else 204


@asynccontextmanager
async def listening(*, patient: bool = False) -> AsyncIterator[Receiver]:
    """A webhook that listens."""
    receiver = Receiver(free_port(), patient=patient)
    config = uvicorn.Config(
        receiver, host=HOST, port=receiver.port, lifespan="off", log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving


def wrong_events(arrived: Sequence[Told], versions: Mapping[str, int]) -> list[str]:
    """Sentences about each appointment that not all versions of arrived, once each, in order.

    `versions` are those of all appointments by id. An event that arrived again counts only once.
    """
    first = {told.name: told for told in reversed(arrived)}
    names = list(dict.fromkeys(told.name for told in arrived))
    told_of: dict[str, list[int]] = {name: [] for name in versions}
    for name in names:
        told = first[name]
        if told.type != "appointment.affected":
            told_of.setdefault(told.appointment_id, []).append(told.version)
    return [
        f"{appointment_id} has {versions.get(appointment_id, 0)} versions, and told was of {found}"
        for appointment_id, found in told_of.items()
        if found != list(range(1, versions.get(appointment_id, 0) + 1))
    ]


def affected(arrived: Collection[Told]) -> int:
    """How many were told that time off affects them."""
    return len({told.name for told in arrived if told.type == "appointment.affected"})
