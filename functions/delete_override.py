"""Delete an override."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.problems import refusal_response
from shared.http.responses import json_response
from shared.http.schemas.delete_override import DeleteOverride
from shared.http.schemas.override import OverrideResponse
from shared.model.override import Override, override_key
from shared.rules.overriding import UnknownOverride
from shared.transactions.overrides import DEADLINES


@endpoint(
    "POST",
    group="Overrides",
    takes=DeleteOverride,
    example={"override_id": "strange.override.5b0ddbd6b5e27a1cb2b6e3f4"},
    responses={200: Success("Deleted, now or before", OverrideResponse)},
    problems=(UnknownOverride,),
    personal=True,
    deadlines=DEADLINES,
)
async def delete_override(call: Call[DeleteOverride]) -> Response:
    """Delete an override; the week counts again.

    To delete it again answers the same.
    """
    dependencies = call.dependencies
    key = override_key(call.asked.override_id)
    doctors = await dependencies.doctor_cache.find([key.doctor_id]) if key else {}
    if key is None or key.doctor_id not in doctors:
        return refusal_response(UnknownOverride())
    doctor = doctors[key.doctor_id]
    outcome = await dependencies.overrides.delete(key, doctor, call.now)
    if not isinstance(outcome, Override):
        return refusal_response(outcome)
    return json_response(OverrideResponse.of_override(outcome, doctor))
