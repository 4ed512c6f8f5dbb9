"""Cancel an appointment."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.problems import refusal_response
from shared.http.requests import read_body
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.cancel_appointment import CancelAppointment
from shared.model.appointment_id import home_day
from shared.model.elsewhere import ElsewhereKey
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
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
    problems=(UnknownAppointment, AlreadyStarted),
    personal=True,
)
async def cancel_appointment(request: Request, dependencies: Dependencies) -> Response:
    """Cancel an appointment; its time is free at once."""
    now = dependencies.now()
    asked = await read_body(request, CancelAppointment)
    home = home_day(asked.appointment_id)
    if home is None:
        return refusal_response(UnknownAppointment())
    doctors = await dependencies.doctor_cache.doctors()
    cancellation = Cancellation(asked.appointment_id, home, doctors, asked.reason)
    command = Command(
        days=frozenset({home}),
        decide=partial(cancel, request=cancellation, now=now),
        now=now,
        birth=ElsewhereKey(home.doctor_id, asked.appointment_id),
    )
    outcome = await dependencies.transactions.run(command)
    if isinstance(outcome, AlreadyCancelled):
        outcome = Accepted(outcome.appointment)
    return await outcome_response(dependencies, outcome)
