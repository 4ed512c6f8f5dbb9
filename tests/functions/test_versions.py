"""Versions: every change makes one, and a request may be about one of them only."""

import asyncio
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from tests.builders import at
from tests.functions.api import (
    MONDAY_AT_NINE,
    ON_BOTH_STORES,
    Api,
    Json,
    calling,
    field_errors,
    problem,
)
from tests.functions.callers import ADA, BOB, OTHER_DOCTOR
from tests.functions.faults import ForgetfulStore

if TYPE_CHECKING:
    from shared.store.port import Store

NINE = "2050-11-21T09:00"
NEXT = "2050-11-22T09:00"
CHANGES: dict[str, Json] = {
    "cancel_appointment": {},
    "reschedule_appointment": {"start": NEXT},
    "mark_appointment": {"status": "arrived"},
    "update_appointment": {"reason": "check-up"},
}
EVERY_CHANGE = pytest.mark.parametrize("function", CHANGES)


async def change(
    api: Api, function: str, booked: Json, tags: str | None, key: str | None = None
) -> httpx.Response:
    """Ask for a change of an appointment, if it is still as these tags say."""
    body = {"appointment_id": booked["id"], **CHANGES[function]}
    return await api.post(function, body, key, {} if tags is None else {"If-Match": tags})


@pytest.fixture
async def booked(api: Api) -> Json:
    """An appointment on the day that it is."""
    booked = await api.book(NINE)
    api.clock.now = at("2050-11-21T13:00Z")
    return booked


# What has which version


@ON_BOTH_STORES
async def test_every_answer_of_an_appointment_has_its_version_as_the_entity_tag(api: Api) -> None:
    booked = await api.ask()
    assert (booked.json()["version"], booked.headers["etag"]) == (1, '"1"')
    moved = await api.reschedule(booked.json(), NEXT)
    assert (moved.json()["version"], moved.headers["etag"]) == (2, '"2"')
    updated = await api.update(booked.json(), reason="check-up")
    assert (updated.json()["version"], updated.headers["etag"]) == (3, '"3"')
    cancelled = await api.cancel(booked.json())
    assert (cancelled.json()["version"], cancelled.headers["etag"]) == (4, '"4"')
    again = await api.cancel(booked.json())
    assert (again.json()["version"], again.headers["etag"]) == (4, '"4"')
    found = await api.get({"appointment_id": booked.json()["id"]})
    assert (found.json()["version"], found.headers["etag"]) == (4, '"4"')
    assert "etag" not in (await api.validate({**MONDAY_AT_NINE, "start": NEXT})).headers


# get_appointment


@ON_BOTH_STORES
async def test_who_has_the_latest_version_is_not_sent_it_again(api: Api) -> None:
    booked = await api.book(NINE)
    url, query = "/get_appointment", {"appointment_id": booked["id"]}
    for tags in ('"1"', '"7", "1"', "*", 'W/"1"', '"a,b" , W/"1"'):
        for method in ("GET", "HEAD"):
            same = await api.client.request(
                method, url, params=query, headers={"If-None-Match": tags}
            )
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == '"1"'
            assert "content-type" not in same.headers
    await api.move(booked, NEXT)
    for tags in ('"1"', '"7"', "1", "", '"2', '*, "2"', 'w/"2"', '"02"'):
        changed = await api.client.get(url, params=query, headers={"If-None-Match": tags})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)


async def test_what_is_not_there_is_not_unchanged_either(api: Api) -> None:
    hers = await api.by(ADA).book(NINE)
    for caller in (BOB, OTHER_DOCTOR):
        found = await api.by(caller).client.get(
            "/get_appointment",
            params={"appointment_id": hers["id"]},
            headers={"If-None-Match": "*"},
        )
        problem(found, 404, "unknown_appointment")


# If-Match


@ON_BOTH_STORES
@EVERY_CHANGE
async def test_a_change_of_another_version_is_refused(
    api: Api, booked: Json, function: str
) -> None:
    before = (await api.update(booked, reason="a second opinion")).json()
    for tags in ('"1"', '"3"', 'W/"2"', '"1", "3"', '""', '"02"', '"2.0"', f'"{"9" * 5000}"'):
        refused = await change(api, function, booked, tags)
        assert problem(refused, 412, "version_mismatch").keys() == {"detail"}
        assert await api.found(booked) == before
    granted = await change(api, function, booked, '"2"')
    assert (granted.status_code, granted.json()["version"]) == (200, 3)


@pytest.mark.parametrize("tags", ['"1"', '"7", "1"', "*", 'W/"1" ,"1"', '"a,b", "1"', None])
@EVERY_CHANGE
async def test_a_change_of_this_version_or_of_any_is_granted(
    api: Api, booked: Json, function: str, tags: str | None
) -> None:
    granted = await change(api, function, booked, tags)
    assert (granted.status_code, granted.json()["version"]) == (200, 2)
    assert await api.found(booked) == granted.json()


@EVERY_CHANGE
async def test_what_is_no_list_of_entity_tags_is_refused(
    api: Api, booked: Json, function: str
) -> None:
    for tags in ("", "1", '"1', '1"', '"1" "2"', '*, "1"', '"1",', "'1'", 'w/"1"', '"a b"', "W/1"):
        refused = await change(api, function, booked, tags)
        assert field_errors(refused) == [("If-Match", "entity_tag")], tags
        assert '"3"' in refused.json()["detail"]
        assert await api.found(booked) == booked


async def test_tags_may_come_in_several_lines(api: Api, booked: Json) -> None:
    body = {"appointment_id": booked["id"]}
    for lines, status in (('"2"', '"3"'), 412), (("*", '"1"'), 400), (('"2"', '"1"'), 200):
        headers = [("If-Match", line) for line in lines]
        response = await api.client.post("/cancel_appointment", json=body, headers=headers)
        assert response.status_code == status


async def test_a_function_that_takes_no_version_ignores_the_header(api: Api) -> None:
    booked = await api.post("create_appointment", MONDAY_AT_NINE, None, {"If-Match": "nonsense"})
    assert booked.status_code == 201


# The order of checks


@EVERY_CHANGE
async def test_what_is_not_there_is_unknown_before_its_version_is_looked_at(
    api: Api, function: str
) -> None:
    unknown = {"id": "strange.20501121.0123456789abcdef01234567"}
    problem(await change(api, function, unknown, '"1"'), 404, "unknown_appointment")


@ON_BOTH_STORES
@EVERY_CHANGE
async def test_the_version_is_looked_at_before_the_state(
    api: Api, booked: Json, function: str
) -> None:
    await api.cancel(booked)
    problem(await change(api, function, booked, '"1"'), 412, "version_mismatch")
    late = await change(api, function, booked, '"2"')
    if function == "cancel_appointment":
        assert (late.status_code, late.json()["version"]) == (200, 2)
    else:
        code = "wrong_status" if function == "mark_appointment" else "already_cancelled"
        problem(late, 422, code)


async def test_the_state_is_looked_at_before_the_doctor_who_is_asked_for(
    api: Api, booked: Json
) -> None:
    to_doom: Json = {"start": NEXT, "doctor_id": "doom"}
    unknown = {"id": "strange.20501121.0123456789abcdef01234567"}
    problem(await api.reschedule(unknown, **to_doom), 404, "unknown_appointment")
    body = {"appointment_id": booked["id"], **to_doom}
    another = await api.post("reschedule_appointment", body, None, {"If-Match": '"2"'})
    problem(another, 412, "version_mismatch")
    problem(await api.reschedule(booked, **to_doom), 404, "unknown_doctor")
    await api.cancel(booked)
    problem(await api.reschedule(booked, **to_doom), 422, "already_cancelled")


@ON_BOTH_STORES
async def test_a_replay_of_a_move_is_answered_before_its_version_is_looked_at(
    api: Api, booked: Json
) -> None:
    moved = await change(api, "reschedule_appointment", booked, '"1"', "a-key")
    assert moved.status_code == 200
    again = await change(api, "reschedule_appointment", booked, '"1"', "a-key")
    assert (again.status_code, again.json()) == (200, moved.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == '"2"'
    other = await change(api, "reschedule_appointment", booked, '"1"', "another-key")
    problem(other, 412, "version_mismatch")


# Whatever happens


@ON_BOTH_STORES
@EVERY_CHANGE
async def test_a_change_whose_first_answer_was_lost_is_not_taken_for_another_s(
    api: Api, booked: Json, function: str
) -> None:
    """Its own commit made the version that it is about an older one."""
    store = ForgetfulStore(api.dependencies.store)
    async with calling(cast("Store", store), api.clock) as other:
        granted = await change(other, function, booked, '"1"')
    assert store.lost >= 1
    assert (granted.status_code, granted.json()["version"]) == (200, 2)
    assert "idempotent-replayed" not in granted.headers
    assert await api.found(booked) == granted.json()


@ON_BOTH_STORES
@pytest.mark.parametrize("function", ["mark_appointment", "update_appointment"])
async def test_a_change_whose_first_answer_was_lost_is_not_made_again_over_another_s(
    api: Api, booked: Json, function: str
) -> None:
    async def rival() -> None:
        await api.mark(booked, "fulfilled")
        await api.post("update_appointment", {"appointment_id": booked["id"], "reason": "theirs"})

    store = ForgetfulStore(api.dependencies.store, rival)
    async with calling(cast("Store", store), api.clock) as other:
        granted = await change(other, function, booked, None)
    now = await api.found(booked)
    assert (granted.status_code, granted.json()) == (200, now)
    assert (now["status"], now["reason"], now["version"]) == ("fulfilled", "theirs", 4)


@ON_BOTH_STORES
@pytest.mark.parametrize("function", ["update_appointment", "reschedule_appointment"])
async def test_of_several_changes_of_one_version_at_once_one_is_granted(
    api: Api, booked: Json, function: str
) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(
            *(
                instance.post(
                    function,
                    {"appointment_id": booked["id"], **fields},
                    headers={"If-Match": '"1"'},
                )
                for number, instance in enumerate((api, other, api, other))
                for fields in [
                    {"reason": f"{number}"}
                    if function == "update_appointment"
                    else {"start": f"2050-11-22T{10 + number}:00"}
                ]
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (granted,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await api.found(booked) == granted
