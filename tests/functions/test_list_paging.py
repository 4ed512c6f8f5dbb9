"""list_appointments, page by page: each appointment exactly once."""

import base64
import json

import pytest

from tests.builders import doctor
from tests.functions.api import Api, Json, field_errors, starts

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}
NINE, TEN, ELEVEN, NOON = (f"2050-11-21T{hour}:00:00-05:00" for hour in ("09", "10", "11", "12"))


async def first_page(api: Api, **changes: str) -> Json:
    """The first of several pages with one appointment each."""
    for start in ("2050-11-21T10:00", "2050-11-21T09:00", "2050-11-21T12:00"):
        await api.book(start)
    page: Json = (await api.page({**MONDAY, "page_size": 1, **changes})).json()
    return page


async def test_pages_together_hold_each_appointment_once(api: Api) -> None:
    page = await first_page(api)
    found = starts(page["appointments"])
    while token := page["next_page_token"]:
        page = (await api.page({**MONDAY, "page_size": 1, "page_token": token})).json()
        found += starts(page["appointments"])
    assert found == [NINE, TEN, NOON]


async def test_a_page_that_holds_all_the_rest_is_the_last(api: Api) -> None:
    page = await first_page(api)
    rest = await api.page({**MONDAY, "page_size": 2, "page_token": page["next_page_token"]})
    assert starts(rest.json()["appointments"]) == [TEN, NOON]
    assert rest.json()["next_page_token"] is None


async def test_what_is_booked_between_two_pages_shifts_nothing(api: Api) -> None:
    page = await first_page(api)
    await api.book("2050-11-21T09:30")
    await api.book("2050-11-21T11:00")
    await api.ask(start="2050-11-21T16:00")
    rest = await api.page({**MONDAY, "page_token": page["next_page_token"]})
    assert starts(rest.json()["appointments"]) == [
        "2050-11-21T09:30:00-05:00",
        TEN,
        ELEVEN,
        NOON,
        "2050-11-21T16:00:00-05:00",
    ]


async def test_a_token_is_of_the_window_however_it_is_spelled(api: Api) -> None:
    token = (await first_page(api))["next_page_token"]
    spelled = {"start": "2050-11-21T05:00Z", "end": "2050-11-22T06:00+01:00", "page_token": token}
    response = await api.page({**MONDAY, **spelled, "status": "booked"})
    assert starts(response.json()["appointments"]) == [TEN, NOON]


@pytest.mark.parametrize(
    "changes",
    [
        {"doctor_id": "who", "start": "2050-11-21T05:00Z", "end": "2050-11-22T05:00Z"},
        {"start": "2050-11-21T00:01"},
        {"end": "2050-11-22T00:01"},
        {"status": "all"},
    ],
    ids=["doctor", "start", "end", "status"],
)
async def test_a_token_of_other_parameters_is_refused(api: Api, changes: Json) -> None:
    token = (await first_page(api))["next_page_token"]
    response = await api.page({**MONDAY, **changes, "page_token": token})
    assert field_errors(response) == [("page_token", "page_token")]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "====",
        "\0",
        "\u00e9",
        encoded(b"\xff\xfe"),
        encoded(b"null"),
        encoded(b"[1, 2, 3]"),
        encoded(b'["71f178c7ddfcf1f1", 1.5, "a"]'),
        encoded(b"[" * 300),
        encoded(b"9" * 300),
    ],
    ids=["empty", "short", "padding", "NUL", "é", "bytes", "null", "list", "float", "deep", "big"],
)
async def test_a_token_that_nobody_gave_out_is_refused(api: Api, token: str) -> None:
    response = await api.page({**MONDAY, "page_token": token})
    assert field_errors(response) == [("page_token", "page_token")]


async def test_a_token_has_at_most_500_characters(api: Api) -> None:
    response = await api.page({**MONDAY, "page_token": "a" * 501})
    assert field_errors(response) == [("page_token", "string_too_long")]


LAST_MINUTE_OF_ALL = 4223371679  # 9999-12-31T23:59Z, in minutes since 1970


@pytest.mark.parametrize(
    "minutes",
    [10**100, 10**17, LAST_MINUTE_OF_ALL + 1, LAST_MINUTE_OF_ALL],
    ids=["no integer of C", "no time of C", "year 10000", "year 10000 in Tokyo"],
)
async def test_a_forged_token_beyond_the_calendar_is_refused_as_well(
    api: Api, minutes: int
) -> None:
    await api.clinic.store.put_doctors([doctor(zone="Asia/Tokyo")])
    token = (await first_page(api))["next_page_token"]
    digest, _, appointment_id = json.loads(base64.urlsafe_b64decode(token + "=="))
    forged = encoded(json.dumps([digest, minutes, appointment_id]).encode())
    response = await api.page({**MONDAY, "page_token": forged})
    assert field_errors(response) == [("page_token", "page_token")]
