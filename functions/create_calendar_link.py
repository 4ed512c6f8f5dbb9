"""Make the secret link to a doctor's calendar."""

from starlette.responses import Response

from shared.http.calendar_links import make_link
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import find_doctor
from shared.http.request_errors import UnknownDoctor
from shared.http.responses import json_response
from shared.http.schemas.create_calendar_link import CalendarLink, NewCalendarLink


@endpoint(
    "POST",
    group="Calendars",
    takes=NewCalendarLink,
    example={"doctor_id": "strange"},
    responses={
        200: Success("The link that there was", CalendarLink),
        201: Success("A new link", CalendarLink),
    },
    problems=(UnknownDoctor,),
    personal=True,
)
async def create_calendar_link(call: Call[NewCalendarLink]) -> Response:
    """Get the secret link to a doctor's calendar, or make another in its place.

    Whoever has the link can read the calendar. `renew` makes another link, and the old one ends.
    """
    dependencies, asked = call.dependencies, call.asked
    doctor = await find_doctor(dependencies, asked.doctor_id)
    token, is_new = await make_link(dependencies.store, doctor.id, renew=asked.renew)
    return json_response(CalendarLink.of_token(doctor.id, token), 201 if is_new else 200)
