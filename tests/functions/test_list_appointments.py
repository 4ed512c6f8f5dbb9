"""list_appointments: which appointments a window holds."""

import pytest

from tests.builders import appointment, schedule
from tests.functions.api import Api, Json, starts

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}


async def test_a_page_holds_whole_appointments(api: Api) -> None:
    later = await api.book("2050-11-21T10:00")
    earlier = (await api.ask(reason="a second opinion")).json()
    response = await api.page(MONDAY)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"appointments": [earlier, later], "next_page_token": None}


async def test_only_the_appointments_of_the_doctor_are_listed(api: Api) -> None:
    await api.book("2050-11-21T09:00", doctor_id="who")
    mine = await api.book("2050-11-21T09:00")
    assert (await api.page(MONDAY)).json()["appointments"] == [mine]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("09:15", "09:20", ["09:00"]),
        ("09:29", "09:31", ["09:00", "09:30"]),
        ("09:30", "10:00", ["09:30"]),
        ("09:45", "10:15", ["09:30", "10:00"]),
        ("10:30", "11:00", []),
        ("08:00", "09:00", []),
        ("08:00", "18:00", ["09:00", "09:30", "10:00"]),
        ("09:29:59.999999", "09:30:00", ["09:00"]),
    ],
    ids=[
        "one that runs all the time",
        "one minute of each",
        "touching both sides",
        "one that is running at the start",
        "one that ends at the start",
        "one that starts at the end",
        "all",
        "the last microsecond of one",
    ],
)
async def test_a_window_holds_every_appointment_that_overlaps_it(
    api: Api, start: str, end: str, found: list[str]
) -> None:
    for booked in ("09:00", "09:30", "10:00"):
        await api.book(f"2050-11-21T{booked}")
    window = {"start": f"2050-11-21T{start}", "end": f"2050-11-21T{end}"}
    page = (await api.page({"doctor_id": "strange", **window})).json()
    assert starts(page["appointments"]) == [f"2050-11-21T{f}:00-05:00" for f in found]


async def test_a_window_may_span_days_and_is_ordered_by_start_then_id(api: Api) -> None:
    tuesday = appointment("2050-11-22T14:00Z", "2050-11-22T14:30Z", "x")
    gone_b = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", "b", cancelled=True)
    gone_a = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", "a", cancelled=True)
    earlier = appointment("2050-11-21T13:59Z", "2050-11-21T14:00Z", "z")
    await api.put(schedule("2050-11-22", tuesday))
    await api.put(schedule("2050-11-21", earlier))
    await api.put_ended(gone_b, gone_a)
    window = {"start": "2050-11-21T00:00", "end": "2050-11-23T00:00", "status": "all"}
    page = (await api.page({"doctor_id": "strange", **window})).json()
    assert [a["id"] for a in page["appointments"]] == ["z", "a", "b", "x"]


@pytest.mark.parametrize("status", [{}, {"status": "booked"}], ids=["by default", "booked"])
async def test_cancelled_appointments_are_only_listed_where_all_is_asked_for(
    api: Api, status: Json
) -> None:
    gone = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", cancelled=True)
    await api.put_ended(gone)
    response = await api.page({**MONDAY, **status})
    assert response.json() == {"appointments": [], "next_page_token": None}
    assert (await api.page({**MONDAY, "status": "all"})).json()["appointments"] == [
        {
            "id": "a",
            "doctor_id": "strange",
            "doctor_name": "Doctor Strange",
            "start": "2050-11-21T09:00:00-05:00",
            "end": "2050-11-21T09:30:00-05:00",
            "duration_minutes": 30,
            "time_zone": "America/New_York",
            "patient": {"name": "Ada Lovelace"},
            "status": "cancelled",
            "version": 1,
            "created_at": "2025-12-31T19:00:00-05:00",
            "updated_at": "2025-12-31T19:00:00-05:00",
            "cancelled_at": "2025-12-31T19:00:00-05:00",
        }
    ]
