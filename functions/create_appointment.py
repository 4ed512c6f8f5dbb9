"""Book an appointment."""

import secrets
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import doctor_of, find_doctor
from shared.http.problems import refusal_response
from shared.http.requests import read_body, read_idempotency_key
from shared.http.responses import json_response, outcome_response
from shared.http.schemas.appointment import (
    AppointmentResponse,
    NewAppointment,
    ValidatedAppointment,
)
from shared.model.appointment_id import appointment_id
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.booking import Booking, book
from shared.rules.outcomes import (
    Accepted,
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    Replayed,
    SlotTaken,
    UnclearTime,
)
from shared.rules.wall_clock import day_key
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency


@endpoint(
    "POST",
    takes=NewAppointment,
    example={
        "doctor_id": "strange",
        "start": "2030-01-07T09:00:00",
        "duration_minutes": 30,
        "patient": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "reason": "check-up",
    },
    responses={
        200: Success("It could be booked now (`validate_only`)", ValidatedAppointment),
        201: Success("Booked", AppointmentResponse),
    },
    problems=(UnknownDoctor, SlotTaken, OutsideWorkingHours, InThePast, KeyReused),
    idempotent=True,
    books=True,
    personal=True,
)
async def create_appointment(request: Request, dependencies: Dependencies) -> Response:
    """Book an appointment, unless the doctor is not free then."""
    now = dependencies.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, NewAppointment)
    doctor = await find_doctor(dependencies, asked.doctor_id)
    interval = asked.time().on_clock_of(doctor.zone)
    if isinstance(interval, UnclearTime):
        return refusal_response(interval)
    command = _command(asked, doctor, interval, now, key)
    if not asked.validate_only:
        return await outcome_response(
            dependencies, await dependencies.transactions.run(command), 201
        )
    outcome = await dependencies.transactions.preview(command)
    if isinstance(outcome, Accepted | Replayed):
        doctor = await doctor_of(dependencies, outcome.appointment)
        return json_response(ValidatedAppointment.of_validated(outcome.appointment, doctor))
    return await outcome_response(dependencies, outcome)


def _command(
    asked: NewAppointment, doctor: Doctor, interval: Interval, now: datetime, key: str | None
) -> Command:
    day = day_key(doctor, interval.start)
    new_id = appointment_id(day, secrets.token_hex(12))
    appointment = asked.appointment(new_id, doctor, interval, now)
    # Two requests are the same if they ask for the same, however it is spelled.
    request = ["create_appointment", *appointment.requested()]
    return Command(
        days=frozenset({day}),
        decide=partial(book, booking=Booking(doctor, appointment), now=now),
        now=now,
        appointment_id=new_id,
        idempotency=None if key is None else Idempotency.of(key, request),
    )
