# ruff: noqa: INP001 - the source of functions, not part of a package
"""What the functions are measured against: no work at all, one bare commit, and a transaction.

All settings are the library's own. What it raises is not caught: the framework answers 500.
"""

from collections import deque
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import functions_framework.aio
from google.cloud.firestore import (
    AsyncClient,
    AsyncDocumentReference,
    AsyncTransaction,
    async_transactional,
)
from google.cloud.firestore_v1._helpers import LastUpdateOption
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

DAYS = 400
"""As many as `create.lua` books on."""
SECONDS = 10.0

Wish = dict[str, Any]


@functions_framework.aio.http
async def empty(_request: Request) -> Response:
    """Nothing: what the framework and the library need by themselves."""
    return Response()


@functions_framework.aio.http
async def floor(request: Request) -> Response:
    """201 after one commit that keeps the body: no booking can cost less."""
    wish = await request.body()
    await _known_days().add(wish.decode())
    return Response(status_code=201)


@functions_framework.aio.http
async def create_appointment(request: Request) -> Response:
    """201 and the appointment; or 409 and what is in the way."""
    asked = await request.json()
    start = datetime.fromisoformat(asked["start"])
    end = start + timedelta(minutes=asked["duration_minutes"])
    client = _client()
    day = client.document("doctors", asked["doctor_id"], "days", start.date().isoformat())
    wish = {"start": start, "end": end, "patient": asked["patient"]}
    conflicts = await book(client.transaction(), day, wish)
    if conflicts:
        return JSONResponse({"conflicts": [_as_text(conflict) for conflict in conflicts]}, 409)
    return JSONResponse({**wish, **_as_text(wish)}, 201)


class KnownDays:
    """Documents that nobody else writes, each with its update time after the last commit.

    A document is written by one commit at a time, so that no precondition ever fails.
    """

    def __init__(self, client: AsyncClient, doctor_id: str, count: int) -> None:
        self._client = client
        days = client.collection("doctors", doctor_id, "days")
        self._free: deque[tuple[AsyncDocumentReference, Any]] = deque(
            (days.document(f"{number:04}"), None) for number in range(count)
        )
        self._added = 0

    async def add(self, text: str) -> None:
        """One commit: one entry more in a document, if that is still as it was left."""
        day, left_at = self._free.popleft()
        self._added += 1
        batch = self._client.batch()
        if left_at is None:
            batch.create(day, {"appointments": {f"a{self._added}": text}})
        else:
            field = f"appointments.a{self._added}"
            batch.update(day, {field: text}, option=LastUpdateOption(left_at))
        results = await batch.commit(retry=None, timeout=SECONDS)
        self._free.append((day, results[0].update_time))


@async_transactional
async def book(
    transaction: AsyncTransaction, day: AsyncDocumentReference, wish: Wish
) -> list[Wish]:
    """Add the wish to the day, or return the appointments that are in its way."""
    document = await day.get(transaction=transaction)
    appointments = (document.to_dict() or {}).get("appointments", [])
    conflicts = [a for a in appointments if a["start"] < wish["end"] and wish["start"] < a["end"]]
    if not conflicts:
        transaction.set(day, {"appointments": [*appointments, wish]})
    return conflicts


@cache
def _client() -> AsyncClient:
    return AsyncClient()


@cache
def _known_days() -> KnownDays:
    return KnownDays(_client(), "known", DAYS)


def _as_text(wish: Wish) -> Wish:
    return {"start": wish["start"].isoformat(), "end": wish["end"].isoformat()}
