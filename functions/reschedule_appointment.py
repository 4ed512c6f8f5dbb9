"""Move an appointment to another time, day or doctor."""

from datetime import UTC, datetime
from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.changes import Decide, change, this_attempt
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import find_bookable_doctors
from shared.http.request_errors import UnknownDoctor
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.reschedule_appointment import RescheduleAppointment
from shared.http.wanted_times import broken_rules, identity
from shared.rules.availability import Terms
from shared.rules.existing_appointment import Sought
from shared.rules.moving import Move, move
from shared.rules.refusals import (
    AlreadyCancelled,
    AlreadyStarted,
    DayFull,
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    PatientBusy,
    RetiredDoctor,
    SlotTaken,
    TimeOff,
    TooLate,
    TooLateToCancel,
    TooManyRequests,
    TooSoon,
    UnknownAppointment,
    UnknownService,
    VersionMismatch,
    WrongStatus,
)


@endpoint(
    "POST",
    group="Appointments",
    takes=RescheduleAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "start": "2030-01-08T14:00:00",
    },
    responses={200: Success("Moved", AppointmentResponse, {"version": 2})},
    problems=(
        UnknownAppointment,
        VersionMismatch,
        AlreadyCancelled,
        WrongStatus,
        AlreadyStarted,
        TooLateToCancel,
        UnknownDoctor,
        UnknownService,
        SlotTaken,
        OutsideWorkingHours,
        TimeOff,
        InThePast,
        TooSoon,
        TooLate,
        PatientBusy,
        DayFull,
        TooManyRequests,
        KeyReused,
    ),
    idempotent=True,
    conditional=True,
    personal=True,
)
async def reschedule_appointment(call: Call[RescheduleAppointment]) -> Response:
    """Move an appointment to another time, day or doctor; its id stays.

    It moves in one step: it is never at both times, nor at neither. If it cannot be moved, it stays
    where it is. A move to where it is changes nothing, and makes no new version.
    """
    asked, dependencies = call.asked, call.dependencies
    broken = frozenset(asked.allow or ())

    def decide(sought: Sought) -> Decide:
        terms = Terms(closed=sought.clinic.closed, broken=broken)
        request = Move(sought, asked.time(), asked.doctor_id, terms)
        return partial(move, request=request, now=call.now)

    # A move leaves nothing behind that would tell an attempt whose answer was lost that it was
    # committed, once others have moved the appointment on. So there is always a record.
    keyed = identity(call, _request_parts(asked))
    idempotency = keyed or this_attempt(call, asked.appointment_id)
    doctor_ids = () if asked.doctor_id is None else (asked.doctor_id,)
    outcome = await change(call, decide, doctor_ids, idempotency)
    if isinstance(outcome, RetiredDoctor) and asked.doctor_id is not None:
        await find_bookable_doctors(dependencies, [asked.doctor_id])  # Its 404 names some.
    return await outcome_response(dependencies, outcome)


def _request_parts(asked: RescheduleAppointment) -> list[str | None]:
    """Return what makes two requests the same; a time without an offset equals only itself."""
    times = [_spelled(asked.start), _spelled(asked.end), str(asked.duration_minutes)]
    parts = [asked.appointment_id, asked.doctor_id, *times, *broken_rules(asked.allow)]
    return ["reschedule_appointment", *parts]


def _spelled(time: datetime | None) -> str:
    return str(time.astimezone(UTC) if time and time.tzinfo else time)
