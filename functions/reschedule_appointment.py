"""Move an appointment to another time, day or doctor."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_doctor
from shared.http.problems import refusal_response
from shared.http.requests import read_body, read_idempotency_key
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.reschedule_appointment import RescheduleAppointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey
from shared.rules.moving import Move, move
from shared.rules.outcomes import (
    AlreadyCancelled,
    AlreadyStarted,
    DayFull,
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    SlotTaken,
    UnknownAppointment,
)
from shared.transactions.command import Command
from shared.transactions.idempotency import Idempotency


@endpoint(
    "POST",
    takes=RescheduleAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "start": "2030-01-08T14:00:00",
    },
    responses={200: Success("Moved", AppointmentResponse)},
    problems=(
        UnknownDoctor,
        SlotTaken,
        OutsideWorkingHours,
        InThePast,
        DayFull,
        KeyReused,
        UnknownAppointment,
        AlreadyStarted,
        AlreadyCancelled,
    ),
    idempotent=True,
    personal=True,
)
async def reschedule_appointment(request: Request, dependencies: Dependencies) -> Response:
    """Move an appointment to another time, day or doctor; its id stays."""
    now = dependencies.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, RescheduleAppointment)
    if asked.doctor_id is not None:
        await find_doctor(dependencies, asked.doctor_id)
    home = home_day(asked.appointment_id)
    if home is None:
        return refusal_response(UnknownAppointment())
    doctors = await dependencies.doctor_cache.doctors()
    outcome = await dependencies.transactions.run(_command(asked, home, doctors, now, key))
    return await outcome_response(dependencies, outcome)


def _command(
    asked: RescheduleAppointment,
    home: DayKey,
    doctors: Mapping[str, Doctor],
    now: datetime,
    key: str | None,
) -> Command:
    request = Move(asked.appointment_id, home, asked.time(), doctors, asked.doctor_id)
    # A move leaves nothing behind that would tell an attempt whose answer was lost that it was
    # committed, once others have moved the appointment on. So there is always a record.
    used = key or secrets.token_hex(16)
    return Command(
        days=frozenset({home}),
        decide=partial(move, request=request, now=now),
        now=now,
        birth=ElsewhereKey(home.doctor_id, asked.appointment_id),
        idempotency=Idempotency.of(used, _request_parts(asked)),
    )


def _request_parts(asked: RescheduleAppointment) -> list[str | None]:
    """Return what makes two requests the same; a time without an offset equals only itself."""
    times = [_spelled(asked.start), _spelled(asked.end), str(asked.duration_minutes)]
    return ["reschedule_appointment", asked.appointment_id, asked.doctor_id, *times]


def _spelled(time: datetime | None) -> str:
    return str(time.astimezone(UTC) if time and time.tzinfo else time)
