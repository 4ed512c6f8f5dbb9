"""Export all that is kept of a patient, page by page."""

from starlette.responses import Response

from shared.http.accounts import Account, named_account
from shared.http.call import Call
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import doctor_of
from shared.http.page_tokens import Scope
from shared.http.pages import read_page
from shared.http.people import without_account
from shared.http.problems import refusal_response
from shared.http.responses import json_response
from shared.http.schemas.patient_data import (
    AccountResponse,
    ExportedAppointment,
    ExportPage,
    ExportPatient,
)
from shared.model.appointment import Appointment
from shared.model.patient_schedule import PatientSchedule
from shared.queries.paging import Position
from shared.queries.patient_appointments import AccountPage, export_page
from shared.rules.refusals import UnknownAppointment
from shared.store.port import Snapshot
from shared.time_texts import on_clock


@endpoint(
    "GET",
    group="Patients",
    takes=ExportPatient,
    repeatable="appointment_ids",
    example={"patient_id": "me"},
    responses={200: Success("A page of all that is kept", ExportPage)},
    problems=(UnknownAppointment,),
    personal=True,
)
async def export_patient(call: Call[ExportPatient]) -> Response:
    """Export all that is kept of a patient, page by page.

    The first page has what is kept of the account, too.
    """
    asked = call.asked
    if asked.patient_id is not None:
        return await _account(call, named_account(call, "patient_id", asked.patient_id))
    found = await without_account(call.dependencies, asked.appointment_ids or [])
    if found is None:
        return refusal_response(UnknownAppointment())
    kept = [await _exported(call.dependencies, appointment) for appointment in found]
    return json_response(ExportPage(appointments=kept, next_page_token=None))


async def _account(call: Call[ExportPatient], account: Account) -> Response:
    asked, dependencies = call.asked, call.dependencies
    scope = Scope("export_patient", (account.key,), call.caller.name)

    async def read(snapshot: Snapshot, after: Position | None) -> AccountPage:
        wanted = account.key, asked.page_size, after
        return await export_page(snapshot, dependencies.store, *wanted)

    page, token = await read_page(dependencies, scope, asked.page_token, read)
    return json_response(
        ExportPage(
            account=_account_response(dependencies, account, page.schedule),
            appointments=[await _exported(dependencies, a) for a in page.entries],
            next_page_token=token,
        )
    )


def _account_response(
    dependencies: Dependencies, account: Account, schedule: PatientSchedule
) -> AccountResponse:
    zone = dependencies.settings.clinic_zone
    return AccountResponse(
        id=account.id,
        changed_at=[on_clock(changed_at, zone) for changed_at in schedule.changed_at],
        erasing=schedule.erasing,
        erased_at=[on_clock(erased_at, zone) for erased_at in schedule.erased_at],
    )


async def _exported(dependencies: Dependencies, appointment: Appointment) -> ExportedAppointment:
    doctor = await doctor_of(dependencies, appointment)
    return ExportedAppointment.of_kept(appointment, doctor)
