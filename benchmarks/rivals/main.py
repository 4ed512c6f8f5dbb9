# ruff: noqa: INP001 - the source of functions, not part of a package
"""The rivals of the functions: no work at all, one bare commit or read, and a transaction.

All settings are the library's own. Its errors are not caught: the framework answers 500.
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
"""The number of days that `create.lua` books on."""
DAYS_READ = 10
SECONDS = 10.0

Fields = dict[str, Any]


@functions_framework.aio.http
async def empty(_request: Request) -> Response:
    """Do nothing; what remains is the cost of the framework and the library."""
    return Response()


@functions_framework.aio.http
async def floor(request: Request) -> Response:
    """Answer 201 after one commit that stores the body: no booking can cost less."""
    body = await request.body()
    await _known_days().add(body.decode())
    return Response(status_code=201)


@functions_framework.aio.http
async def read(request: Request) -> Response:
    """Answer when a call has read the days that a search reads first: no search costs less."""
    doctor_id, after = (request.query_params[name] for name in ("doctor_id", "after"))
    first = datetime.fromisoformat(after).date()
    schedule = _client().collection("doctors", doctor_id, "schedule")
    days = [schedule.document(f"{first + timedelta(days=n)}") for n in range(DAYS_READ)]
    async for _ in _client().get_all(days):
        pass
    return Response()


@functions_framework.aio.http
async def create_appointment(request: Request) -> Response:
    """Answer 201 and the appointment, or 409 and the conflicts."""
    asked = await request.json()
    start = datetime.fromisoformat(asked["start"])
    end = start + timedelta(minutes=asked["duration_minutes"])
    client = _client()
    day = client.document("doctors", asked["doctor_id"], "days", start.date().isoformat())
    fields = {"start": start, "end": end, "patient": asked["patient"]}
    conflicts = await book(client.transaction(), day, fields)
    if conflicts:
        return JSONResponse({"conflicts": [_as_text(conflict) for conflict in conflicts]}, 409)
    return JSONResponse({**fields, **_as_text(fields)}, 201)


class KnownDays:
    """Documents that nobody else writes, each with its update time after the last commit.

    Each document has at most one commit at a time, so no precondition ever fails.
    """

    def __init__(self, client: AsyncClient, doctor_id: str, count: int) -> None:
        self._client = client
        days = client.collection("doctors", doctor_id, "days")
        self._free: deque[tuple[AsyncDocumentReference, Any]] = deque(
            (days.document(f"{number:04}"), None) for number in range(count)
        )
        self._added = 0

    async def add(self, text: str) -> None:
        """Add one entry to a document by one commit, if the document is unchanged."""
        day, version = self._free.popleft()
        self._added += 1
        batch = self._client.batch()
        if version is None:
            batch.create(day, {"appointments": {f"a{self._added}": text}})
        else:
            field = f"appointments.a{self._added}"
            batch.update(day, {field: text}, option=LastUpdateOption(version))
        results = await batch.commit(retry=None, timeout=SECONDS)
        self._free.append((day, results[0].update_time))


@async_transactional
async def book(
    transaction: AsyncTransaction, day: AsyncDocumentReference, new: Fields
) -> list[Fields]:
    """Add an appointment to the day, or return those that conflict with it."""
    document = await day.get(transaction=transaction)
    appointments = (document.to_dict() or {}).get("appointments", [])
    conflicts = [a for a in appointments if a["start"] < new["end"] and new["start"] < a["end"]]
    if not conflicts:
        transaction.set(day, {"appointments": [*appointments, new]})
    return conflicts


@cache
def _client() -> AsyncClient:
    return AsyncClient()


@cache
def _known_days() -> KnownDays:
    return KnownDays(_client(), "known", DAYS)


def _as_text(fields: Fields) -> Fields:
    return {name: fields[name].isoformat() for name in ("start", "end")}
