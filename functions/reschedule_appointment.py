"""Move an appointment to another time, day or doctor."""

import secrets
from datetime import UTC, datetime
from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_doctor
from shared.http.problems import refusal_response
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.reschedule_appointment import RescheduleAppointment
from shared.model.appointment_id import home_day
from shared.rules.existing import Sought
from shared.rules.moving import Move, move
from shared.rules.outcomes import (
    AlreadyCancelled,
    AlreadyStarted,
    DayFull,
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    PatientBusy,
    SlotTaken,
    TooManyRequests,
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
        PatientBusy,
        DayFull,
        TooManyRequests,
        KeyReused,
        UnknownAppointment,
        AlreadyStarted,
        AlreadyCancelled,
    ),
    idempotent=True,
    personal=True,
)
async def reschedule_appointment(call: Call[RescheduleAppointment]) -> Response:
    """Move an appointment to another time, day or doctor; its id stays."""
    asked, dependencies = call.asked, call.dependencies
    if asked.doctor_id is not None:
        await find_doctor(dependencies, asked.doctor_id)
    home = home_day(asked.appointment_id)
    if home is None:
        return refusal_response(UnknownAppointment())
    doctors = await dependencies.doctor_cache.doctors()
    sought = Sought(asked.appointment_id, home, doctors, call.caller)
    outcome = await dependencies.transactions.run(_command(call, sought))
    return await outcome_response(dependencies, outcome)


def _command(call: Call[RescheduleAppointment], sought: Sought) -> Command:
    asked, now = call.asked, call.now
    request = Move(sought, asked.time(), asked.doctor_id)
    # A move leaves nothing behind that would tell an attempt whose answer was lost that it was
    # committed, once others have moved the appointment on. So there is always a record.
    used = call.key or secrets.token_hex(16)
    return Command(
        days=frozenset({sought.home}),
        decide=partial(move, request=request, now=now),
        now=now,
        birth=sought.birth,
        caller=call.caller,
        patients=frozenset(filter(None, [call.caller.patient])),
        idempotency=Idempotency.of(used, _request_parts(asked), call.caller),
    )


def _request_parts(asked: RescheduleAppointment) -> list[str | None]:
    """Return what makes two requests the same; a time without an offset equals only itself."""
    times = [_spelled(asked.start), _spelled(asked.end), str(asked.duration_minutes)]
    return ["reschedule_appointment", asked.appointment_id, asked.doctor_id, *times]


def _spelled(time: datetime | None) -> str:
    return str(time.astimezone(UTC) if time and time.tzinfo else time)
