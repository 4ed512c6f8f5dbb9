"""Make an override: time off, or extra hours."""

from zoneinfo import ZoneInfo

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.lookups import find_doctor
from shared.http.problems import refusal_response
from shared.http.request_errors import UnknownDoctor
from shared.http.requests import checked
from shared.http.responses import REPLAYED, json_response
from shared.http.schemas.create_override import CreatedOverride, NewOverride
from shared.http.schemas.fields import check_order, field_error
from shared.http.wanted_times import identity
from shared.http.windows import window
from shared.model.doctor import Doctor
from shared.model.ids import random_part
from shared.model.interval import Interval
from shared.model.override import Override, override_id
from shared.rules.overriding import NoRoomForOverride, is_on_one_date
from shared.rules.refusals import KeyReused
from shared.transactions import overrides
from shared.transactions.overrides import DEADLINES, Made


@endpoint(
    "POST",
    group="Overrides",
    takes=NewOverride,
    example={
        "doctor_id": "strange",
        "kind": "time_off",
        "start": "2030-01-07",
        "end": "2030-01-11",
        "note": "a conference",
    },
    responses={201: Success("Made", CreatedOverride)},
    problems=(UnknownDoctor, NoRoomForOverride, KeyReused),
    idempotent=True,
    personal=True,
    deadlines=DEADLINES,
)
async def create_override(call: Call[NewOverride]) -> Response:
    """Take time off a doctor's calendar, or add hours to it.

    What is booked stays booked: the answer lists the appointments that now lie in time off. After
    the answer nothing is booked in time off any more.
    """
    dependencies = call.dependencies
    doctor = await find_doctor(dependencies, call.asked.doctor_id)
    outcome = await dependencies.overrides.make(_new_override(call, doctor))
    if not isinstance(outcome, Made):
        return refusal_response(outcome)
    made = CreatedOverride.of_made(outcome, doctor)
    return json_response(made, 201, REPLAYED if outcome.replayed else None)


def _new_override(call: Call[NewOverride], doctor: Doctor) -> overrides.NewOverride:
    asked = call.asked
    interval = _interval(asked, doctor.zone)
    override = Override(
        id=override_id(doctor.id, random_part()),
        doctor_id=doctor.id,
        kind=asked.kind,
        interval=interval,
        created_at=call.now,
        note=asked.note,
    )
    # Two requests are the same if they ask for the same, however it is spelled.
    start, end = (instant.isoformat() for instant in interval)
    request = ["create_override", doctor.id, asked.kind, start, end, asked.note]
    return overrides.NewOverride(doctor, override, call.arrived_at, identity(call, request))


def _interval(asked: NewOverride, zone: ZoneInfo) -> Interval:
    """Return the time that is asked for: 400 if it is none, or not what its kind allows."""
    interval = window(asked.start, asked.end, zone)
    checked("end", check_order, *interval)
    if asked.kind == "extra_hours":
        checked("end", _check_date, interval, zone)
    return interval


def _check_date(interval: Interval, zone: ZoneInfo) -> None:
    if not is_on_one_date(interval, zone):
        message = "must be on the date of start, for extra hours; send one override for each date"
        raise field_error("end", "another_date", message)
