"""Cancel an appointment."""

from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.problems import refusal_response
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.cancel_appointment import CancelAppointment
from shared.model.appointment_id import home_day
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing import Sought
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
    TooManyRequests,
    UnknownAppointment,
)
from shared.transactions.command import Command


@endpoint(
    "POST",
    takes=CancelAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "reason": "the patient is well again",
    },
    responses={200: Success("Cancelled, now or before", AppointmentResponse)},
    problems=(UnknownAppointment, AlreadyStarted, TooManyRequests),
    personal=True,
)
async def cancel_appointment(call: Call[CancelAppointment]) -> Response:
    """Cancel an appointment; its time is free at once."""
    asked, dependencies = call.asked, call.dependencies
    home = home_day(asked.appointment_id)
    if home is None:
        return refusal_response(UnknownAppointment())
    doctors = await dependencies.doctor_cache.doctors()
    sought = Sought(asked.appointment_id, home, doctors, call.caller)
    cancellation = Cancellation(sought, asked.reason)
    command = Command(
        days=frozenset({home}),
        decide=partial(cancel, request=cancellation, now=call.now),
        now=call.now,
        birth=sought.birth,
        caller=call.caller,
        patients=frozenset(filter(None, [call.caller.patient])),
    )
    outcome = await dependencies.transactions.run(command)
    if isinstance(outcome, AlreadyCancelled):
        outcome = Accepted(outcome.appointment)
    return await outcome_response(dependencies, outcome)
