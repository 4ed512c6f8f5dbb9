"""delete_override: the week counts again, at once, and however often it is asked for."""

import asyncio

import httpx
import pytest

from shared.access.caller import ANONYMOUS, Caller
from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem
from tests.functions.callers import ADA, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.faults import cut_off, failing
from tests.functions.test_create_override import make

pytestmark = ON_BOTH_STORES

UNKNOWN = "strange.override.0123456789abcdef01234567"


async def delete(api: Api, override_id: str) -> httpx.Response:
    return await api.post("delete_override", {"override_id": override_id})


def deleted(made: Json) -> Json:
    """An override as it is once it is deleted."""
    kept = {name: value for name, value in made.items() if not name.startswith("affected")}
    return {**kept, "deleted_at": "2050-11-18T07:00:00-05:00"}


async def test_what_was_deleted_is_answered_and_the_week_counts_again(api: Api) -> None:
    made = await make(api, end="2050-11-23", note="ill")
    response = await delete(api, made["override_id"])
    assert (response.status_code, response.json()) == (200, deleted(made))
    await api.book("2050-11-21T09:00")
    await api.book("2050-11-23T16:30")


async def test_the_same_again_is_answered_the_same(api: Api) -> None:
    made = await make(api)
    await delete(api, made["override_id"])
    api.clock.now = at("2050-11-19T12:00Z")
    async with calling(api.dependencies.store, api.clock) as other:
        again = await delete(other, made["override_id"])
    assert (again.status_code, again.json()) == (200, deleted(made))


async def test_two_at_once_are_answered_the_same(api: Api) -> None:
    made = await make(api)
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(*(delete(a, made["override_id"]) for a in (api, other)))
    assert [answer.json() for answer in answers] == [deleted(made)] * 2


async def test_extra_hours_end_and_what_was_booked_in_them_stays(api: Api) -> None:
    hours = {"start": "2050-11-20T10:00", "end": "2050-11-20T12:00"}
    made = await make(api, kind="extra_hours", **hours)
    there = await api.book("2050-11-20T10:00")
    await delete(api, made["override_id"])
    assert await api.found(there) == there
    problem(await api.ask(start="2050-11-20T11:00"), 422, "outside_working_hours")


async def test_other_overrides_of_the_same_days_stay(api: Api) -> None:
    made, other = await make(api), await make(api, start="2050-11-21T12:00")
    await delete(api, made["override_id"])
    await api.book("2050-11-21T11:00")
    problem(await api.ask(start="2050-11-21T12:00"), 422, "time_off")
    await delete(api, other["override_id"])
    await api.book("2050-11-21T12:00")


@pytest.mark.parametrize(
    "override_id", [UNKNOWN, "strange", "strange.20501121.x", "doom.override.a", "a.override.b.c"]
)
async def test_what_there_is_not_is_404_in_the_same_words(api: Api, override_id: str) -> None:
    await make(api)
    assert problem(await delete(api, override_id), 404, "unknown_override") == {
        "detail": "no override has this id; send the `override_id` of an override exactly as you "
        "received it"
    }


@pytest.mark.parametrize(
    ("caller", "theirs", "nobodys"),
    [
        (ANONYMOUS, 401, 401),
        (ADA, 403, 403),
        (OTHER_DOCTOR, 403, 403),
        (STEPHEN, 200, 404),
        (CLERK, 200, 404),
    ],
    ids=["anonymous", "patient", "another doctor", "doctor", "staff"],
)
async def test_who_may_delete(api: Api, caller: Caller, theirs: int, nobodys: int) -> None:
    made = await make(api)
    assert (await delete(api.by(caller), UNKNOWN)).status_code == nobodys
    assert (await delete(api.by(caller), made["override_id"])).status_code == theirs
    asked = await api.ask(start="2050-11-21T09:00")
    assert asked.status_code == (201 if theirs == 200 else 422)


async def test_no_answer_in_time_is_503_and_a_retry_is_safe(api: Api) -> None:
    made = await make(api)
    async with cut_off(api) as other:
        problem(await delete(other, made["override_id"]), 503, "try_again")
    async with failing(api, 0) as other:
        problem(await delete(other, made["override_id"]), 503, "try_again")
    assert (await delete(api, made["override_id"])).json() == deleted(made)
