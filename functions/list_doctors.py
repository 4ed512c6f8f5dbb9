"""List the doctors that can be booked, page by page."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.page_tokens import Scope
from shared.http.pages import id_token, read_last_id
from shared.http.responses import json_response
from shared.http.schemas.list_doctors import DoctorPage, DoctorResponse, ListDoctors


@endpoint(
    "GET",
    group="Clinic",
    takes=ListDoctors,
    responses={200: Success("A page of them, by id", DoctorPage)},
)
async def list_doctors(call: Call[ListDoctors]) -> Response:
    """List the doctors that can be booked: their hours by the week, and their services.

    Doctors who have retired are left out. Time off and extra hours do not show in the weekly hours.
    """
    asked, dependencies = call.asked, call.dependencies
    scope = Scope("list_doctors", (), call.caller.name)
    after = await read_last_id(dependencies, scope, asked.page_token)
    clinic = await dependencies.clinic_cache.clinic()
    found = await dependencies.doctor_cache.page(asked.page_size + 1, after)
    page = found[: asked.page_size]
    more = await id_token(dependencies, scope, page[-1].id) if len(found) > len(page) else None
    listed = [DoctorResponse.of_doctor(doctor, clinic) for doctor in page]
    return json_response(DoctorPage(doctors=listed, next_page_token=more))
