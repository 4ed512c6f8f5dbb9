"""The entry points: one HTTP function each, for `functions-framework --target NAME`."""

import gc

# What is imported stays for good, so a cold start need not look for garbage in it.
gc.disable()

import os

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

import functions
from shared.runtime import composition, framework

_dependencies = composition.start(os.environ)
framework.serve(_dependencies)

gc.freeze()
gc.enable()


@functions_framework.aio.http
async def create_appointment(request: Request) -> Response:
    """Book an appointment, unless the doctor is not free then."""
    return await functions.create_appointment(request, _dependencies)


@functions_framework.aio.http
async def list_appointments(request: Request) -> Response:
    """List a doctor's appointments in a time window."""
    return await functions.list_appointments(request, _dependencies)


@functions_framework.aio.http
async def first_available(request: Request) -> Response:
    """Find the first times that can be booked."""
    return await functions.first_available(request, _dependencies)


@functions_framework.aio.http
async def get_appointment(request: Request) -> Response:
    """Look an appointment up."""
    return await functions.get_appointment(request, _dependencies)


@functions_framework.aio.http
async def cancel_appointment(request: Request) -> Response:
    """Give an appointment up; its time is free at once."""
    return await functions.cancel_appointment(request, _dependencies)


@functions_framework.aio.http
async def reschedule_appointment(request: Request) -> Response:
    """Move an appointment to another time, day or doctor."""
    return await functions.reschedule_appointment(request, _dependencies)
