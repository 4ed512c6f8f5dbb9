"""list_appointments of a patient: their own, ahead and past, page by page."""

from datetime import timedelta

import pytest

from shared.observability.request_record import RequestRecord
from tests.builders import at
from tests.functions.api import NOW, ON_BOTH_STORES, Api, Json, field_errors, starts
from tests.functions.callers import ADA, BOB, CLERK

ALL: Json = {"patient_id": "me", "start": "2050-11-01", "end": "2051-03-01"}


class Reads:
    """Notes how much each request reads."""

    def __init__(self) -> None:
        self.noted: list[int] = []

    def __call__(self, record: RequestRecord) -> None:
        self.noted.append(record.usage.reads)

    def close(self) -> None:
        """Nothing."""


async def listed(api: Api, **changes: str | int) -> list[Json]:
    """One page of the patient's appointments, which is all of them."""
    response = await api.page({**ALL, **changes})
    assert response.status_code == 200, response.text
    assert response.json()["next_page_token"] is None
    appointments: list[Json] = response.json()["appointments"]
    return appointments


async def paged(api: Api, **changes: str | int) -> list[Json]:
    """All pages of one appointment each."""
    found: list[Json] = []
    query: Json = {**ALL, "page_size": 1, **changes}
    page = (await api.page(query)).json()
    while True:
        found += page["appointments"]
        if page["next_page_token"] is None:
            return found
        page = (await api.page({**query, "page_token": page["next_page_token"]})).json()


@ON_BOTH_STORES
async def test_one_s_own_are_listed_with_any_doctor_each_on_that_doctor_s_clock(api: Api) -> None:
    ada, bob = api.by(ADA), api.by(BOB)
    second = await ada.book("2050-11-21T14:00")
    first = await ada.book("2050-11-21T08:00", doctor_id="who")
    his = await bob.book("2050-11-21T15:00")
    assert await listed(ada) == [first, second]
    assert starts([first, second]) == ["2050-11-21T08:00:00Z", "2050-11-21T14:00:00-05:00"]
    assert await listed(bob) == [his]
    assert await listed(api.by(CLERK), patient_id="ada") == [first, second]


@ON_BOTH_STORES
async def test_what_lies_ahead_costs_one_read(api: Api) -> None:
    reads = Reads()
    ada = api.by(ADA, reads)
    for hour in ("09", "10", "11"):
        await ada.book(f"2050-11-22T{hour}:00")
    await ada.cancel(await ada.book("2050-11-22T12:00"))
    reads.noted.clear()
    assert len(await listed(ada, start="2050-11-18", end="2051-11-18")) == 3
    assert reads.noted == [1]


@ON_BOTH_STORES
async def test_of_a_long_history_a_page_costs_what_it_shows(api: Api) -> None:
    reads = Reads()
    ada = api.by(ADA, reads)
    days = (21, 22, 23, 24, 25, 28, 29, 30)
    made = [await ada.book(f"2050-11-{day}T09:00") for day in days]
    for each in made:
        await ada.cancel(each)
    reads.noted.clear()
    page = (await ada.page({**ALL, "status": "all", "page_size": 1})).json()
    assert [a["id"] for a in page["appointments"]] == [made[0]["id"]]
    # The schedule, the month, each of two in its day and beside it, and the key of page tokens.
    assert reads.noted == [7]


@ON_BOTH_STORES
async def test_one_who_has_booked_nothing_has_an_empty_list(api: Api) -> None:
    assert await listed(api.by(ADA)) == []
    assert await listed(api.by(ADA), status="all") == []
    assert await listed(api.by(CLERK), patient_id="nobody", status="all") == []


async def past_and_future(api: Api) -> dict[str, Json]:
    """Appointments of Ada's of all kinds; it is December by then."""
    ada = api.by(ADA)
    made = {
        "ended": await ada.book("2050-11-21T09:00"),
        "ended elsewhere": await ada.book("2050-11-22T09:00"),
        "cancelled": await ada.book("2050-11-23T09:00"),
        "cancelled ahead": await ada.book("2051-01-16T09:00"),
        "ahead": await ada.book("2051-01-17T09:00"),
    }
    moved = await ada.move(made["ended elsewhere"], "2050-11-25T08:00", doctor_id="who")
    made["ended elsewhere"] = moved
    for name in ("cancelled", "cancelled ahead"):
        made[name] = (await ada.cancel(made[name])).json()
    api.clock.now = at("2050-12-05T12:00Z")
    made["last"] = await ada.book("2051-02-20T09:00")  # The first two leave the schedule with it.
    return made


@ON_BOTH_STORES
async def test_what_has_ended_or_is_cancelled_is_listed_in_its_place(api: Api) -> None:
    made = await past_and_future(api)
    ada = api.by(ADA)
    booked = [made[name] for name in ("ended", "ended elsewhere", "ahead", "last")]
    everything = [
        made[name]
        for name in ("ended", "cancelled", "ended elsewhere", "cancelled ahead", "ahead", "last")
    ]
    assert await listed(ada) == await paged(ada) == booked
    assert await listed(ada, status="all") == await paged(ada, status="all") == everything
    assert await paged(ada, start="2050-11-23", status="all") == everything[1:]
    window: Json = {"start": "2051-01-01", "end": "2051-02-01"}
    assert await listed(ada, **window, status="all") == everything[3:5]
    assert await listed(ada, **window) == [made["ahead"]]
    assert await listed(ada, start="2050-12-04", end="2050-12-05", status="all") == []


@ON_BOTH_STORES
async def test_what_is_running_at_the_start_of_the_window_is_in_however_long_ago_it_ended(
    api: Api,
) -> None:
    ada = api.by(ADA)
    long = await ada.book("2050-11-21T09:00", minutes=480)
    api.clock.now = NOW + timedelta(days=90)
    await ada.book("2051-02-20T09:00")
    at_noon: Json = {"start": "2050-11-21T17:00Z", "end": "2050-11-21T17:01Z"}
    assert await listed(ada, **at_noon) == [long]
    after: Json = {"start": "2050-11-21T22:00Z", "end": "2050-11-21T22:01Z"}
    assert await listed(ada, **after) == []


@ON_BOTH_STORES
async def test_all_pages_show_the_instant_of_the_first_whatever_is_booked_between(
    api: Api,
) -> None:
    made = await past_and_future(api)
    ada = api.by(ADA)
    before = await listed(ada, status="all")
    query: Json = {**ALL, "page_size": 2, "status": "all"}
    page = (await ada.page(query)).json()
    found = page["appointments"]
    await ada.cancel(made["ahead"])
    await ada.move(made["last"], "2051-01-02T09:00")
    await ada.book("2050-12-06T09:00")
    while token := page["next_page_token"]:
        page = (await ada.page({**query, "page_token": token})).json()
        found += page["appointments"]
    assert found == before


async def test_a_page_token_of_another_caller_or_patient_is_refused(api: Api) -> None:
    for start in ("2050-11-21T09:00", "2050-11-21T10:00"):
        await api.by(ADA).book(start)
    query: Json = {**ALL, "page_size": 1}
    hers = (await api.by(ADA).page(query)).json()["next_page_token"]
    clerk_s = (await api.by(CLERK).page({**query, "patient_id": "ada"})).json()["next_page_token"]
    for caller, patient_id, token in (
        (BOB, "me", hers),
        (CLERK, "ada", hers),
        (ADA, "me", clerk_s),
        (CLERK, "bob|2", clerk_s),
    ):
        refused = await api.by(caller).page(
            {**query, "patient_id": patient_id, "page_token": token}
        )
        assert field_errors(refused) == [("page_token", "page_token")]
    assert (await api.by(ADA).page({**query, "page_token": hers})).status_code == 200


async def test_a_page_token_of_a_doctor_s_list_is_that_of_its_caller_only(api: Api) -> None:
    for start in ("2050-11-21T09:00", "2050-11-21T10:00"):
        await api.book(start)
    query: Json = {
        "doctor_id": "strange",
        "start": "2050-11-21",
        "end": "2050-11-22",
        "page_size": 1,
    }
    token = (await api.by(CLERK).page(query)).json()["next_page_token"]
    assert field_errors(await api.page({**query, "page_token": token})) == [
        ("page_token", "page_token")
    ]


async def test_a_day_without_an_offset_is_the_clinic_s(api: Api) -> None:
    late = await api.by(ADA).book("2050-11-21T16:30")  # 22:30 in Berlin
    monday: Json = {"start": "2050-11-21", "end": "2050-11-21"}
    assert await listed(api.by(ADA), **monday) == [late]
    evening: Json = {"start": "2050-11-21T22:59", "end": "2050-11-21T23:00"}
    assert await listed(api.by(ADA), **evening) == [late]
    assert await listed(api.by(ADA), start="2050-11-21T23:00", end="2050-11-22") == []


@pytest.mark.parametrize("status", ["booked", "all"])
async def test_two_mixed_bounds_are_compared_once_the_clock_is_known(api: Api, status: str) -> None:
    query: Json = {**ALL, "start": "2050-11-21T09:00", "end": "2050-11-21T08:00Z", "status": status}
    assert field_errors(await api.by(ADA).page(query)) == [("end", "not_after_start")]
