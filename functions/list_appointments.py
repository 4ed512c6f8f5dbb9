"""List the appointments of doctors or a patient in a time window, page by page."""

from collections.abc import Sequence

from starlette.responses import Response

from shared.access.permissions import EVERY_DOCTOR
from shared.directory.doctor_cache import MOST_TOGETHER
from shared.http.accounts import named_account
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctors_of, find_doctors
from shared.http.page_tokens import Scope
from shared.http.pages import ReadPage, read_page
from shared.http.request_errors import UnknownDoctor, invalid
from shared.http.responses import content_tag, json_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.list_appointments import AppointmentPage, ListAppointments
from shared.http.windows import window
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.queries.appointments import ListQuery, list_window
from shared.queries.paging import Page, Position
from shared.queries.patient_appointments import PatientQuery, list_patient
from shared.store.port import Snapshot


@endpoint(
    "GET",
    group="Appointments",
    takes=ListAppointments,
    repeatable="doctor_id",
    example={
        "doctor_id": ["strange"],
        "start": "2030-01-07T00:00:00",
        "end": "2030-01-14T00:00:00",
    },
    responses={200: Success("A page of them, by start", AppointmentPage)},
    problems=(UnknownDoctor,),
    conditional=True,
    personal=True,
)
async def list_appointments(call: Call[ListAppointments]) -> Response:
    """List the appointments of doctors or a patient that overlap a time window.

    The window is at most 366 days long. An appointment that runs at `start` is listed; one that
    ends then, or starts at `end`, is not.
    All pages together hold each appointment once, as of the instant of the first page.
    """
    asked, dependencies = call.asked, call.dependencies
    if asked.patient_id is not None:
        scope, read = _of_patient(call, asked.patient_id)
    else:
        scope, read = await _of_doctors(call, asked.doctor_id or [])
    page, token = await read_page(dependencies, scope, asked.page_token, read)
    with_whom = await doctors_of(dependencies, page.entries)
    listed = [AppointmentResponse.of_appointment(a, with_whom[a.doctor_id]) for a in page.entries]
    answer = AppointmentPage(appointments=listed, next_page_token=token)
    # A later page shows an instant of the past, so who has it need not ask again.
    headers = {"ETag": _tag(answer)} if asked.page_token is None else None
    return json_response(answer, headers=headers)


def _tag(page: AppointmentPage) -> str:
    """Return a tag of what a first page lists, and of whether there are more pages.

    The token of the next one differs with every answer, and one that was answered before goes on.
    """
    more = None if page.next_page_token is None else ""
    return content_tag(page.model_copy(update={"next_page_token": more}))


async def _of_doctors(
    call: Call[ListAppointments], doctor_ids: Sequence[str]
) -> tuple[Scope, ReadPage[Page[Appointment]]]:
    asked, dependencies = call.asked, call.dependencies
    named = sorted(set(doctor_ids))
    doctors = await _doctors(call, named)
    only_one = len(named) == 1 and named != [EVERY_DOCTOR]
    zone = doctors[0].zone if only_one else dependencies.settings.clinic_zone
    within = window(asked.start, asked.end, zone)

    async def read(snapshot: Snapshot, after: Position | None) -> Page[Appointment]:
        wanted = within, asked.status == "all", asked.page_size, after
        return await list_window(snapshot, *(ListQuery(doctor, *wanted) for doctor in doctors))

    return _scope(call, named[0] if only_one else named, within), read


async def _doctors(call: Call[ListAppointments], named: Sequence[str]) -> Sequence[Doctor]:
    """Return the doctors that are named, or every doctor: 400 if these are too many."""
    if named != [EVERY_DOCTOR]:
        return await find_doctors(call.dependencies, named)
    everybody = await call.dependencies.doctor_cache.everybody()
    if len(everybody) > MOST_TOGETHER:
        message = f"must name doctors: there are more than {MOST_TOGETHER}, retired ones included"
        raise invalid("doctor_id", "too_many", message)
    return everybody


def _of_patient(
    call: Call[ListAppointments], patient_id: str
) -> tuple[Scope, ReadPage[Page[Appointment]]]:
    asked, dependencies = call.asked, call.dependencies
    patient = named_account(call, "patient_id", patient_id).key
    within = window(asked.start, asked.end, dependencies.settings.clinic_zone)

    async def read(snapshot: Snapshot, after: Position | None) -> Page[Appointment]:
        wanted = patient, within, asked.status == "all", asked.page_size, call.arrived_at
        return await list_patient(snapshot, dependencies.store, PatientQuery(*wanted, after))

    return _scope(call, patient, within), read


def _scope(
    call: Call[ListAppointments], whose: str | Sequence[str] | PatientKey, within: Interval
) -> Scope:
    """Return what a page token is good for.

    A doctor's id, a list of ids and a patient's key differ in JSON.
    """
    return Scope("list_appointments", (whose, within, call.asked.status), call.caller.name)
