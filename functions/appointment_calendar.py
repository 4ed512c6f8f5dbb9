"""Write the calendar file of an appointment."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctor_of
from shared.http.problems import refusal_response
from shared.http.responses import calendar_response, digest_tag
from shared.http.schemas.appointment_calendar import AppointmentCalendar
from shared.queries.look_ups import look_up
from shared.rules.refusals import UnknownAppointment


@endpoint(
    "GET",
    group="Calendars",
    takes=AppointmentCalendar,
    example={"appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4"},
    responses={200: Success("A file with one event, cancelled if the appointment is", None)},
    problems=(UnknownAppointment,),
    conditional=True,
    personal=True,
)
async def appointment_calendar(call: Call[AppointmentCalendar]) -> Response:
    """Get an appointment as a file that calendars import.

    The file has the same UID for life, so calendars update what they have of it.
    """
    # Its import takes 100 ms, which no other function should pay.
    from shared.calendar.files import appointment_file  # noqa: PLC0415

    dependencies = call.dependencies
    found = await look_up(dependencies.store, call.asked.appointment_id, call.caller)
    if found is None:
        return refusal_response(UnknownAppointment())
    doctor = await doctor_of(dependencies, found)
    services = (await dependencies.clinic_cache.clinic()).services if found.service_id else {}
    content = appointment_file(found, doctor, services.get(found.service_id or ""))
    # The version stands in it, and beside it names that may change without one.
    return calendar_response(content, digest_tag(content), "appointment.ics")
