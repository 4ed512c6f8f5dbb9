"""Cancel an appointment."""

from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.changes import Decide, change
from shared.http.endpoint import Success, endpoint
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.cancel_appointment import CancelAppointment
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted
from shared.rules.refusals import (
    AlreadyCancelled,
    AlreadyStarted,
    TooLateToCancel,
    TooManyRequests,
    UnknownAppointment,
    VersionMismatch,
    WrongStatus,
)


@endpoint(
    "POST",
    group="Appointments",
    takes=CancelAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "reason": "the patient is well again",
    },
    responses={
        200: Success(
            "Cancelled, now or before",
            AppointmentResponse,
            {"status": "cancelled", "cancelled_at": "2030-01-04T11:20:00Z", "version": 2},
        )
    },
    problems=(
        UnknownAppointment,
        VersionMismatch,
        WrongStatus,
        AlreadyStarted,
        TooLateToCancel,
        TooManyRequests,
    ),
    conditional=True,
    personal=True,
)
async def cancel_appointment(call: Call[CancelAppointment]) -> Response:
    """Cancel an appointment; its time is free at once.

    To cancel it again answers the same. Patients may have to do it some time ahead.
    """

    def decide(sought: Sought) -> Decide:
        return partial(cancel, request=Cancellation(sought, call.asked.reason), now=call.now)

    outcome = await change(call, decide)
    if isinstance(outcome, AlreadyCancelled):
        outcome = Accepted(outcome.appointment)
    return await outcome_response(call.dependencies, outcome)
