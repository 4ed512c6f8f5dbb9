"""Book several appointments by a rule."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from starlette.responses import Response

from shared.http.asked_times import read_time
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import doctors_of, stored_doctors
from shared.http.new_appointments import EXAMPLE
from shared.http.new_series import read_rule, wanted_series
from shared.http.problems import refusal_response
from shared.http.responses import REPLAYED, json_response, outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.create_series import (
    NewSeries,
    SeriesResponse,
)
from shared.http.schemas.opening import UnavailableOccurrence
from shared.model.opening import Opening
from shared.queries.series import openings_of_skipped
from shared.rules.outcomes import (
    BookedSeries,
    KeyReused,
    Refusal,
    SeriesUnavailable,
    TooManyRequests,
    UnclearTime,
    UnknownService,
)
from shared.rules.series import Occasion
from shared.store.port import StoreError

SECONDS_FOR_OPENINGS = 2.0
"""How long a series that is booked may wait for what is free instead of what it skips."""


@endpoint(
    "POST",
    takes=NewSeries,
    example={**EXAMPLE, "rule": "FREQ=WEEKLY;COUNT=10", "if_unavailable": "skip"},
    responses={201: Success("Booked", SeriesResponse)},
    problems=(UnknownDoctor, UnknownService, SeriesUnavailable, TooManyRequests, KeyReused),
    idempotent=True,
    books=True,
    personal=True,
)
async def create_series(call: Call[NewSeries]) -> Response:
    """Book appointments that recur: all at once or, if asked to, those that are free."""
    rule = read_rule(call.asked.rule)
    time = await read_time(call, call.asked)
    if isinstance(time, UnclearTime):
        return refusal_response(time)
    wanted = wanted_series(call, time, rule)
    if isinstance(wanted, Refusal):
        return refusal_response(wanted)
    outcome = await call.dependencies.transactions.run(wanted.command)
    if isinstance(outcome, BookedSeries):
        return await _response(call, outcome, wanted.occasions)
    return await outcome_response(call.dependencies, outcome)


async def _response(
    call: Call[NewSeries], booked: BookedSeries, occasions: Sequence[Occasion]
) -> Response:
    doctors = await doctors_of(call.dependencies, booked.appointments)
    shown = SeriesResponse(
        series_id=booked.series.id,
        appointments=[
            AppointmentResponse.of_appointment(a, doctors[a.doctor_id]) for a in booked.appointments
        ],
        skipped=await _skipped(call, booked, occasions),
    )
    return json_response(shown, 201, REPLAYED if booked.replayed else None)


async def _skipped(
    call: Call[NewSeries], booked: BookedSeries, occasions: Sequence[Occasion]
) -> list[UnavailableOccurrence]:
    """Return what was skipped, with what is free instead by now."""
    skipped = booked.series.skipped
    openings = await _openings(call, [each.local for each in skipped], occasions)
    doctors = await stored_doctors(call.dependencies, {booked.series.doctor_id})
    zone = doctors[booked.series.doctor_id].zone
    return [
        UnavailableOccurrence.of(each.local, each.start, each.code, some, zone)
        for each, some in zip(skipped, openings, strict=True)
    ]


async def _openings(
    call: Call[NewSeries], starts: Sequence[datetime], occasions: Sequence[Occasion]
) -> Sequence[Sequence[Opening]]:
    """Return what is free instead of these occurrences.

    Nothing if the store does not answer soon: the series is booked, and this is only a help.
    """
    by_start = {occasion.local: occasion for occasion in occasions}
    meant = [by_start[start] for start in starts if start in by_start]
    # Nor if this is a retry, and the clinic offers no such thing any more.
    if meant and len(meant) == len(starts):
        with suppress(StoreError, TimeoutError):
            async with (
                asyncio.timeout(SECONDS_FOR_OPENINGS),
                call.dependencies.store.snapshot() as snapshot,
            ):
                return await openings_of_skipped(snapshot, meant, call.now)
    return [()] * len(starts)
