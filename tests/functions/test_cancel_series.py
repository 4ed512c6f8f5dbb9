"""cancel_series: all that is left of a series, or what starts from an instant on, in one commit."""

from datetime import timedelta

import pytest

from shared.access.caller import Caller
from shared.model.policy import Policy
from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem, starts
from tests.functions.callers import ADA, BOB, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.clinics import with_policy
from tests.functions.faults import ForgetfulStore, cut_off
from tests.functions.reads import fresh

pytestmark = ON_BOTH_STORES

DAILY = "FREQ=DAILY;COUNT=4"
DAYS = ["2050-11-21", "2050-11-22", "2050-11-23", "2050-11-24"]


async def end(api: Api, series: Json, **fields: object) -> Json:
    """Cancel what may be cancelled of a series."""
    response = await api.cancel_series(series, **fields)
    assert response.status_code == 200, response.text
    ended: Json = response.json()
    return ended


def dates(appointments: list[Json]) -> list[str]:
    """The days of some appointments."""
    return [start[:10] for start in starts(appointments)]


async def booked(api: Api) -> list[str]:
    """The days on which something is still booked."""
    return dates(await api.listed(status="booked"))


# The answer


async def test_all_that_lies_ahead_is_cancelled_and_answered_whole(api: Api) -> None:
    series = await api.book_series("FREQ=DAILY;COUNT=2")
    api.clock.now = at("2050-11-18T13:00Z")
    ended = await end(api, series, reason=" moves\r\n away ")
    now = "2050-11-18T08:00:00-05:00"
    assert ended == {
        "cancelled": [
            {
                **each,
                "status": "cancelled",
                "version": 2,
                "updated_at": now,
                "cancelled_at": now,
                "cancellation_reason": "moves\n away",
            }
            for each in series["appointments"]
        ],
        "kept": [],
    }
    assert await api.listed() == ended["cancelled"]
    await api.book_series("FREQ=DAILY;COUNT=2")


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ({}, 2),
        ({"after": None}, 2),
        ({"after": "2050-11-01"}, 2),
        ({"after": "2050-11-23"}, 2),
        ({"after": "2050-11-23T09:00"}, 2),
        ({"after": "2050-11-23T14:00:00.000Z"}, 2),
        ({"after": "2050-11-23T14:00:00.000001Z"}, 3),
        ({"after": "2050-11-23T15:00:01+01:00"}, 3),
        ({"after": "2050-11-24"}, 3),
        ({"after": "2050-11-25"}, 4),
    ],
)
async def test_it_begins_at_an_instant_or_a_day_or_now(api: Api, after: Json, first: int) -> None:
    series = await api.book_series(DAILY)
    api.clock.now = at("2050-11-22T15:00Z")
    ended = await end(api, series, **after)
    wanted = DAYS[:2] if after.get("after") == "2050-11-01" else []
    assert dates(ended["cancelled"]) == DAYS[first:]
    assert [each["appointment_id"][8:16] for each in ended["kept"]] == [
        day.replace("-", "") for day in wanted
    ]
    assert await booked(api) == DAYS[:first]


async def test_asked_again_it_answers_the_same_and_changes_nothing(api: Api) -> None:
    series = await api.book_series(DAILY)
    first = await end(api, series, after=DAYS[2], reason="x")
    api.clock.now += timedelta(hours=1)
    assert await end(api, series, after=DAYS[2], reason="y") == first
    async with calling(api.dependencies.store, api.clock) as other:
        assert (await end(other, series, after=DAYS[1]))["cancelled"][1:] == first["cancelled"]


async def test_single_ones_are_moved_and_cancelled_by_their_own_ids(api: Api) -> None:
    series = await api.book_series(DAILY)
    first, second, third, _ = series["appointments"]
    await api.move(first, "2050-11-28T09:00")
    await api.move(second, "2050-11-21T12:00Z", doctor_id="who")
    gone = (await api.cancel(third, reason="ill")).json()
    ended = await end(api, series, after="2050-11-22")
    assert dates(ended["cancelled"]) == ["2050-11-23", "2050-11-24", "2050-11-28"]
    assert ended["cancelled"][0] == gone
    still = await api.listed("who", status="booked")
    assert [each["id"] for each in still] == [second["id"]]


# What is kept


async def test_what_is_within_the_notice_a_patient_keeps_and_staff_cancel(api: Api) -> None:
    strict = api.of(with_policy(Policy(cancel_notice=timedelta(days=2))))
    series = await strict.by(ADA).book_series(DAILY)
    api.clock.now = at("2050-11-20T14:00:00Z")
    ended = await end(strict.by(ADA), series)
    ids = [each["id"] for each in series["appointments"]]
    assert ended["kept"] == [{"appointment_id": ids[0], "code": "too_late_to_cancel"}]
    assert dates(ended["cancelled"]) == DAYS[1:]
    assert dates((await end(strict.by(CLERK), series))["cancelled"]) == DAYS


async def test_what_has_begun_has_arrived_or_was_missed_is_kept(api: Api) -> None:
    series = await api.book_series(DAILY)
    ids = [each["id"] for each in series["appointments"]]
    api.clock.now = at("2050-11-21T14:10Z")
    await api.mark({"id": ids[0]}, "no_show")
    api.clock.now = at("2050-11-22T13:00Z")
    await api.mark({"id": ids[1]}, "arrived")
    ended = await end(api, series, after="2050-11-21")
    assert ended["kept"] == [
        {"appointment_id": ids[0], "code": "wrong_status"},
        {"appointment_id": ids[1], "code": "wrong_status"},
    ]
    api.clock.now = at("2050-11-23T14:00Z")
    ended = await end(api, await api.book_series("FREQ=DAILY;COUNT=2", start="2050-11-23T09:30"))
    assert len(ended["cancelled"]) == 2


# Whose it is


@pytest.mark.parametrize("stranger", [BOB, OTHER_DOCTOR], ids=["patient", "doctor"])
async def test_what_belongs_to_others_is_answered_like_what_does_not_exist(
    api: Api, stranger: Caller
) -> None:
    series = await api.by(ADA).book_series(DAILY)
    documents: list[Json] = []
    reads: list[int] = []
    for name in (series["series_id"], "strange.series.0123456789abcdef01234567"):
        async with fresh(api, stranger, reads) as instance:
            refused = await instance.cancel_series({"series_id": name}, reason="x")
        assert problem(refused, 404, "unknown_series").keys() == {"detail"}
        documents.append({**refused.json(), "instance": ""})
    assert documents[0] == documents[1]
    assert reads[0] == reads[1] > 0
    assert len(await booked(api)) == 4


async def test_a_doctor_cancels_what_is_still_in_their_schedule(api: Api) -> None:
    series = await api.by(ADA).book_series(DAILY)
    first = series["appointments"][0]
    await api.by(CLERK).move(first, "2050-11-25T12:00Z", doctor_id="who")
    assert dates((await end(api.by(STEPHEN), series))["cancelled"]) == DAYS[1:]
    problem(await api.by(OTHER_DOCTOR).cancel_series(series), 404, "unknown_series")
    assert (await api.by(ADA).found(first))["status"] == "booked"
    assert dates((await end(api.by(ADA), series))["cancelled"]) == [*DAYS[1:], "2050-11-25"]


async def test_a_series_of_somebody_without_an_account_is_for_staff_and_the_doctor(
    api: Api,
) -> None:
    series = await api.by(CLERK).book_series(DAILY)
    problem(await api.by(ADA).cancel_series(series), 404, "unknown_series")
    assert len((await end(api.by(STEPHEN), series))["cancelled"]) == 4


async def test_an_account_that_is_erased_leaves_a_series_that_names_nobody(api: Api) -> None:
    ada = api.by(ADA)
    series = await ada.book_series(DAILY, reason="check-up")
    assert (await ada.erase(patient_id="me")).json() == {"appointments": 4}
    problem(await ada.cancel_series(series), 404, "unknown_series")
    ended = await end(api.by(CLERK), series)
    assert [each["patient"] for each in ended["cancelled"]] == [{"name": "erased"}] * 4
    assert {each["series_id"] for each in ended["cancelled"]} == {series["series_id"]}


# Limits


async def test_it_is_one_change_of_the_patient(api: Api) -> None:
    ada = api.of(with_policy(Policy(changes_per_day=2))).by(ADA)
    series = await ada.book_series(DAILY)
    await end(ada, series, after=DAYS[2])
    refused = await ada.cancel_series(series)
    problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "86400"
    assert dates((await end(ada, series, after=DAYS[2]))["cancelled"]) == DAYS[2:]
    assert await booked(api) == DAYS[:2]


async def test_while_an_account_is_erased_it_is_for_later(api: Api) -> None:
    series = await api.by(ADA).book_series(DAILY)
    await api.mark_erasing(ADA)
    problem(await api.by(ADA).cancel_series(series), 503, "try_again")
    assert len((await end(api.by(CLERK), series))["cancelled"]) == 4


# A store that gives no answer


async def test_no_answer_in_time_is_503_and_sending_it_again_is_safe(api: Api) -> None:
    series = await api.book_series(DAILY)
    for when in ("at once", "before a commit", "after a commit"):
        async with cut_off(api, when) as other:
            problem(await other.cancel_series(series), 503, "try_again")
    assert len((await end(api, series))["cancelled"]) == 4


async def test_an_answer_that_was_lost_is_found_by_the_next_attempt(api: Api) -> None:
    series, forgetful = await api.book_series(DAILY), ForgetfulStore(api.dependencies.store)
    async with calling(forgetful, api.clock) as other:  # type: ignore[arg-type]
        ended = await end(other, series)
    assert forgetful.lost == 1
    assert ended["cancelled"] == await api.listed()
