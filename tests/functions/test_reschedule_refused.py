"""reschedule_appointment: what is refused, and that nothing is changed then."""

from datetime import timedelta

import pytest

from tests.builders import at, doctor
from tests.functions.api import ON_BOTH_STORES, Api, calling, field_errors, problem, starts
from tests.functions.faults import CutOff, cut_off
from tests.functions.ids import UNKNOWN_IDS

pytestmark = ON_BOTH_STORES

FUNCTION = "reschedule_appointment"
GOOD = {"appointment_id": "strange.20501121.x", "start": "2050-11-22T09:00"}


# What it names


@pytest.mark.parametrize("unknown", UNKNOWN_IDS.values(), ids=UNKNOWN_IDS)
async def test_an_id_that_no_appointment_has_is_not_found(api: Api, unknown: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.post(FUNCTION, {"appointment_id": unknown, "start": "2050-11-22T09:00"})
    assert problem(response, 404, "unknown_appointment").keys() == {"detail"}
    assert await api.listed() == [booked]


async def test_an_id_is_of_its_own_doctor_and_day_only(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    _, _, token = booked["id"].split(".")
    for other in (f"who.20501121.{token}", f"strange.20501122.{token}"):
        response = await api.reschedule({"id": other}, "2050-11-22T09:00")
        problem(response, 404, "unknown_appointment")
    assert await api.listed() == [booked]


async def test_an_unknown_doctor_is_not_found_and_known_ones_are_named(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, "2050-11-22T09:00", doctor_id="doom")
    assert problem(response, 404, "unknown_doctor") == {
        "detail": 'there is no doctor "doom"; use an id such as "strange", "who"'
    }
    assert await api.listed() == [booked]


async def test_a_doctor_that_this_instance_does_not_know_yet_has_to_be_asked_for_again(
    api: Api,
) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.dependencies.store.put_doctors([doctor(doctor_id="doom")])
    async with calling(api.dependencies.store, api.clock) as other:
        moved = await other.move(booked, "2050-11-21T09:00", doctor_id="doom")
        response = await api.reschedule(booked, "2050-11-22T09:00")
        problem(response, 503, "try_again")
        assert response.headers["retry-after"] == "1"
        assert await other.found(booked) == moved


# The rules


async def test_a_taken_time_is_answered_with_conflicts_and_the_next_three_openings(
    api: Api,
) -> None:
    taken = await api.book("2050-11-22T09:00")
    booked = await api.book("2050-11-21T09:00")
    members = problem(await api.reschedule(booked, "2050-11-22T09:00"), 409, "slot_taken")
    assert members.pop("openings")[0] == {
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": "2050-11-22T09:30:00-05:00",
        "end": "2050-11-22T10:00:00-05:00",
        "duration_minutes": 30,
        "time_zone": "America/New_York",
    }
    assert members == {
        "detail": (
            "Doctor Strange is not free from 2050-11-22T09:00:00-05:00 to"
            " 2050-11-22T09:30:00-05:00; the next opening of that length starts at"
            " 2050-11-22T09:30:00-05:00"
        ),
        "conflicts": [{"start": "2050-11-22T09:00:00-05:00", "end": "2050-11-22T09:30:00-05:00"}],
    }
    assert await api.listed() == [booked, taken]


async def test_openings_have_the_new_length_and_are_with_the_new_doctor(api: Api) -> None:
    await api.book("2050-11-22T15:00", doctor_id="who")
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(
        booked, "2050-11-22T14:30", doctor_id="who", duration_minutes=45
    )
    openings = problem(response, 409, "slot_taken")["openings"]
    assert {(o["doctor_id"], o["duration_minutes"]) for o in openings} == {("who", 45)}
    assert starts(openings) == [
        "2050-11-23T08:00:00Z",
        "2050-11-23T08:45:00Z",
        "2050-11-23T09:30:00Z",
    ]


async def test_its_own_old_time_is_free_in_conflicts_and_in_openings(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    booked = await api.book("2050-11-21T09:30", 60)
    response = await api.reschedule(booked, "2050-11-21T08:45")
    assert starts(problem(response, 422, "outside_working_hours")["openings"]) == [
        "2050-11-21T09:30:00-05:00",
        "2050-11-21T10:30:00-05:00",
        "2050-11-21T11:30:00-05:00",
    ]
    members = problem(await api.reschedule(booked, "2050-11-21T09:15"), 409, "slot_taken")
    assert members["conflicts"] == [
        {"start": "2050-11-21T09:15:00-05:00", "end": "2050-11-21T09:30:00-05:00"}
    ]
    assert starts(members["openings"]) == [
        "2050-11-21T09:30:00-05:00",
        "2050-11-21T10:30:00-05:00",
        "2050-11-21T11:30:00-05:00",
    ]


async def test_its_own_old_time_is_an_opening_on_another_day_too(api: Api) -> None:
    await api.book("2050-11-21T09:00", 480)
    booked = await api.book("2050-11-22T09:00")
    members = problem(await api.reschedule(booked, "2050-11-21T16:00"), 409, "slot_taken")
    assert members["conflicts"] == [
        {"start": "2050-11-21T16:00:00-05:00", "end": "2050-11-21T16:30:00-05:00"}
    ]
    assert starts(members["openings"])[0] == "2050-11-22T09:00:00-05:00"


async def test_of_two_that_are_refused_one_time_each_sees_its_own_time_free(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    early = await api.book("2050-11-21T09:30")
    late = await api.book("2050-11-21T10:00")
    for booked, first in ((early, "09:30"), (late, "10:00")):
        members = problem(await api.reschedule(booked, "2050-11-21T09:00"), 409, "slot_taken")
        assert starts(members["openings"])[0] == f"2050-11-21T{first}:00-05:00"


async def test_a_conflict_tells_nothing_of_the_other_patient(api: Api) -> None:
    other = {"name": "Grace Hopper", "email": "grace@example.org", "phone": "555-0199"}
    taken = (await api.ask(patient=other, reason="a broken relay")).json()
    booked = await api.book("2050-11-22T09:00")
    response = await api.reschedule(booked, "2050-11-21T09:00")
    problem(response, 409, "slot_taken")
    for secret in (*other.values(), "a broken relay", taken["id"]):
        assert secret not in response.text


async def test_outside_working_hours_is_answered_with_the_hours_of_that_day(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, "2050-11-22T16:45")
    members = problem(response, 422, "outside_working_hours")
    assert members.keys() == {"detail", "working_hours", "openings"}
    assert members["working_hours"] == [
        {"start": "2050-11-22T09:00:00-05:00", "end": "2050-11-22T17:00:00-05:00"}
    ]
    assert starts(members["openings"])[0] == "2050-11-23T09:00:00-05:00"
    assert await api.listed() == [booked]


async def test_on_a_day_off_there_are_no_working_hours(api: Api) -> None:
    booked = await api.book("2050-11-18T09:00")
    response = await api.reschedule(booked, "2050-11-19T10:00")
    members = problem(response, 422, "outside_working_hours")
    assert members["working_hours"] == []
    assert starts(members["openings"])[0] == "2050-11-21T09:00:00-05:00"


async def test_a_length_that_stays_may_not_fit_with_another_doctor(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00", 480)
    response = await api.reschedule(booked, "2050-11-22T09:00", doctor_id="who")
    problem(response, 422, "outside_working_hours")
    assert (await api.move(booked, "2050-11-22T08:00", doctor_id="who"))["duration_minutes"] == 480


async def test_a_new_start_before_now_is_in_the_past(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-18T14:00:00.000001Z")
    response = await api.reschedule(booked, "2050-11-18T09:00")
    assert problem(response, 422, "in_the_past") == {"detail": "start must not be before now"}
    assert await api.listed() == [booked]


@pytest.mark.parametrize("now", ["2050-11-21T14:00Z", "2050-11-21T14:15Z", "2050-11-21T20:00Z"])
async def test_what_has_started_cannot_be_moved(api: Api, now: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at(now)
    response = await api.reschedule(booked, "2050-11-22T09:00")
    assert problem(response, 422, "already_started") == {
        "detail": "an appointment that has started can no longer be moved or cancelled"
    }
    assert await api.listed() == [booked]


async def test_until_it_starts_it_can_be_moved(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-21T13:59:59.999999Z")
    await api.move(booked, "2050-11-21T09:00")


@pytest.mark.parametrize("now", ["2050-11-18T12:00Z", "2050-11-21T20:00Z"], ids=["now", "later"])
async def test_what_is_cancelled_cannot_be_moved(api: Api, now: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    cancelled = (await api.cancel(booked)).json()
    api.clock.now = at(now)
    response = await api.reschedule(booked, "2050-11-22T09:00")
    assert problem(response, 422, "already_cancelled") == {
        "detail": "a cancelled appointment cannot be moved; book a new one"
    }
    assert await api.listed() == [cancelled]


# The order of checks


async def test_the_request_is_looked_at_before_the_doctor(api: Api) -> None:
    response = await api.post(FUNCTION, {**GOOD, "doctor_id": "doom", "duration_minutes": 0})
    assert field_errors(response) == [("duration_minutes", "greater_than_equal")]


async def test_the_past_is_looked_at_before_the_working_hours(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    problem(await api.reschedule(booked, "2050-11-18T03:00"), 422, "in_the_past")


async def test_working_hours_are_looked_at_before_conflicts(api: Api) -> None:
    await api.book("2050-11-22T16:30")
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, "2050-11-22T16:45")
    problem(response, 422, "outside_working_hours")


# The store


@pytest.mark.parametrize("when", ["at once", "before a commit", "after a commit"])
async def test_where_the_store_does_not_answer_it_can_be_sent_again_with_its_key(
    api: Api, when: CutOff
) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.tick = timedelta(microseconds=1)
    async with cut_off(api, when) as other:
        response = await other.reschedule(booked, "2050-11-22T09:00", "k", doctor_id="who")
    problem(response, 503, "try_again")
    assert response.headers["retry-after"] == "1"
    again = await api.reschedule(booked, "2050-11-22T09:00", "k", doctor_id="who")
    assert again.status_code == 200
    assert ("idempotent-replayed" in again.headers) == (when == "after a commit")
    assert await api.listed("strange") == []
    assert await api.listed("who") == [again.json()]


async def test_without_a_key_it_can_be_sent_again_as_well(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with cut_off(api, "after a commit") as other:
        problem(await other.reschedule(booked, "2050-11-22T09:00"), 503, "try_again")
    again = await api.move(booked, "2050-11-22T09:00")
    assert await api.listed() == [again]
