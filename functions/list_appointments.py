"""List a doctor's appointments in a time window, page by page."""

from starlette.requests import Request
from starlette.responses import Response

from shared.clinic import Clinic
from shared.models import Doctor, Interval
from shared.queries import ListQuery, list_window
from shared.wire.answers import answer
from shared.wire.endpoint import endpoint
from shared.wire.page_tokens import page_token, read_page_token
from shared.wire.requests import checked, find_doctor, read_query
from shared.wire.schemas import (
    AppointmentAnswer,
    AppointmentPage,
    ListAppointments,
    check_window,
)
from shared.wire.times import to_instant


@endpoint("GET")
async def list_appointments(request: Request, clinic: Clinic) -> Response:
    """200, or why not; see `ListAppointments` for the parameters."""
    asked = read_query(request, ListAppointments)
    doctor = await find_doctor(clinic, asked.doctor_id)
    window = _window(asked, doctor)
    parameters = (doctor.id, window, asked.status)
    token = asked.page_token
    after = None if token is None else checked("page_token", read_page_token, token, *parameters)
    query = ListQuery(doctor, window, asked.status == "all", asked.page_size, after)
    async with clinic.store.snapshot() as snapshot:
        page = await list_window(snapshot, query)
    listed = [AppointmentAnswer.of_appointment(a, doctor) for a in page.appointments]
    following = page.next_position and page_token(page.next_position, *parameters)
    return answer(AppointmentPage(appointments=listed, next_page_token=following))


def _window(asked: ListAppointments, doctor: Doctor) -> Interval:
    start = checked("start", to_instant, asked.start, doctor.zone)
    end = checked("end", to_instant, asked.end, doctor.zone)
    checked("end", check_window, start, end)
    return Interval(start, end)
