"""Look an appointment up."""

from starlette.requests import Request
from starlette.responses import Response

from shared.clinic import Clinic
from shared.queries import find_appointment
from shared.wire.answers import ProblemAnswer, appointment_answer
from shared.wire.endpoint import endpoint
from shared.wire.problems import unknown_appointment
from shared.wire.requests import read_query
from shared.wire.schemas import GetAppointment


@endpoint("GET")
async def get_appointment(request: Request, clinic: Clinic) -> Response:
    """200, or 404; see `GetAppointment` for the parameter."""
    asked = read_query(request, GetAppointment)
    async with clinic.store.snapshot() as snapshot:
        found = await find_appointment(snapshot, asked.appointment_id)
    if found is None:
        return ProblemAnswer(unknown_appointment())
    return await appointment_answer(clinic, found)
