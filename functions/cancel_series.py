"""Cancel what is left of a series."""

from functools import partial

from msgspec.structs import replace
from starlette.responses import Response

from shared.access.permissions import may_see_series
from shared.http.call import Call
from shared.http.changes import this_attempt
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctors_of, stored_doctors
from shared.http.problems import refusal_response
from shared.http.responses import json_response, outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.cancel_series import (
    CancelledSeriesResponse,
    CancelSeriesRequest,
    KeptAppointment,
)
from shared.model.appointment_id import home_day
from shared.model.clinic import Clinic
from shared.model.series import Series, is_series_id
from shared.rules.cancelling_series import SeriesCancellation
from shared.rules.cancelling_series import cancel_series as decide
from shared.rules.existing_appointment import Doctors, Sought
from shared.rules.outcomes import CancelledSeries, Outcome
from shared.rules.refusals import TooManyRequests, UnknownSeries
from shared.store.port import Keys
from shared.transactions.command import Command, accounts
from shared.transactions.known_doctors import run_with_doctors


@endpoint(
    "POST",
    group="Series",
    takes=CancelSeriesRequest,
    example={"series_id": "strange.series.5f2c", "after": "2030-03-01T00:00:00Z"},
    responses={200: Success("Cancelled, now or before", CancelledSeriesResponse)},
    problems=(UnknownSeries, TooManyRequests),
    personal=True,
)
async def cancel_series(call: Call[CancelSeriesRequest]) -> Response:
    """Cancel all appointments of a series that start at or after an instant, at once.

    Those that started before, and those that may not be cancelled any more, stay. To cancel it
    again answers the same.
    """
    series = await _series(call)
    if series is None:
        return refusal_response(UnknownSeries())
    outcome = await _cancelled(call, series)
    if not isinstance(outcome, CancelledSeries):
        return await outcome_response(call.dependencies, outcome)
    doctors = await doctors_of(call.dependencies, outcome.cancelled)
    shown = CancelledSeriesResponse(
        cancelled=[
            AppointmentResponse.of_appointment(a, doctors[a.doctor_id]) for a in outcome.cancelled
        ],
        kept=[KeptAppointment(**kept._asdict()) for kept in outcome.kept],
    )
    return json_response(shown)


async def _series(call: Call[CancelSeriesRequest]) -> Series | None:
    """Return the series that the request names; None if the caller may not see it."""
    name = call.asked.series_id
    if not is_series_id(name):
        return None
    async with call.dependencies.store.snapshot() as snapshot:
        series = (await snapshot.load(Keys(series=[name]))).series[name]
    return series if series and may_see_series(call.caller, series) else None


async def _cancelled(call: Call[CancelSeriesRequest], series: Series) -> Outcome:
    dependencies, asked = call.dependencies, call.asked
    clinic = await dependencies.clinic_cache.clinic()
    doctors = await stored_doctors(dependencies, {series.doctor_id})
    zone = doctors[series.doctor_id].zone
    after = asked.after.as_start(zone) if asked.after else call.now
    # Others may move one behind the instant before an attempt whose answer was lost is made again.
    attempt = this_attempt(call, series.id)

    def command(doctors: Doctors) -> Command:
        sought = _sought(call, series, clinic, doctors)
        request = SeriesCancellation(sought, call.caller, after, asked.reason)
        done = replace(request, done=True)
        births = frozenset(each.birth for each in sought)
        return Command(
            days=frozenset(each.home for each in sought),
            decide=partial(decide, request=request, now=call.now),
            now=call.arrived_at,
            subject=series.id,
            caller=call.caller,
            births=births,
            patients=accounts(call.caller.patient),
            elsewhere=births,
            idempotency=attempt,
            afterwards=partial(decide, request=done, now=call.now),
        )

    return await run_with_doctors(
        dependencies.transactions, dependencies.doctor_cache, {series.doctor_id}, command
    )


def _sought(
    call: Call[CancelSeriesRequest], series: Series, clinic: Clinic, doctors: Doctors
) -> tuple[Sought, ...]:
    about = call.caller, clinic, None, call.arrived_at
    homes = {name: home for name in series.appointment_ids if (home := home_day(name))}
    return tuple(Sought(name, home, doctors, *about) for name, home in homes.items())
