"""Tell whether an appointment could be booked."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctor_of
from shared.http.new_appointments import EXAMPLE, WHY_NOT, booking_command
from shared.http.problems import refusal_response
from shared.http.responses import json_response, outcome_response
from shared.http.schemas.appointment import NewAppointment, ValidatedAppointment
from shared.rules.outcomes import Accepted
from shared.rules.refusals import Refusal, UnknownHold


@endpoint(
    "POST",
    group="Appointments",
    takes=NewAppointment,
    example=EXAMPLE,
    responses={200: Success("It could be booked now", ValidatedAppointment)},
    problems=(*WHY_NOT, UnknownHold),
    personal=True,
)
async def validate_appointment(call: Call[NewAppointment]) -> Response:
    """Tell whether an appointment could be booked now, or why not; nothing is written.

    It takes what `create_appointment` takes and gives the same refusals. Only `create_appointment`
    books, and somebody else may be faster.
    """
    dependencies = call.dependencies
    command = await booking_command(call)
    if isinstance(command, Refusal):
        return refusal_response(command)
    outcome = await dependencies.transactions.preview(command)
    if not isinstance(outcome, Accepted):
        return await outcome_response(dependencies, outcome)
    doctor = await doctor_of(dependencies, outcome.appointment)
    return json_response(ValidatedAppointment.of_validated(outcome.appointment, doctor))
