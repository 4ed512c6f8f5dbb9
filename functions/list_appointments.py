"""List the appointments of a doctor or a patient in a time window, page by page."""

from zoneinfo import ZoneInfo

from starlette.responses import Response

from shared.http.accounts import named_account
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import doctor_of, find_doctor
from shared.http.page_tokens import Scope
from shared.http.pages import ReadPage, read_page
from shared.http.requests import checked
from shared.http.responses import json_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import check_window, comparable
from shared.http.schemas.list_appointments import AppointmentPage, ListAppointments
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.queries.appointments import ListQuery, Page, Position, list_window
from shared.queries.patients import PatientQuery, list_patient
from shared.store.port import Snapshot


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
    """List the appointments of a doctor or a patient that overlap a time window."""
    asked, dependencies = call.asked, call.dependencies
    if asked.patient_id is not None:
        scope, read = _of_patient(call, asked.patient_id)
    else:
        scope, read = await _of_doctor(call, asked.doctor_id or "")
    page, token = await read_page(dependencies, scope, asked.page_token, read)
    listed = [
        AppointmentResponse.of_appointment(a, await doctor_of(dependencies, a))
        for a in page.appointments
    ]
    return json_response(AppointmentPage(appointments=listed, next_page_token=token))


async def _of_doctor(call: Call[ListAppointments], doctor_id: str) -> tuple[Scope, ReadPage[Page]]:
    asked = call.asked
    doctor = await find_doctor(call.dependencies, doctor_id)
    window = _window(asked, doctor.zone)

    async def read(snapshot: Snapshot, after: Position | None) -> Page:
        query = ListQuery(doctor, window, asked.status == "all", asked.page_size, after)
        return await list_window(snapshot, query)

    return _scope(call, doctor.id, window), read


def _of_patient(call: Call[ListAppointments], patient_id: str) -> tuple[Scope, ReadPage[Page]]:
    asked, dependencies = call.asked, call.dependencies
    patient = named_account(call, "patient_id", patient_id).key
    window = _window(asked, dependencies.settings.clinic_zone)

    async def read(snapshot: Snapshot, after: Position | None) -> Page:
        wanted = patient, window, asked.status == "all", asked.page_size, call.now
        return await list_patient(snapshot, dependencies.store, PatientQuery(*wanted, after))

    return _scope(call, patient, window), read


def _scope(call: Call[ListAppointments], whose: str | PatientKey, window: Interval) -> Scope:
    """Return what a page token is good for: a doctor's id and a patient's key differ in JSON."""
    return Scope("list_appointments", (whose, window, call.asked.status), call.caller.name)


def _window(asked: ListAppointments, zone: ZoneInfo) -> Interval:
    """Return the window that is asked for; empty if the clock skips all of it."""
    start, end = asked.start.as_start(zone), asked.end.as_end(zone)
    if not comparable(asked.start.time, asked.end.time):
        checked("end", check_window, start, end)
    return Interval(start, end)
