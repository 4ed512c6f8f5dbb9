"""Book several appointments by a rule."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace
from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctors_of, stored_doctors
from shared.http.new_appointments import EXAMPLE
from shared.http.new_series import read_rule, wanted_series
from shared.http.problems import refusal_response
from shared.http.request_errors import UnknownDoctor
from shared.http.responses import REPLAYED, json_response, outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.create_series import NewSeries, SeriesResponse
from shared.http.schemas.time_ranges import UnavailableOccurrence
from shared.http.wanted_times import read_time
from shared.model.opening import Opening
from shared.model.series import Skipped
from shared.queries.series_openings import openings_of_skipped
from shared.rules.outcomes import BookedSeries
from shared.rules.refusals import (
    DayFull,
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
"""How long the answer may wait for what is free instead of what is not booked."""


@endpoint(
    "POST",
    group="Series",
    takes=NewSeries,
    example={**EXAMPLE, "rule": "FREQ=WEEKLY;COUNT=10", "if_unavailable": "skip"},
    responses={201: Success("Booked", SeriesResponse)},
    problems=(UnknownDoctor, UnknownService, SeriesUnavailable, TooManyRequests, KeyReused),
    idempotent=True,
    books=True,
    personal=True,
)
async def create_series(call: Call[NewSeries]) -> Response:
    """Book appointments that recur: all at once or, if asked to, those that are free.

    All occurrences are booked in one step, at the same time of the doctor's wall clock. With
    `if_unavailable` as `refuse`, the default, nothing is booked unless all of them can be.
    """
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
    if isinstance(outcome, SeriesUnavailable):
        openings = await _openings(call, outcome.unavailable, wanted.occasions)
        outcome = replace(outcome, openings=openings)
    return await outcome_response(call.dependencies, outcome)


async def _response(
    call: Call[NewSeries], booked: BookedSeries, occasions: Sequence[Occasion]
) -> Response:
    series, dependencies = booked.series, call.dependencies
    doctors = await doctors_of(dependencies, booked.appointments)
    with_whom = await stored_doctors(dependencies, {series.doctor_id})
    zone = with_whom[series.doctor_id].zone
    openings = await _openings(call, series.skipped, occasions)
    shown = SeriesResponse(
        series_id=series.id,
        appointments=[
            AppointmentResponse.of_appointment(a, doctors[a.doctor_id]) for a in booked.appointments
        ],
        skipped=[
            UnavailableOccurrence.of(each, some, zone)
            for each, some in zip(series.skipped, openings, strict=True)
        ],
    )
    return json_response(shown, 201, REPLAYED if booked.replayed else None)


async def _openings(
    call: Call[NewSeries], skipped: Sequence[Skipped], occasions: Sequence[Occasion]
) -> tuple[tuple[Opening, ...], ...]:
    """Return what is free instead of these occurrences by now.

    Nothing if the store does not answer soon: what became of the series is certain, and this is
    only a help. Nor if this is a retry, and the clinic offers no such thing any more. A day that is
    full has free time, and no room for any.
    """
    by_start = {occasion.local: occasion for occasion in occasions}
    meant = [each.local for each in skipped if each.code != DayFull.code]
    if meant and all(each.local in by_start for each in skipped):
        with suppress(StoreError, TimeoutError):
            async with (
                asyncio.timeout(SECONDS_FOR_OPENINGS),
                call.dependencies.store.snapshot() as snapshot,
            ):
                sought = [by_start[local] for local in meant]
                found = await openings_of_skipped(snapshot, sought, call.now)
                by_time = dict(zip(meant, map(tuple, found), strict=True))
                return tuple(by_time.get(each.local, ()) for each in skipped)
    return ((),) * len(skipped)
