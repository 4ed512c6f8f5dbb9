"""Correct who comes to an appointment, and why."""

from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.changes import Decide, change, this_attempt
from shared.http.endpoint import Success, endpoint
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.update_appointment import UpdateAppointment
from shared.rules.existing_appointment import Sought
from shared.rules.refusals import (
    AlreadyCancelled,
    DayFull,
    TooManyRequests,
    UnknownAppointment,
    VersionMismatch,
)
from shared.rules.updating import update


@endpoint(
    "POST",
    group="Appointments",
    takes=UpdateAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "patient": {"name": "Ada King", "email": "ada@example.org"},
    },
    responses={200: Success("Corrected", AppointmentResponse, {"version": 2})},
    problems=(UnknownAppointment, VersionMismatch, AlreadyCancelled, DayFull, TooManyRequests),
    conditional=True,
    personal=True,
)
async def update_appointment(call: Call[UpdateAppointment]) -> Response:
    """Correct who comes to an appointment, and why, without a move.

    That is possible until it is cancelled. What is left out stays as it is.
    """

    def decide(sought: Sought) -> Decide:
        return partial(update, request=call.asked.update(sought), now=call.now)

    # Others may correct it once more before an attempt whose answer was lost is made again.
    outcome = await change(call, decide, idempotency=this_attempt(call, call.asked.appointment_id))
    return await outcome_response(call.dependencies, outcome)
