"""Look up an appointment."""

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.problems import refusal_response
from shared.http.requests import read_query
from shared.http.responses import appointment_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.get_appointment import GetAppointment
from shared.queries.appointments import look_up
from shared.rules.outcomes import UnknownAppointment


@endpoint(
    "GET",
    takes=GetAppointment,
    example={"appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4"},
    responses={200: Success("The appointment, wherever it was moved to", AppointmentResponse)},
    problems=(UnknownAppointment,),
    personal=True,
)
async def get_appointment(request: Request, dependencies: Dependencies) -> Response:
    """Look up an appointment."""
    asked = read_query(request, GetAppointment)
    found = await look_up(dependencies.store, asked.appointment_id)
    if found is None:
        return refusal_response(UnknownAppointment())
    return await appointment_response(dependencies, found)
