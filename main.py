"""The entry points: one HTTP function each, for `functions-framework --target NAME`."""

import os

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime import (
    cold_start,  # isort: split - the first import: it makes others faster
    composition,
    framework,
    listening,
)
from shared.runtime.endpoints import ServedEndpoints

_dependencies = composition.start(os.environ, exposed=listening.is_exposed())
_functions = ServedEndpoints(os.environ.get("FUNCTION_TARGET"))
framework.serve(_dependencies)
cold_start.finish()


@functions_framework.aio.http
async def create_appointment(request: Request) -> Response:
    """Book an appointment, unless the doctor is not free then."""
    return await _functions["create_appointment"](request, _dependencies)


@functions_framework.aio.http
async def list_appointments(request: Request) -> Response:
    """List the appointments of doctors or a patient that overlap a time window."""
    return await _functions["list_appointments"](request, _dependencies)


@functions_framework.aio.http
async def first_available(request: Request) -> Response:
    """Find the first times that can be booked."""
    return await _functions["first_available"](request, _dependencies)


@functions_framework.aio.http
async def get_appointment(request: Request) -> Response:
    """Look up an appointment."""
    return await _functions["get_appointment"](request, _dependencies)


@functions_framework.aio.http
async def cancel_appointment(request: Request) -> Response:
    """Cancel an appointment; its time is free at once."""
    return await _functions["cancel_appointment"](request, _dependencies)


@functions_framework.aio.http
async def reschedule_appointment(request: Request) -> Response:
    """Move an appointment to another time, day or doctor; its id stays."""
    return await _functions["reschedule_appointment"](request, _dependencies)


@functions_framework.aio.http
async def export_patient(request: Request) -> Response:
    """Export all that is kept of a patient, page by page."""
    return await _functions["export_patient"](request, _dependencies)


@functions_framework.aio.http
async def erase_patient(request: Request) -> Response:
    """Erase a patient from every appointment, and cancel those that lie ahead."""
    return await _functions["erase_patient"](request, _dependencies)


@functions_framework.aio.http
async def mark_appointment(request: Request) -> Response:
    """Record that a patient arrived, was seen, or did not come."""
    return await _functions["mark_appointment"](request, _dependencies)


@functions_framework.aio.http
async def update_appointment(request: Request) -> Response:
    """Correct who comes to an appointment, and why, without a move."""
    return await _functions["update_appointment"](request, _dependencies)


@functions_framework.aio.http
async def validate_appointment(request: Request) -> Response:
    """Tell whether an appointment could be booked now, or why not; nothing is written."""
    return await _functions["validate_appointment"](request, _dependencies)


@functions_framework.aio.http
async def list_doctors(request: Request) -> Response:
    """List the doctors that can be booked: their hours by the week, and their services."""
    return await _functions["list_doctors"](request, _dependencies)


@functions_framework.aio.http
async def list_services(request: Request) -> Response:
    """List the services that can be booked: the kinds of appointments."""
    return await _functions["list_services"](request, _dependencies)


@functions_framework.aio.http
async def list_openings(request: Request) -> Response:
    """List all times that can be booked in a few weeks, for a calendar."""
    return await _functions["list_openings"](request, _dependencies)


@functions_framework.aio.http
async def create_override(request: Request) -> Response:
    """Take time off a doctor's calendar, or add hours to it."""
    return await _functions["create_override"](request, _dependencies)


@functions_framework.aio.http
async def delete_override(request: Request) -> Response:
    """Delete an override; the week counts again."""
    return await _functions["delete_override"](request, _dependencies)


@functions_framework.aio.http
async def list_overrides(request: Request) -> Response:
    """List the overrides of a doctor that overlap a time window."""
    return await _functions["list_overrides"](request, _dependencies)


@functions_framework.aio.http
async def hold_time(request: Request) -> Response:
    """Keep a time for a few minutes, so that nobody else books it meanwhile."""
    return await _functions["hold_time"](request, _dependencies)


@functions_framework.aio.http
async def release_hold(request: Request) -> Response:
    """Give up a hold, so that its time is free at once; of others' holds nothing happens."""
    return await _functions["release_hold"](request, _dependencies)


@functions_framework.aio.http
async def create_series(request: Request) -> Response:
    """Book appointments that recur: all at once or, if asked to, those that are free."""
    return await _functions["create_series"](request, _dependencies)


@functions_framework.aio.http
async def deliver_events(request: Request) -> Response:
    """Deliver the events that are due to webhooks, mail and Pub/Sub."""
    return await _functions["deliver_events"](request, _dependencies)


@functions_framework.aio.http
async def appointment_calendar(request: Request) -> Response:
    """Get an appointment as a file that calendars import."""
    return await _functions["appointment_calendar"](request, _dependencies)


@functions_framework.aio.http
async def create_calendar_link(request: Request) -> Response:
    """Get the secret link to a doctor's calendar, or make another in its place."""
    return await _functions["create_calendar_link"](request, _dependencies)


@functions_framework.aio.http
async def doctor_calendar(request: Request) -> Response:
    """Get the calendar that a secret link opens, for calendars that subscribe to it."""
    return await _functions["doctor_calendar"](request, _dependencies)


@functions_framework.aio.http
async def cancel_series(request: Request) -> Response:
    """Cancel all appointments of a series that start at or after an instant, at once."""
    return await _functions["cancel_series"](request, _dependencies)
