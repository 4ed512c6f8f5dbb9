"""Serve a doctor's calendar to whoever has its link."""

import asyncio
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from shared.http.calendar_links import doctor_of_link
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.entity_tags import not_modified
from shared.http.request_errors import UnknownCalendar
from shared.http.responses import calendar_response, digest_tag
from shared.http.schemas.doctor_calendar import DoctorCalendar
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.feeds import all_booked, feed_window

FORM = 1
"""Another number for every change in how the same appointments are written."""


@endpoint(
    "GET",
    group="Calendars",
    takes=DoctorCalendar,
    example={"token": "strange.a-secret-of-the-clinic-and-whoever-has-the-link"},
    responses={200: Success("A file with what is booked from 30 days ago to 366 days ahead", None)},
    problems=(UnknownCalendar,),
    conditional=True,
    personal=True,
    app_check=False,
)
async def doctor_calendar(call: Call[DoctorCalendar]) -> Response:
    """Get the calendar that a secret link opens, for calendars that subscribe to it.

    The token in the link is all that it asks for. Names are there only where the clinic wants them.
    """
    dependencies = call.dependencies
    doctor = await _doctor(call)
    clinic = await dependencies.clinic_cache.clinic()
    with_names, window = dependencies.settings.calendar_names, feed_window(call.now)
    async with dependencies.store.snapshot() as snapshot:
        revision = await snapshot.revision(doctor.id)
        tag = _tag(doctor, clinic, window, revision, with_names=with_names)
        if call.knows(tag):
            return not_modified(tag)
        found = await all_booked(snapshot, doctor, window)
    # A thousand take a third of a second, in which others should not wait.
    content = await asyncio.to_thread(_file, found, doctor, clinic, with_names=with_names)
    return calendar_response(content, tag, "calendar.ics")


def _file(
    appointments: Sequence[Appointment], doctor: Doctor, clinic: Clinic, *, with_names: bool
) -> bytes:
    # Its import takes 100 ms, which no other function should pay.
    from shared.calendar.files import doctor_file  # noqa: PLC0415

    return doctor_file(appointments, doctor, clinic.services, with_names=with_names)


async def _doctor(call: Call[DoctorCalendar]) -> Doctor:
    """Return the doctor whose link it is: 404 if it is nobody's."""
    dependencies = call.dependencies
    doctor_id = await doctor_of_link(dependencies.store, call.asked.token)
    if doctor_id is None:
        raise UnknownCalendar
    doctors = await dependencies.doctor_cache.find([doctor_id])
    if doctor_id not in doctors:  # Deleted by hand.
        raise UnknownCalendar
    return doctors[doctor_id]


def _tag(
    doctor: Doctor, clinic: Clinic, window: Interval, revision: int, *, with_names: bool
) -> str:
    """Return the entity tag of a calendar: it depends on all that the content does."""
    services = sorted((service.id, service.name) for service in clinic.services.values())
    parts = (FORM, doctor.id, doctor.name, services, with_names, window, revision)
    return digest_tag(msgspec.json.encode(parts))
