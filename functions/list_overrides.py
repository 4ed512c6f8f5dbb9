"""List the overrides of a doctor in a time window, page by page."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import find_doctor
from shared.http.page_tokens import Scope
from shared.http.pages import read_page
from shared.http.request_errors import UnknownDoctor
from shared.http.responses import json_response
from shared.http.schemas.list_overrides import ListOverrides, OverridePageResponse
from shared.http.schemas.override import OverrideResponse
from shared.http.windows import window
from shared.model.override import Override
from shared.queries.overrides import OverrideQuery, overrides_in_window
from shared.queries.paging import Page, Position
from shared.store.port import Snapshot


@endpoint(
    "GET",
    group="Overrides",
    takes=ListOverrides,
    example={"doctor_id": "strange", "start": "2030-01-01", "end": "2030-12-31"},
    responses={200: Success("A page of them, by start", OverridePageResponse)},
    problems=(UnknownDoctor,),
    personal=True,
)
async def list_overrides(call: Call[ListOverrides]) -> Response:
    """List the overrides of a doctor that overlap a time window.

    The window is at most 366 days long. Overrides that were deleted are left out.
    """
    asked, dependencies = call.asked, call.dependencies
    doctor = await find_doctor(dependencies, asked.doctor_id)
    bounds = window(asked.start, asked.end, doctor.zone)

    async def read(snapshot: Snapshot, after: Position | None) -> Page[Override]:
        query = OverrideQuery(doctor.id, bounds, asked.page_size, after)
        return await overrides_in_window(snapshot, query)

    scope = Scope("list_overrides", (doctor.id, bounds), call.caller.name)
    page, token = await read_page(dependencies, scope, asked.page_token, read, of_now=True)
    listed = [OverrideResponse.of_override(each, doctor) for each in page.entries]
    return json_response(OverridePageResponse(overrides=listed, next_page_token=token))
