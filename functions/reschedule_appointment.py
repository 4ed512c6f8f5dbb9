"""Move an appointment to another time, day or doctor."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.problems import RequestError
from shared.http.requests import (
    asked_interval,
    find_doctor,
    find_home,
    read_body,
    read_idempotency_key,
)
from shared.http.responses import granted_response, refusal_response
from shared.http.schemas import RescheduleAppointment
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.moving import Move, move
from shared.rules.outcomes import Accepted, Refusal, Replayed, Unclear
from shared.store.port import StoreUnavailable
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency

Doctors = Mapping[str, Doctor]


@endpoint("POST")
async def reschedule_appointment(request: Request, dependencies: Dependencies) -> Response:
    """200, or why not; see `RescheduleAppointment` for the body."""
    now = dependencies.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, RescheduleAppointment)
    if asked.doctor_id is not None:
        await find_doctor(dependencies, asked.doctor_id)
    doctors = await dependencies.doctor_cache.doctors()
    outcome = await dependencies.transactions.run(_command(asked, doctors, now, key))
    match outcome:
        case Accepted() | Replayed():
            return await granted_response(dependencies, outcome)
        case Unclear(cause):
            raise cause
        case Refusal():
            return refusal_response(outcome)
    raise TypeError(type(outcome))


def _command(
    asked: RescheduleAppointment, doctors: Doctors, now: datetime, key: str | None
) -> Command:
    home = find_home(asked.appointment_id)
    wish = Move(asked.appointment_id, home, partial(_target, asked, doctors))
    # A move leaves nothing behind that would tell a try whose answer was lost that it was made,
    # if others have moved the appointment on since. So there is always a receipt.
    used = key or secrets.token_hex(16)
    return Command(
        days=frozenset({home}),
        decide=partial(move, wish=wish, now=now),
        now=now,
        appointment_id=asked.appointment_id,
        idempotency=Idempotency.of(used, _request_parts(asked)),
    )


def _target(
    asked: RescheduleAppointment, doctors: Doctors, appointment: Appointment
) -> tuple[Doctor, Interval] | Unclear:
    """With whom and when: what is not said stays as it is."""
    doctor = doctors.get(asked.doctor_id or appointment.doctor_id)
    if doctor is None:
        return Unclear(
            StoreUnavailable(f"the doctor {appointment.doctor_id} is not known here yet")
        )
    try:
        return doctor, asked_interval(asked, doctor, appointment.interval.length)
    except RequestError as rejected:
        return Unclear(rejected)


def _request_parts(asked: RescheduleAppointment) -> list[str | None]:
    """What makes two requests the same; a time without an offset is only like itself."""
    times = [_spelled(asked.start), _spelled(asked.end), str(asked.duration_minutes)]
    return ["reschedule_appointment", asked.appointment_id, asked.doctor_id, *times]


def _spelled(time: datetime | None) -> str:
    return str(time.astimezone(UTC) if time and time.tzinfo else time)
