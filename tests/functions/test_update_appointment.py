"""update_appointment: who comes and why, corrected without a move."""

from datetime import timedelta

import pytest

from shared.model.appointment import Appointment, Patient
from tests.builders import appointment, at, schedule
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem
from tests.functions.callers import ADA, CLERK, STEPHEN
from tests.functions.faults import CutOff, cut_off

NINE = "2050-11-21T09:00"
KING: Json = {"name": "Ada King", "email": "Ada@EXAMPLE.org", "phone": "555-0199"}


@ON_BOTH_STORES
async def test_a_patient_is_replaced_as_a_whole_and_the_rest_stays(api: Api) -> None:
    whole = {"name": "Ada", "email": "old@example.org", "phone": "555-0100"}
    booked = (await api.ask(patient=whole, reason="a second opinion")).json()
    api.clock.now = at("2050-11-18T13:00Z")
    updated = await api.update(booked, patient={"name": " Ada King "})
    assert updated.status_code == 200
    assert updated.json() == {
        **booked,
        "patient": {"name": "Ada King"},
        "version": 2,
        "updated_at": "2050-11-18T08:00:00-05:00",
    }
    assert updated.headers["etag"] == '"2"'
    assert await api.found(booked) == updated.json()
    assert await api.listed() == [updated.json()]
    again = (await api.update(booked, patient=KING)).json()
    assert again["patient"] == {**KING, "email": "Ada@example.org"}
    assert (again["reason"], again["version"]) == ("a second opinion", 3)


@pytest.mark.parametrize("gone", [None, "", " \n"])
async def test_a_reason_is_replaced_or_taken_away(api: Api, gone: str | None) -> None:
    booked = (await api.ask(reason="a second opinion")).json()
    changed = (await api.update(booked, reason="check-up")).json()
    assert (changed["reason"], changed["patient"]) == ("check-up", booked["patient"])
    taken = (await api.update(booked, reason=gone)).json()
    assert "reason" not in taken
    assert (await api.update(booked, patient=KING)).json()["version"] == 4
    assert "reason" not in await api.found(booked)


@ON_BOTH_STORES
async def test_what_it_says_already_makes_no_new_version(api: Api) -> None:
    booked = (await api.ask(patient=KING, reason="check-up")).json()
    api.clock.now = at("2050-11-18T13:00Z")
    for fields in (
        {"reason": " check-up"},
        {"patient": KING},
        {"patient": KING, "reason": "check-up"},
    ):
        response = await api.update(booked, **fields)
        assert (response.status_code, response.json()) == (200, booked)
    assert await api.found(booked) == booked


async def test_something_has_to_be_corrected(api: Api) -> None:
    booked = await api.book(NINE)
    assert field_errors(await api.update(booked)) == [("patient", "missing")]
    assert field_errors(await api.update(booked, patient=None)) == [("patient", "missing")]
    assert await api.found(booked) == booked


# The account stays


async def test_the_account_of_a_patient_stays_whether_it_is_named_or_not(api: Api) -> None:
    hers = await api.by(ADA).book(NINE)
    for caller, person in (
        (ADA, {"name": "Ada King"}),
        (ADA, {"name": "Ada Byron", "id": "ada"}),
        (CLERK, {"name": "Ada King"}),
        (STEPHEN, {"name": "Ada Byron", "id": "ada"}),
    ):
        updated = (await api.by(caller).update(hers, patient=person)).json()
        assert updated["patient"] == {**person, "id": "ada"}
    assert await api.by(ADA).found(hers) == updated
    mine = await api.by(ADA).page({"patient_id": "me", "start": "2050-11-21", "end": "2050-11-21"})
    assert mine.json()["appointments"] == [updated]


async def test_no_account_is_given_to_what_has_none_or_another(api: Api) -> None:
    hers, nobody_s = await api.by(ADA).book(NINE), await api.book("2050-11-21T10:00")
    for booked, name in ((hers, "bob|2"), (nobody_s, "ada"), (nobody_s, "me")):
        refused = await api.by(CLERK).update(booked, patient={"name": "Bob", "id": name})
        assert field_errors(refused) == [("patient.id", "another_patient")]
        assert await api.by(CLERK).found(booked) == booked


# At any time before it is cancelled


@ON_BOTH_STORES
async def test_it_is_corrected_wherever_it_was_moved_and_also_when_it_is_past(api: Api) -> None:
    booked = await api.book(NINE)
    await api.move(booked, "2050-11-23T14:00Z", doctor_id="who")
    api.clock.now = at("2051-11-23T14:00Z")
    async with calling(api.dependencies.store, api.clock) as other:
        updated = (await other.update(booked, patient=KING)).json()
    assert (updated["doctor_id"], updated["patient"]["name"]) == ("who", "Ada King")
    assert await api.found(booked) == updated
    marked = (await api.mark(booked, "fulfilled")).json()
    assert marked["patient"] == updated["patient"]
    assert (await api.update(booked, reason="late")).json()["status"] == "fulfilled"


@ON_BOTH_STORES
async def test_what_is_cancelled_stays_as_it_was(api: Api) -> None:
    booked = await api.book(NINE)
    cancelled = (await api.cancel(booked)).json()
    problem(await api.update(booked, patient=KING), 422, "already_cancelled")
    assert await api.found(booked) == cancelled


async def test_it_does_not_unfree_what_a_mark_has_freed(api: Api) -> None:
    booked = await api.book(NINE)
    api.clock.now = at("2050-11-21T14:10Z")
    marked = (await api.mark(booked, "no_show")).json()
    updated = (await api.update(booked, patient=KING)).json()
    assert updated["freed_from"] == marked["freed_from"] == "2050-11-21T09:10:00-05:00"


# Whatever happens


async def test_corrections_count_among_a_patient_s_changes(api: Api) -> None:
    ada = api.by(ADA)
    hers = await ada.book(NINE)
    for number in range(59):
        assert (await ada.update(hers, reason=f"{number}")).status_code == 200
    problem(await ada.update(hers, reason="one too many"), 429, "too_many_requests")
    assert (await api.by(CLERK).update(hers, reason="by the clinic")).status_code == 200


async def test_while_a_patient_is_erased_nothing_is_corrected(api: Api) -> None:
    hers = await api.by(ADA).book(NINE)
    await api.mark_erasing(ADA)
    async with calling(api.dependencies.store, api.clock) as other:
        problem(await other.by(CLERK).update(hers, patient=KING), 503, "try_again")


async def test_a_day_without_room_takes_no_longer_texts(api: Api) -> None:
    long = {"name": "字" * 200, "email": f"{'a' * 60}@{'b' * 60}.example", "phone": "1" * 15}
    there = [minute_of_monday(number) for number in range(240)]
    longest = [a._replace(patient=Patient(**long), reason="字" * 1000) for a in there[:220]]
    await api.put(schedule("2050-11-21", *longest, *there[220:]))
    codes = {
        (await api.update({"id": a.id}, patient=long, reason="字" * 1000)).json().get("code")
        for a in there[220:]
    }
    assert codes == {None, "day_full"}


def minute_of_monday(number: int) -> Appointment:
    start = at("2050-11-21T14:00Z") + timedelta(minutes=number)
    end = start + timedelta(minutes=1)
    return appointment(start.isoformat(), end.isoformat(), f"strange.20501121.{number}")


@ON_BOTH_STORES
@pytest.mark.parametrize("when", ["at once", "before a commit", "after a commit"])
@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}], ids=["any version", "the first"])
async def test_a_correction_without_an_answer_can_be_sent_again(
    api: Api, when: CutOff, headers: dict[str, str]
) -> None:
    booked = await api.book(NINE)
    body = {"appointment_id": booked["id"], "reason": "check-up"}
    async with cut_off(api, when) as other:
        problem(await other.post("update_appointment", body, headers=headers), 503, "try_again")
    again = await api.update(booked, reason="check-up")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert await api.listed() == [again.json()]
