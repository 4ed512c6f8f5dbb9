# ruff: noqa: INP001 - the source of a function, not part of a package
"""The rival of `benchmarks.hot_day`: the same function, deciding in the library's transaction.

It reads the day in the transaction, looks for an overlap and writes the day back. All settings
are the library's own, and what the library raises is not caught: the framework answers 500.
"""

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
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Wish = dict[str, Any]


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


@functions_framework.aio.http
async def empty(_request: Request) -> Response:
    """Nothing: what the framework and the library need by themselves."""
    return Response()


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


def _as_text(wish: Wish) -> Wish:
    return {"start": wish["start"].isoformat(), "end": wish["end"].isoformat()}
