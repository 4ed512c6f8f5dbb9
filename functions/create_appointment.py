"""Book an appointment, unless the doctor is not free then."""

import secrets
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.availability import day_key
from shared.clinic import Clinic
from shared.models import Doctor
from shared.outcomes import Accepted, Refusal, Replayed
from shared.proposals import Idempotency, Proposal
from shared.scheduling import Booking, appointment_id, book
from shared.wire.answers import answer, granted_answer, refusal_answer
from shared.wire.endpoint import endpoint
from shared.wire.requests import (
    asked_interval,
    doctor_of,
    find_doctor,
    read_body,
    read_idempotency_key,
)
from shared.wire.schemas import CreateAppointment, ValidatedAppointment


@endpoint("POST")
async def create_appointment(request: Request, clinic: Clinic) -> Response:
    """201, or why not; see `CreateAppointment` for the body."""
    now = clinic.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, CreateAppointment)
    doctor = await find_doctor(clinic, asked.doctor_id)
    proposal = _proposal(asked, doctor, now, key)
    if asked.validate_only:
        outcome = await clinic.transactions.preview(proposal)
    else:
        outcome = await clinic.transactions.run(proposal)
    match outcome:
        case Accepted(appointment) | Replayed(appointment) if asked.validate_only:
            doctor = await doctor_of(clinic, appointment)
            return answer(ValidatedAppointment.of_validated(appointment, doctor))
        case Accepted() | Replayed():
            return await granted_answer(clinic, outcome, 201)
        case Refusal():
            return refusal_answer(outcome)
    raise TypeError(type(outcome))


def _proposal(asked: CreateAppointment, doctor: Doctor, now: datetime, key: str | None) -> Proposal:
    interval = asked_interval(asked, doctor)
    day = day_key(doctor, interval.start)
    booking = Booking(
        appointment_id=appointment_id(day, secrets.token_hex(12)),
        doctor=doctor,
        interval=interval,
        patient=asked.patient.patient(),
        reason=asked.reason,
    )
    return Proposal(
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
