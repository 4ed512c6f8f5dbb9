"""release_hold: who holds a time gives it up; whatever else is asked for, nothing happens."""

from datetime import timedelta

import pytest

from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem
from tests.functions.callers import ADA, BOB, CLERK, STEPHEN
from tests.functions.faults import ForgetfulStore, cut_off
from tests.functions.reads import fresh

pytestmark = ON_BOTH_STORES

UNKNOWN = "strange.20501121.hold.0123456789abcdef01234567"


async def test_what_is_released_is_free_at_once_and_the_hold_is_none(api: Api) -> None:
    held = await api.hold()
    released = await api.release(held)
    assert (released.status_code, released.json()) == (200, {"hold_id": held["hold_id"]})
    problem(await api.ask(hold_id=held["hold_id"]), 404, "unknown_hold")
    assert (await api.release(held)).json() == released.json()
    async with calling(api.dependencies.store, api.clock) as other:
        assert (await other.ask()).status_code == 201


async def test_a_hold_over_the_end_of_a_day_is_free_on_both(api: Api) -> None:
    extra: Json = {"doctor_id": "strange", "kind": "extra_hours"}
    for start, end in (("2050-11-20T23:00", "2050-11-21T00:00"), ("2050-11-21", "2050-11-21")):
        made = await api.post("create_override", {**extra, "start": start, "end": end})
        assert made.status_code == 201
    held = await api.hold(start="2050-11-20T23:30", duration_minutes=60)
    async with calling(api.dependencies.store, api.clock) as other:
        await other.release(held)
    await api.book("2050-11-20T23:30")
    await api.book("2050-11-21T00:00")


async def test_of_another_s_hold_nothing_is_told_and_nothing_happens(api: Api) -> None:
    held = await api.by(ADA).hold()
    for caller in (BOB, STEPHEN, CLERK):
        answers: list[Json] = []
        reads: list[int] = []
        for name in (held["hold_id"], UNKNOWN):
            async with fresh(api, caller, reads) as instance:
                released = await instance.release({"hold_id": name})
            assert released.status_code == 200
            assert released.json() == {"hold_id": name}
            answers.append({**released.headers, "request-id": "", "content-length": ""})
        assert answers[0] == answers[1]
        assert reads[0] == reads[1] > 0
    problem(await api.by(BOB).ask(), 409, "slot_taken")
    assert (await api.by(ADA).ask(hold_id=held["hold_id"])).status_code == 201


async def test_one_that_was_booked_or_has_ended_is_released_and_nothing_happens(api: Api) -> None:
    used, ended = await api.hold(), await api.hold(start="2050-11-21T10:00", seconds=30)
    booked = (await api.ask(hold_id=used["hold_id"])).json()
    api.clock.now += timedelta(seconds=30)
    for held in (used, ended):
        assert (await api.release(held)).status_code == 200
    assert await api.listed() == [booked]


@pytest.mark.parametrize("name", ["x", "doom.20501121.hold.x", "strange.20501332.hold.x"])
async def test_an_id_that_no_hold_can_have_is_released_without_a_look(api: Api, name: str) -> None:
    reads: list[int] = []
    async with fresh(api, ADA, reads) as instance:
        for _ in range(2):
            assert (await instance.release({"hold_id": name})).json() == {"hold_id": name}
    assert reads[1] == 0


async def test_no_answer_in_time_is_503_and_sending_it_again_is_safe(api: Api) -> None:
    held = await api.hold()
    for when in ("at once", "before a commit", "after a commit"):
        async with cut_off(api, when) as other:
            problem(await other.release(held), 503, "try_again")
    assert (await api.release(held)).status_code == 200
    assert (await api.ask()).status_code == 201


async def test_an_answer_that_was_lost_is_200_after_the_next_attempt(api: Api) -> None:
    held, forgetful = await api.hold(), ForgetfulStore(api.dependencies.store)
    async with calling(forgetful, api.clock) as other:  # type: ignore[arg-type]
        assert (await other.release(held)).status_code == 200
    assert forgetful.lost == 1
