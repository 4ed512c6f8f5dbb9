"""Book an appointment."""

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.new_appointments import EXAMPLE, WHY_NOT, booking_command
from shared.http.problems import refusal_response
from shared.http.requests import read_body, read_idempotency_key
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse, NewAppointment
from shared.rules.outcomes import KeyReused, UnclearTime


@endpoint(
    "POST",
    takes=NewAppointment,
    example=EXAMPLE,
    responses={201: Success("Booked", AppointmentResponse)},
    problems=(*WHY_NOT, KeyReused),
    idempotent=True,
    books=True,
    personal=True,
)
async def create_appointment(request: Request, dependencies: Dependencies) -> Response:
    """Book an appointment, unless the doctor is not free then."""
    now = dependencies.now()
    key = read_idempotency_key(request)
    asked = await read_body(request, NewAppointment)
    command = await booking_command(asked, dependencies, now, key)
    if isinstance(command, UnclearTime):
        return refusal_response(command)
    outcome = await dependencies.transactions.run(command)
    return await outcome_response(dependencies, outcome, 201)
