"""Give an appointment up; its time is free at once."""

from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.requests import find_home, read_body
from shared.http.responses import appointment_response, refusal_response
from shared.http.schemas import CancelAppointment
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.outcomes import Accepted, AlreadyCancelled, Refusal
from shared.transactions.command import Command


@endpoint("POST")
async def cancel_appointment(request: Request, dependencies: Dependencies) -> Response:
    """200, also if it was cancelled before, or why not; see `CancelAppointment` for the body."""
    now = dependencies.now()
    asked = await read_body(request, CancelAppointment)
    outcome = await dependencies.transactions.run(_command(asked, now))
    match outcome:
        case Accepted(appointment) | AlreadyCancelled(appointment):
            return await appointment_response(dependencies, appointment)
        case Refusal():
            return refusal_response(outcome)
    raise TypeError(type(outcome))


def _command(asked: CancelAppointment, now: datetime) -> Command:
    home = find_home(asked.appointment_id)
    wish = Cancellation(asked.appointment_id, home, asked.reason)
    return Command(
        days=frozenset({home}),
        decide=partial(cancel, wish=wish, now=now),
        now=now,
        appointment_id=asked.appointment_id,
    )
