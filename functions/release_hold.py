"""Give up a hold."""

from functools import partial

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.responses import json_response
from shared.http.schemas.release_hold import ReleasedHold, ReleaseHoldRequest
from shared.model.hold_id import hold_day
from shared.rules.holding import Release, release
from shared.transactions.command import Command


@endpoint(
    "POST",
    group="Holds",
    takes=ReleaseHoldRequest,
    example={"hold_id": "strange.20300107.hold.5f2c"},
    responses={200: Success("The caller has no such hold (any more)", ReleasedHold)},
)
async def release_hold(call: Call[ReleaseHoldRequest]) -> Response:
    """Give up a hold, so that its time is free at once; of others' holds nothing happens.

    It answers the same whether there was such a hold or not.
    """
    if command := await _command(call):
        await call.dependencies.transactions.run(command)
    return json_response(ReleasedHold(hold_id=call.asked.hold_id))


async def _command(call: Call[ReleaseHoldRequest]) -> Command | None:
    """Return the command that gives the hold up; None if its id is not one of ours."""
    name = call.asked.hold_id
    home = hold_day(name)
    doctors = await call.dependencies.doctor_cache.find([home.doctor_id]) if home else {}
    if home is None or home.doctor_id not in doctors:
        return None
    request = Release(name, home, doctors[home.doctor_id], call.caller, call.arrived_at)
    decide = partial(release, request=request, now=call.now)
    return Command(frozenset({home}), decide, call.arrived_at, name, call.caller)
