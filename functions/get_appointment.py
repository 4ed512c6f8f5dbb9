"""Look up an appointment."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.problems import refusal_response
from shared.http.responses import appointment_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.get_appointment import GetAppointment
from shared.queries.look_ups import look_up
from shared.rules.refusals import UnknownAppointment


@endpoint(
    "GET",
    group="Appointments",
    takes=GetAppointment,
    example={"appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4"},
    responses={200: Success("The appointment, wherever it was moved to", AppointmentResponse)},
    problems=(UnknownAppointment,),
    conditional=True,
    personal=True,
)
async def get_appointment(call: Call[GetAppointment]) -> Response:
    """Look up an appointment.

    It is found by its id wherever it has moved to, and after it was cancelled, too.
    """
    found = await look_up(call.dependencies.store, call.asked.appointment_id, call.caller)
    if found is None:
        return refusal_response(UnknownAppointment())
    return await appointment_response(call.dependencies, found)
