"""Keep a time for a few minutes."""

from datetime import timedelta
from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.new_appointments import WHY_NOT
from shared.http.problems import refusal_response
from shared.http.responses import REPLAYED, json_response, outcome_response
from shared.http.schemas.hold_time import HoldResponse, NewHold
from shared.http.wanted_times import AskedTime, identity, read_time, refuse, wanted_booking
from shared.model.appointment import Appointment, Patient
from shared.model.hold import Hold, holder_of
from shared.model.hold_id import hold_id
from shared.model.ids import random_part
from shared.model.interval import Interval
from shared.model.service import Service
from shared.rules.holding import HoldRequest
from shared.rules.holding import hold_time as decide_hold
from shared.rules.outcomes import Held
from shared.rules.refusals import KeyReused, Refusal, TooManyHolds, UnclearTime
from shared.rules.wall_clock import round_down_to_second
from shared.transactions.command import Command, accounts

_NOBODY_YET = Patient("")


@endpoint(
    "POST",
    group="Holds",
    takes=NewHold,
    example={"doctor_id": "strange", "start": "2030-01-07T09:00:00", "duration_minutes": 30},
    responses={201: Success("The time is kept", HoldResponse)},
    problems=(*WHY_NOT, TooManyHolds, KeyReused),
    idempotent=True,
    personal=True,
)
async def hold_time(call: Call[NewHold]) -> Response:
    """Keep a time for a few minutes, so that nobody else books it meanwhile.

    Until `expires_at` nobody else can book it, or find it as an opening. `create_appointment` books
    it with the `hold_id`.
    """
    time = await read_time(call, call.asked)
    if isinstance(time, UnclearTime):
        return refusal_response(time)
    if isinstance(time.found, Refusal) and call.key is None:
        return refusal_response(time.found)
    outcome = await call.dependencies.transactions.run(_command(call, time))
    if not isinstance(outcome, Held):
        return await outcome_response(call.dependencies, outcome)
    shown = HoldResponse.of_hold(outcome.hold, time.doctor)
    return json_response(shown, 201, REPLAYED if outcome.replayed else None)


def _command(call: Call[NewHold], time: AskedTime) -> Command:
    new_id = hold_id(time.home, random_part())
    if isinstance(time.found, Refusal):
        days, decide = {time.home}, partial(refuse, refusal=time.found)
    else:
        request = _request(call, time, new_id, time.found)
        days, decide = {*request.booking.days}, partial(decide_hold, request=request, now=call.now)
    return Command(
        days=frozenset(days),
        decide=decide,
        now=call.arrived_at,
        subject=new_id,
        caller=call.caller,
        patients=accounts(call.caller.patient),
        idempotency=identity(call, _identity(call, time.named)),
    )


def _identity(call: Call[NewHold], named: Interval) -> list[str | None]:
    asked, times = call.asked, [instant.isoformat() for instant in named]
    return ["hold_time", asked.doctor_id, *times, asked.service_id, str(asked.seconds)]


def _request(
    call: Call[NewHold], time: AskedTime, new_id: str, found: tuple[Interval, Service | None]
) -> HoldRequest:
    wanted = Appointment(
        id=new_id,
        doctor_id=time.doctor.id,
        interval=time.named,
        patient=_NOBODY_YET,
        created_at=call.now,
        updated_at=call.now,
        owner=call.caller.patient,
    )
    booking = wanted_booking(call, time, wanted, found)
    hold = Hold(
        id=new_id,
        doctor_id=time.doctor.id,
        interval=booking.appointment.interval,
        ends_at=round_down_to_second(call.now) + timedelta(seconds=call.asked.seconds),
        holder=holder_of(new_id, call.caller.account),
        before=booking.appointment.before,
        after=booking.appointment.after,
        notice=time.policy.notice,
    )
    return HoldRequest(hold, booking)
