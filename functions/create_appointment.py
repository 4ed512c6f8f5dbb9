"""Book an appointment, unless the doctor is not free then."""

import secrets
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.requests import (
    asked_interval,
    doctor_of,
    find_doctor,
    read_body,
    read_idempotency_key,
)
from shared.http.responses import answer, granted_response, refusal_response
from shared.http.schemas import CreateAppointment, ValidatedAppointment
from shared.model.appointment_id import appointment_id
from shared.model.doctor import Doctor
from shared.rules.booking import Booking, book
from shared.rules.outcomes import Accepted, Refusal, Replayed
from shared.rules.wall_clock import day_key
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency


@endpoint("POST")
async def create_appointment(request: Request, dependencies: Dependencies) -> Response:
    """201, or why not; see `CreateAppointment` for the body."""
    now = dependencies.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, CreateAppointment)
    doctor = await find_doctor(dependencies, asked.doctor_id)
    command = _command(asked, doctor, now, key)
    if asked.validate_only:
        outcome = await dependencies.transactions.preview(command)
    else:
        outcome = await dependencies.transactions.run(command)
    match outcome:
        case Accepted(appointment) | Replayed(appointment) if asked.validate_only:
            doctor = await doctor_of(dependencies, appointment)
            return answer(ValidatedAppointment.of_validated(appointment, doctor))
        case Accepted() | Replayed():
            return await granted_response(dependencies, outcome, 201)
        case Refusal():
            return refusal_response(outcome)
    raise TypeError(type(outcome))


def _command(asked: CreateAppointment, doctor: Doctor, now: datetime, key: str | None) -> Command:
    interval = asked_interval(asked, doctor)
    day = day_key(doctor, interval.start)
    booking = Booking(
        appointment_id=appointment_id(day, secrets.token_hex(12)),
        doctor=doctor,
        interval=interval,
        patient=asked.patient.patient(),
        reason=asked.reason,
    )
    return Command(
        days=frozenset({day}),
        decide=partial(book, booking=booking, now=now),
        now=now,
        appointment_id=booking.appointment_id,
        idempotency=None if key is None else Idempotency.of(key, _request_parts(booking)),
    )


def _request_parts(booking: Booking) -> list[str | None]:
    """What makes two requests the same: that they ask for the same, however it is spelled."""
    interval, patient = booking.interval, booking.patient
    times = [interval.start.isoformat(), interval.end.isoformat()]
    person = [patient.name, patient.email, patient.phone]
    return ["create_appointment", booking.doctor.id, *times, *person, booking.reason]
