"""create_series: appointments by a rule, all in one commit, or all that can be."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.hold import Hold
from shared.model.policy import Policy
from shared.model.service import Service
from shared.rules.document_size import HOLD_BYTES, LARGEST_DOCUMENT
from shared.store.port import Snapshot, Store, StoreUnavailable, Writes
from tests.builders import at, doctor, schedule, span
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem, starts
from tests.functions.callers import ADA, BOB, CLERK, STEPHEN
from tests.functions.clinics import CLINIC, with_policy
from tests.functions.described import change_doctor
from tests.functions.faults import ForgetfulStore, cut_off

pytestmark = ON_BOTH_STORES

ALL_WEEK = "mon tue wed thu fri sat sun"
NIGHT = doctor((("00:00", "24:00"),), "America/New_York", ALL_WEEK, doctor_id="night")
WHOLE_DAY = Service("day", "A day", length=timedelta(days=1), after=timedelta(minutes=1))
DAILY, WEEKLY = "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;COUNT=3"
MONDAYS = [f"2050-{day}T09:00:00-05:00" for day in ("11-21", "11-28", "12-05")]


def unavailable(response_or_list: list[Json]) -> list[tuple[str, str]]:
    """When each of some occurrences that were not booked starts, and why."""
    return [(each["start"], each["code"]) for each in response_or_list]


# The answer


async def test_a_series_is_answered_whole(api: Api) -> None:
    series = await api.book_series("FREQ=WEEKLY;COUNT=2", reason="check-up")
    assert re.fullmatch(r"strange\.series\.[0-9a-f]{24}", series["series_id"])
    assert series.keys() == {"series_id", "appointments", "skipped"}
    assert series["skipped"] == []
    first, second = series["appointments"]
    assert first == {
        "id": first["id"],
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": "2050-11-21T09:00:00-05:00",
        "end": "2050-11-21T09:30:00-05:00",
        "duration_minutes": 30,
        "time_zone": "America/New_York",
        "patient": {"name": "Ada Lovelace"},
        "reason": "check-up",
        "series_id": series["series_id"],
        "status": "booked",
        "version": 1,
        "created_at": "2050-11-18T07:00:00-05:00",
        "updated_at": "2050-11-18T07:00:00-05:00",
    }
    changed = {"id": second["id"], "start": MONDAYS[1], "end": "2050-11-28T09:30:00-05:00"}
    assert second == {**first, **changed}


async def test_its_appointments_are_like_all_others_and_name_it(api: Api) -> None:
    ada = api.by(ADA)
    series = await ada.book_series(DAILY)
    assert await api.listed() == series["appointments"]
    first = series["appointments"][0]
    assert (await ada.found(first))["series_id"] == series["series_id"]
    exported = (await ada.export({"patient_id": "me"})).json()["appointments"]
    assert {each["series_id"] for each in exported} == {series["series_id"]}
    moved = await ada.move(first, "2050-11-25T09:00")
    assert (moved["id"], moved["series_id"]) == (first["id"], series["series_id"])
    cancelled = (await ada.cancel(first)).json()
    assert cancelled["series_id"] == series["series_id"]


@pytest.mark.parametrize(
    ("start", "rule", "booked"),
    [
        ("2050-11-21T09:00", WEEKLY, MONDAYS),
        ("2050-11-21T14:00Z", "freq=weekly;until=20501205", MONDAYS),
        ("2050-11-21T09:00", "UNTIL=20501205T090000;FREQ=WEEKLY", MONDAYS),
        ("2050-11-21T09:00", "FREQ=WEEKLY;UNTIL=20501205T140000Z", MONDAYS),
        ("2050-11-21T09:00", "FREQ=WEEKLY;UNTIL=20501205T085959", MONDAYS[:2]),
        ("2050-11-21T09:00", "FREQ=DAILY;INTERVAL=7;COUNT=2", MONDAYS[:2]),
        (
            "2050-11-21T09:00",
            "FREQ=MONTHLY;BYDAY=3MO;COUNT=2",
            [MONDAYS[0], "2050-12-19T09:00:00-05:00"],
        ),
        # The clocks go forward between the two, and the time of day stays.
        (
            "2051-03-10T09:00",
            "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=2",
            ["2051-03-10T09:00:00-05:00", "2051-03-13T09:00:00-04:00"],
        ),
    ],
)
async def test_it_keeps_the_wall_clock_of_its_doctor(
    api: Api, start: str, rule: str, booked: list[str]
) -> None:
    series = await api.book_series(rule, start=start)
    assert starts(series["appointments"]) == booked


async def test_sixty_are_booked_in_one_commit(api: Api) -> None:
    series = await api.book_series("FREQ=WEEKLY;COUNT=60")
    assert len(series["appointments"]) == 60
    assert len({each["created_at"] for each in series["appointments"]}) == 1


async def test_each_has_the_length_and_the_buffers_of_its_service(api: Api) -> None:
    clinic = api.of(CLINIC)
    surgery: Json = {"duration_minutes": None, "service_id": "surgery"}
    (first, _) = (await clinic.book_series("FREQ=DAILY;COUNT=2", **surgery))["appointments"]
    assert (first["end"], first["service_id"]) == ("2050-11-21T10:00:00-05:00", "surgery")
    problem(await clinic.ask(start="2050-11-22T10:15"), 409, "slot_taken")


# What cannot be booked


async def test_if_one_is_unavailable_nothing_is_booked_and_the_answer_says_what_is_free(
    api: Api,
) -> None:
    there = await api.book("2050-11-22T09:15")
    members = problem(await api.ask_series(DAILY), 409, "series_unavailable")
    assert members.keys() == {"detail", "unavailable"}
    assert members["detail"] == "1 of 3 occurrences cannot be booked, so nothing is booked"
    (only,) = members["unavailable"]
    openings = only.pop("openings")
    assert only == {"start": "2050-11-22T09:00:00-05:00", "code": "slot_taken"}
    times = ("09:45", "10:15", "10:45")
    assert starts(openings) == [f"2050-11-22T{time}:00-05:00" for time in times]
    assert await api.listed() == [there]


async def test_what_is_skipped_is_told_in_the_same_form(api: Api) -> None:
    await api.book("2050-11-22T09:15")
    refused = problem(await api.ask_series(DAILY), 409, "series_unavailable")
    series = await api.book_series(DAILY, if_unavailable="skip")
    assert series["skipped"] == refused["unavailable"]
    assert starts(series["appointments"]) == [MONDAYS[0], "2050-11-23T09:00:00-05:00"]


async def test_if_all_are_unavailable_there_is_nothing_to_skip(api: Api) -> None:
    weekend: Json = {"start": "2050-11-19T09:00", "if_unavailable": "skip"}
    refused = await api.ask_series("FREQ=WEEKLY;BYDAY=SA,SU;COUNT=2", **weekend)
    members = problem(refused, 409, "series_unavailable")
    assert unavailable(members["unavailable"]) == [
        ("2050-11-19T09:00:00-05:00", "outside_working_hours"),
        ("2050-11-20T09:00:00-05:00", "outside_working_hours"),
    ]


async def test_each_is_refused_for_a_reason_of_its_own(api: Api) -> None:
    ada = api.of(with_policy(Policy(notice=timedelta(hours=4), horizon=timedelta(days=7)))).by(ADA)
    away: Json = {"doctor_id": "strange", "start": "2050-11-22", "end": "2050-11-22"}
    await api.post("create_override", {**away, "kind": "time_off"})
    await api.hold(start="2050-11-21T09:15")
    await ada.book("2050-11-23T14:15Z", doctor_id="who")
    series = await ada.book_series(
        "FREQ=DAILY;COUNT=8", start="2050-11-18T09:00", if_unavailable="skip"
    )
    assert starts(series["appointments"]) == ["2050-11-24T09:00:00-05:00"]
    assert [code for _, code in unavailable(series["skipped"])] == [
        "too_soon",
        *["outside_working_hours"] * 2,
        "slot_taken",
        "time_off",
        "patient_busy",
        "too_late",
    ]


async def test_a_time_that_the_clocks_skip_is_none_and_has_no_offset(api: Api) -> None:
    await api.dependencies.store.put_doctors([NIGHT])
    asked: Json = {"doctor_id": "night", "start": "2051-03-11T02:30", "if_unavailable": "skip"}
    series = await api.book_series("FREQ=DAILY;UNTIL=20510313", **asked)
    assert starts(series["appointments"]) == [
        "2051-03-11T02:30:00-05:00",
        "2051-03-13T02:30:00-04:00",
    ]
    (skipped,) = series["skipped"]
    assert unavailable([skipped]) == [("2051-03-12T02:30:00", "nonexistent_local_time")]
    assert starts(skipped["openings"])[0] == "2051-03-12T03:00:00-04:00"


async def test_one_of_its_own_may_be_in_the_way(api: Api) -> None:
    await api.dependencies.store.put_doctors([NIGHT])
    whole_days: Json = {"duration_minutes": None, "service_id": "day", "if_unavailable": "skip"}
    clinic = api.of(replace(CLINIC, services={"day": WHOLE_DAY}))
    series = await clinic.book_series(
        DAILY, doctor_id="night", start="2050-11-21T09:00", **whole_days
    )
    assert unavailable(series["skipped"]) == [("2050-11-22T09:00:00-05:00", "slot_taken")]


# Limits


async def test_a_series_that_a_patient_may_never_have_is_refused_for_good(api: Api) -> None:
    refused = await api.by(ADA).ask_series("FREQ=WEEKLY;COUNT=21")
    assert "fewer" in problem(refused, 429, "too_many_requests")["detail"]
    assert "retry-after" not in refused.headers
    assert await api.listed() == []
    assert (await api.by(CLERK).ask_series("FREQ=WEEKLY;COUNT=21")).status_code == 201


async def test_together_with_what_is_ahead_it_may_be_too_much_for_now(api: Api) -> None:
    ada = api.of(with_policy(Policy(open_appointments=3))).by(ADA)
    await ada.book("2050-11-18T09:00")
    refused = await ada.ask_series(WEEKLY)
    problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == str(2 * 3600 + 30 * 60)
    await ada.book_series("FREQ=WEEKLY;COUNT=2")


async def test_only_what_is_booked_counts_and_a_series_is_one_change(api: Api) -> None:
    ada = api.of(with_policy(Policy(open_appointments=2, changes_per_day=2))).by(ADA)
    await api.book("2050-11-21T09:00")
    series = await ada.book_series(WEEKLY, if_unavailable="skip")
    await ada.cancel(series["appointments"][0])
    problem(await ada.ask(start="2050-11-22T09:00"), 429, "too_many_requests")


# Keys


async def test_the_same_request_again_books_nothing_new_whatever_became_of_it(api: Api) -> None:
    await api.book("2050-11-22T09:15")
    ada = api.by(ADA)
    series = await ada.book_series(DAILY, "k", if_unavailable="skip")
    first, last = series["appointments"]
    await ada.cancel(last)
    moved = await ada.move(first, "2050-11-25T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        again = await other.by(ADA).ask_series(
            DAILY.lower(), '"k"', start="2050-11-21T14:00Z", if_unavailable="skip", allow=None
        )
    assert again.status_code == 201, again.text
    assert again.headers["idempotent-replayed"] == "true"
    answer = again.json()
    assert answer["series_id"] == series["series_id"]
    assert unavailable(answer["skipped"]) == unavailable(series["skipped"])
    assert [(a["id"], a["status"]) for a in answer["appointments"]] == [
        (last["id"], "cancelled"),
        (moved["id"], "booked"),
    ]
    assert answer["appointments"][1] == moved


async def test_a_replay_asks_neither_whether_the_doctor_has_retired_nor_the_time(api: Api) -> None:
    await api.book("2050-11-18T09:15")
    skip: Json = {"start": "2050-11-18T09:00", "if_unavailable": "skip"}
    series = await api.book_series("FREQ=WEEKLY;COUNT=2", "k", **skip)
    api.clock.now = at("2050-11-18T14:30Z")
    assert (await api.book_series("FREQ=WEEKLY;COUNT=2", "k", **skip)).keys() == series.keys()
    await change_doctor(api, "strange", retired=True)
    async with calling(api.dependencies.store, api.clock) as other:
        again = await other.book_series("FREQ=WEEKLY;COUNT=2", "k", **skip)
        assert again["appointments"] == series["appointments"]
        assert unavailable(again["skipped"]) == unavailable(series["skipped"])
        assert again["skipped"][0]["openings"] == []
        problem(await other.ask_series("FREQ=WEEKLY;COUNT=2", "another"), 404, "unknown_doctor")
        problem(await other.ask_series("FREQ=WEEKLY;COUNT=2"), 404, "unknown_doctor")


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "FREQ=DAILY;COUNT=4"},
        {"if_unavailable": "skip"},
        {"start": "2050-11-21T09:30"},
        {"reason": "x"},
        {"allow": ["too_soon"]},
    ],
)
async def test_another_request_with_the_same_key_is_refused(api: Api, changes: Json) -> None:
    await api.book_series(DAILY, "k")
    refused = await api.ask_series(**{"rule": DAILY, "key": "k", **changes})
    problem(refused, 422, "idempotency_key_reused")


async def test_a_key_is_of_one_function_and_of_one_caller(api: Api) -> None:
    await api.book_series(DAILY, "k")
    problem(await api.ask("k"), 422, "idempotency_key_reused")
    problem(await api.by(ADA).ask_series(DAILY, "k"), 409, "series_unavailable")


async def test_the_same_request_several_times_at_once_is_booked_once(api: Api) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(*(each.ask_series(DAILY, "k") for each in (api, api, other)))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["series_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 2
    assert len(await api.listed()) == 3


async def test_of_two_series_at_once_that_meet_one_is_booked(api: Api) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        later = other.by(BOB).ask_series("FREQ=WEEKLY;COUNT=2", start="2050-12-05T09:00")
        answers = await asyncio.gather(api.by(ADA).ask_series(WEEKLY), later)
    assert sorted(answer.status_code for answer in answers) == [201, 409]


# Refused before anything is looked at


async def test_it_is_refused_like_a_booking(api: Api) -> None:
    problem(await api.ask_series(DAILY, doctor_id="doom"), 404, "unknown_doctor")
    problem(await api.ask_series(DAILY, service_id="x"), 404, "unknown_service")
    problem(await api.ask_series(DAILY, "k", service_id="x"), 404, "unknown_service")


@pytest.mark.parametrize("caller", [STEPHEN, CLERK], ids=["doctor", "staff"])
async def test_doctors_and_staff_may_allow_what_rules_forbid(api: Api, caller: Caller) -> None:
    evening: Json = {"start": "2050-11-21T18:00", "allow": ["outside_working_hours"]}
    series = await api.by(caller).book_series(DAILY, **evening)
    assert len(series["appointments"]) == 3


# A store that gives no answer


async def test_no_answer_in_time_is_503_and_a_retry_with_the_key_is_safe(api: Api) -> None:
    for when in ("at once", "before a commit", "after a commit"):
        async with cut_off(api, when) as other:
            problem(await other.ask_series(DAILY, "k"), 503, "try_again")
    again = await api.ask_series(DAILY, "k")
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_answer_that_was_lost_is_found_by_the_next_attempt(api: Api) -> None:
    forgetful = ForgetfulStore(api.dependencies.store)
    async with calling(forgetful, api.clock) as other:  # type: ignore[arg-type]
        series = await other.book_series(DAILY)
    assert forgetful.lost == 1
    assert await api.listed() == series["appointments"]


async def test_nothing_is_offered_on_a_day_that_is_full(api: Api) -> None:
    time, ended = span("2050-11-22T20:00Z", "2050-11-22T20:30Z"), at("2050-11-18T11:59Z")
    holds = [
        Hold(f"{n}", "strange", time, ended, "") for n in range(LARGEST_DOCUMENT // HOLD_BYTES)
    ]
    await api.put(replace(schedule("2050-11-22"), holds=tuple(holds)))
    series = await api.book_series(DAILY, if_unavailable="skip")
    assert series["skipped"] == [
        {"start": "2050-11-22T09:00:00-05:00", "code": "day_full", "openings": []}
    ]


class UnreadAfterCommit:
    """Another store, which shows nothing any more once it has committed something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._committed = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, writes: Writes) -> object:
        """Commit."""
        versions = await self._store.commit(writes)
        self._committed = True
        return versions

    @asynccontextmanager
    async def snapshot(self, *instant: object) -> AsyncIterator[Snapshot]:
        """A view, before the commit."""
        if self._committed:
            raise StoreUnavailable("busy")
        async with self._store.snapshot(*instant) as snapshot:  # type: ignore[arg-type]
            yield snapshot


async def test_what_is_booked_is_answered_though_nobody_tells_what_is_free_instead(
    api: Api,
) -> None:
    await api.book("2050-11-22T09:15")
    store = UnreadAfterCommit(api.dependencies.store)
    async with calling(store, api.clock) as other:  # type: ignore[arg-type]
        series = await other.book_series(DAILY, if_unavailable="skip")
    assert series["skipped"] == [
        {"start": "2050-11-22T09:00:00-05:00", "code": "slot_taken", "openings": []}
    ]
    assert len(series["appointments"]) == 2
