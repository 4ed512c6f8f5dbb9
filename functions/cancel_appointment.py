"""Give an appointment up; its time is free at once."""

from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from shared.clinic import Clinic
from shared.outcomes import Accepted, AlreadyCancelled, Refusal
from shared.proposals import Proposal
from shared.scheduling import Cancellation, cancel
from shared.wire.answers import appointment_answer, refusal_answer
from shared.wire.endpoint import endpoint
from shared.wire.requests import find_home, read_body
from shared.wire.schemas import CancelAppointment


@endpoint("POST")
async def cancel_appointment(request: Request, clinic: Clinic) -> Response:
    """200, also if it was cancelled before, or why not; see `CancelAppointment` for the body."""
    now = clinic.now()
    asked = await read_body(request, CancelAppointment)
    outcome = await clinic.transactions.run(_proposal(asked, now))
    match outcome:
        case Accepted(appointment) | AlreadyCancelled(appointment):
            return await appointment_answer(clinic, appointment)
        case Refusal():
            return refusal_answer(outcome)
    raise TypeError(type(outcome))


def _proposal(asked: CancelAppointment, now: datetime) -> Proposal:
    home = find_home(asked.appointment_id)
    wish = Cancellation(asked.appointment_id, home, asked.reason)
    return Proposal(
        days=frozenset({home}),
        decide=partial(cancel, wish=wish, now=now),
        now=now,
        appointment_id=asked.appointment_id,
    )
