"""List a doctor's appointments in a time window, page by page."""

from datetime import datetime

from starlette.responses import Response

from shared.http.call import Call
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_doctor
from shared.http.page_tokens import Bookmark, Scope, expired, page_token, read_page_token
from shared.http.requests import checked
from shared.http.responses import json_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import check_window, comparable
from shared.http.schemas.list_appointments import AppointmentPage, ListAppointments
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, Page, list_window
from shared.store.port import SnapshotExpired


@endpoint(
    "GET",
    takes=ListAppointments,
    example={
        "doctor_id": "strange",
        "start": "2030-01-07T00:00:00",
        "end": "2030-01-14T00:00:00",
    },
    responses={200: Success("A page of them, by start", AppointmentPage)},
    problems=(UnknownDoctor,),
    personal=True,
)
async def list_appointments(call: Call[ListAppointments]) -> Response:
    """List a doctor's appointments that overlap a time window."""
    asked, dependencies = call.asked, call.dependencies
    doctor = await find_doctor(dependencies, asked.doctor_id)
    window = _window(asked, doctor)
    scope = Scope("list_appointments", (doctor.id, window, asked.status), call.caller.name)
    after = instant = None
    if asked.page_token is not None:
        keys = await dependencies.page_token_keys.keys()
        bookmark = checked("page_token", read_page_token, asked.page_token, scope, keys)
        after, instant = bookmark.position, bookmark.instant
    query = ListQuery(doctor, window, asked.status == "all", asked.page_size, after)
    page, following = await _read(dependencies, query, instant)
    listed = [AppointmentResponse.of_appointment(a, doctor) for a in page.appointments]
    token = following and page_token(following, scope, await dependencies.page_token_keys.keys())
    return json_response(AppointmentPage(appointments=listed, next_page_token=token))


async def _read(
    dependencies: Dependencies, query: ListQuery, instant: datetime | None
) -> tuple[Page, Bookmark | None]:
    """Read a page at an instant, or of now, and where the next one begins."""
    try:
        async with dependencies.store.snapshot(instant) as snapshot:
            page = await list_window(snapshot, query)
            if page.next_position is None:
                return page, None
            return page, Bookmark(page.next_position, await snapshot.instant())
    except SnapshotExpired:
        raise expired() from None


def _window(asked: ListAppointments, doctor: Doctor) -> Interval:
    """Return the window that is asked for; empty if the doctor's clock skips all of it."""
    start, end = asked.start.as_start(doctor.zone), asked.end.as_end(doctor.zone)
    if not comparable(asked.start.time, asked.end.time):
        checked("end", check_window, start, end)
    return Interval(start, end)
