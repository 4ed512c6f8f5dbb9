"""Look an appointment up."""

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.problems import unknown_appointment
from shared.http.requests import read_query
from shared.http.responses import ProblemResponse, appointment_response
from shared.http.schemas import GetAppointment
from shared.queries.appointments import find_appointment


@endpoint("GET")
async def get_appointment(request: Request, dependencies: Dependencies) -> Response:
    """200, or 404; see `GetAppointment` for the parameter."""
    asked = read_query(request, GetAppointment)
    async with dependencies.store.snapshot() as snapshot:
        found = await find_appointment(snapshot, asked.appointment_id)
    if found is None:
        return ProblemResponse(unknown_appointment())
    return await appointment_response(dependencies, found)
