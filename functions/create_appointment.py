"""Book an appointment."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.new_appointments import EXAMPLE, WHY_NOT, booking_command
from shared.http.problems import refusal_response
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse, NewAppointment
from shared.rules.refusals import KeyReused, Refusal, UnknownHold


@endpoint(
    "POST",
    group="Appointments",
    takes=NewAppointment,
    example=EXAMPLE,
    responses={201: Success("Booked", AppointmentResponse)},
    problems=(*WHY_NOT, UnknownHold, KeyReused),
    idempotent=True,
    books=True,
    personal=True,
)
async def create_appointment(call: Call[NewAppointment]) -> Response:
    """Book an appointment, unless the doctor is not free then.

    The whole time must lie in the doctor's working hours and overlap nothing that is booked or
    held. A refusal says why, and names the next openings of that length. With an `Idempotency-Key`
    the request is safe to send again, whatever became of the first answer.
    """
    command = await booking_command(call)
    if isinstance(command, Refusal):
        return refusal_response(command)
    outcome = await call.dependencies.transactions.run(command)
    return await outcome_response(call.dependencies, outcome, 201)
