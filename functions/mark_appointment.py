"""Record what happened at the clinic."""

from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.caller_errors import Forbidden
from shared.http.changes import Decide, change, this_attempt
from shared.http.endpoint import Success, endpoint
from shared.http.responses import outcome_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.mark_appointment import MarkAppointment
from shared.model.appointment_id import home_day
from shared.rules.existing_appointment import Sought
from shared.rules.marking import Marking, mark
from shared.rules.refusals import (
    TooEarly,
    UnknownAppointment,
    VersionMismatch,
    WithAnotherDoctor,
    WrongStatus,
)


@endpoint(
    "POST",
    group="Appointments",
    takes=MarkAppointment,
    example={
        "appointment_id": "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4",
        "status": "arrived",
    },
    responses={
        200: Success(
            "Marked, now or before", AppointmentResponse, {"status": "arrived", "version": 2}
        )
    },
    problems=(UnknownAppointment, VersionMismatch, WrongStatus, TooEarly),
    conditional=True,
    personal=True,
)
async def mark_appointment(call: Call[MarkAppointment]) -> Response:
    """Record that a patient arrived, was seen, or did not come.

    `fulfilled` and `no_show` before the end free the rest of the time. To mark it the same again
    answers the same.
    """

    def decide(sought: Sought) -> Decide:
        return partial(mark, request=Marking(sought, call.asked.status), now=call.now)

    # Others may mark it on before an attempt whose answer was lost is made again.
    outcome = await change(call, decide, idempotency=this_attempt(call, call.asked.appointment_id))
    if isinstance(outcome, UnknownAppointment) and not _may_know(call, outcome):
        raise Forbidden
    return await outcome_response(call.dependencies, outcome)


def _may_know(call: Call[MarkAppointment], outcome: UnknownAppointment) -> bool:
    """Whether a caller may know that there is no appointment: doctors of their own ids only.

    Of ids that name other doctors they are told the same, whether there is an appointment or not;
    and also of one that has moved to another doctor.
    """
    home = home_day(call.asked.appointment_id)
    own = home is not None and home.doctor_id in call.caller.doctor_ids
    here = own and not isinstance(outcome, WithAnotherDoctor)
    return call.caller.kind != "doctor" or here
