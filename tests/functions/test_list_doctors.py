"""list_doctors and list_services: who and what can be booked."""

import pytest

from shared.http.page_tokens import Scope
from shared.http.pages import id_token
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors
from tests.functions.described import SCAN, TALK, change_doctor, describe, employ


async def doctors(api: Api, **query: str | int) -> Json:
    response = await api.client.get("/list_doctors", params=query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


def ids(page: Json) -> list[str]:
    return [doctor["id"] for doctor in page["doctors"]]


@ON_BOTH_STORES
async def test_doctors_are_listed_with_their_weeks_on_their_clocks(api: Api) -> None:
    assert await doctors(api) == {
        "doctors": [
            {
                "id": "strange",
                "name": "Doctor Strange",
                "time_zone": "America/New_York",
                "working_hours": [
                    {
                        "days": ["mon", "tue", "wed", "thu", "fri"],
                        "opens": "09:00",
                        "closes": "17:00",
                    }
                ],
                "services": [],
            },
            {
                "id": "who",
                "name": "Doctor Who",
                "time_zone": "UTC",
                "working_hours": [
                    {
                        "days": ["mon", "tue", "wed", "thu", "fri"],
                        "opens": "08:00",
                        "closes": "16:00",
                    }
                ],
                "services": [],
            },
        ],
        "next_page_token": None,
    }


async def test_services_of_doctors_are_those_that_they_offer_in_the_order_of_the_clinic(
    api: Api,
) -> None:
    await describe(api, services=[TALK, SCAN])
    await change_doctor(api, "who", services=frozenset({"scan", "gone"}))
    listed = (await doctors(api))["doctors"]
    assert [doctor["services"] for doctor in listed] == [["talk", "scan"], ["scan"]]


async def test_retired_doctors_are_left_out(api: Api) -> None:
    await change_doctor(api, "strange", retired=True)
    assert ids(await doctors(api)) == ["who"]


@pytest.mark.parametrize(("count", "size"), [(3, 2), (198, 100), (230, 100)])
async def test_pages_together_hold_each_doctor_once_by_id(api: Api, count: int, size: int) -> None:
    await employ(api, count)
    await change_doctor(api, "d001", retired=True)
    page = await doctors(api, page_size=size)
    found = ids(page)
    while token := page["next_page_token"]:
        assert len(page["doctors"]) == size
        page = await doctors(api, page_size=size, page_token=token)
        found += ids(page)
    there = [f"d{number:03}" for number in range(count) if number != 1]
    assert found == [*there, "strange", "who"]


async def test_a_page_that_holds_the_last_doctor_is_the_last_one(api: Api) -> None:
    assert (await doctors(api, page_size=2))["next_page_token"] is None


async def test_a_token_is_read_by_other_instances_but_not_of_other_lists(api: Api) -> None:
    token = (await doctors(api, page_size=1))["next_page_token"]
    async with calling(api.dependencies.store, api.clock) as other:
        assert ids(await doctors(other, page_token=token)) == ["who"]
    foreign = await id_token(api.dependencies, Scope("list_overrides", ()), "strange")
    for wrong in (foreign, token[:-2], "strange"):
        response = await api.client.get("/list_doctors", params={"page_token": wrong})
        assert field_errors(response) == [("page_token", "page_token")]


@ON_BOTH_STORES
async def test_services_are_listed_as_they_stand_in_the_file(api: Api) -> None:
    await describe(api, services=[TALK, {**SCAN, "policy": {"notice_minutes": 5}}])
    response = await api.client.get("/list_services")
    assert response.json() == {
        "services": [
            {"id": "talk", "name": "Talk", "description": "about anything"},
            {"id": "scan", "name": "Scan", "duration_minutes": 20},
        ]
    }


async def test_a_clinic_may_have_no_services(api: Api) -> None:
    assert (await api.client.get("/list_services")).json() == {"services": []}
