"""Erase all that is kept of a patient."""

from random import Random

from starlette.responses import Response

from shared.http.accounts import named_account
from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.people import without_account
from shared.http.problems import refusal_response
from shared.http.responses import json_response
from shared.http.schemas.patient_data import ErasedPatient, ErasePatient
from shared.rules.refusals import TooManyErasures, UnknownAppointment
from shared.transactions.erasure import Erasure


@endpoint(
    "POST",
    group="Patients",
    takes=ErasePatient,
    example={"patient_id": "me"},
    responses={200: Success("Erased, now or before", ErasedPatient)},
    problems=(UnknownAppointment, TooManyErasures),
    personal=True,
)
async def erase_patient(call: Call[ErasePatient]) -> Response:
    """Erase a patient from every appointment, and cancel those that lie ahead.

    Names and texts are gone, from past and cancelled ones too. It is safe to send again, and goes
    on where it was cut off.
    """
    # What is dropped, and how often that may be, a test clock does not tell.
    asked, dependencies, now = call.asked, call.dependencies, call.arrived_at
    jitter = Random()  # noqa: S311 - jitter is no secret
    erasure = Erasure(
        dependencies.store, dependencies.transactions, dependencies.doctor_cache, jitter
    )
    if asked.patient_id is not None:
        account = named_account(call, "patient_id", asked.patient_id)
        outcome = await erasure.erase_account(account.key, call.caller, now)
        if isinstance(outcome, TooManyErasures):
            return refusal_response(outcome)
        return json_response(ErasedPatient(appointments=outcome))
    found = await without_account(dependencies, asked.appointment_ids or [])
    if found is None:
        return refusal_response(UnknownAppointment())
    count = await erasure.erase_appointments([a.id for a in found], now)
    return json_response(ErasedPatient(appointments=count))
