"""list_appointments: which appointments a window holds."""

import pytest

from tests.builders import appointment, schedule
from tests.functions.api import Api, Json, field_errors, problem, starts

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}


async def test_a_page_holds_whole_appointments(api: Api) -> None:
    later = await api.book("2050-11-21T10:00")
    earlier = (await api.ask(reason="a second opinion")).json()
    response = await api.page(MONDAY)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"appointments": [earlier, later], "next_page_token": None}


async def test_where_nothing_is_booked_the_list_is_empty(api: Api) -> None:
    response = await api.page(MONDAY)
    assert response.json() == {"appointments": [], "next_page_token": None}


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
    ],
    ids=[
        "one that runs all the time",
        "one minute of each",
        "touching both sides",
        "one that is running at the start",
        "one that ends at the start",
        "one that starts at the end",
        "all",
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


async def test_a_bound_may_have_any_precision(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    window = {"start": "2050-11-21T09:29:59.999999", "end": "2050-11-21T09:30:00"}
    page = (await api.page({"doctor_id": "strange", **window})).json()
    assert starts(page["appointments"]) == ["2050-11-21T09:00:00-05:00"]


async def test_a_window_may_span_days_and_is_ordered_by_start_then_id(api: Api) -> None:
    tuesday = appointment("2050-11-22T14:00Z", "2050-11-22T14:30Z", "x")
    gone_b = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", "b", cancelled=True)
    gone_a = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", "a", cancelled=True)
    earlier = appointment("2050-11-21T13:59Z", "2050-11-21T14:00Z", "z")
    await api.put(schedule("2050-11-22", tuesday))
    await api.put(schedule("2050-11-21", gone_b, earlier, gone_a))
    window = {"start": "2050-11-21T00:00", "end": "2050-11-23T00:00", "status": "all"}
    page = (await api.page({"doctor_id": "strange", **window})).json()
    assert [a["id"] for a in page["appointments"]] == ["z", "a", "b", "x"]


@pytest.mark.parametrize("status", [{}, {"status": "booked"}], ids=["by default", "booked"])
async def test_cancelled_appointments_are_left_out(api: Api, status: Json) -> None:
    gone = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", cancelled=True)
    await api.put(schedule("2050-11-21", gone))
    assert (await api.page({**MONDAY, **status})).json()["appointments"] == []


async def test_status_all_lists_cancelled_appointments_too(api: Api) -> None:
    gone = appointment("2050-11-21T14:00Z", "2050-11-21T14:30Z", cancelled=True)
    await api.put(schedule("2050-11-21", gone))
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
            "created_at": "2025-12-31T19:00:00-05:00",
            "updated_at": "2025-12-31T19:00:00-05:00",
            "cancelled_at": "2025-12-31T19:00:00-05:00",
        }
    ]


async def test_an_unknown_doctor_is_not_found(api: Api) -> None:
    problem(await api.page({**MONDAY, "doctor_id": "doom"}), 404, "unknown_doctor")


@pytest.mark.parametrize("name", ["doctor_id", "start", "end"])
async def test_doctor_and_window_are_required(api: Api, name: str) -> None:
    response = await api.page({k: v for k, v in MONDAY.items() if k != name})
    assert field_errors(response) == [(name, "missing")]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2050-11-21T00:00", "2050-11-21T00:00"),
        ("2050-11-21T00:00", "2050-11-20T23:59"),
        ("2050-11-21T00:00", "2050-11-21T05:00Z"),
    ],
    ids=["empty", "backwards", "empty, on two clocks"],
)
async def test_a_window_ends_after_it_starts(api: Api, start: str, end: str) -> None:
    response = await api.page({"doctor_id": "strange", "start": start, "end": end})
    assert field_errors(response) == [("end", "not_after_start")]


async def test_a_window_is_366_days_long_at_most(api: Api) -> None:
    window = {"doctor_id": "who", "start": "2050-11-21T00:00"}
    assert (await api.page({**window, "end": "2051-11-22T00:00"})).status_code == 200
    response = await api.page({**window, "end": "2051-11-22T00:01"})
    assert field_errors(response) == [("end", "window_too_long")]


@pytest.mark.parametrize("size", ["1", "1000"])
async def test_a_page_size_is_from_1_to_1000(api: Api, size: str) -> None:
    assert (await api.page({**MONDAY, "page_size": size})).status_code == 200


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        ("0", "greater_than_equal"),
        ("-1", "greater_than_equal"),
        ("1001", "less_than_equal"),
        ("99999999999999999999", "less_than_equal"),
        ("ten", "int_type"),
        ("1.0", "int_type"),
        ("", "int_type"),
    ],
)
async def test_no_other_page_size_is_allowed(api: Api, size: str, kind: str) -> None:
    response = await api.page({**MONDAY, "page_size": size})
    assert field_errors(response) == [("page_size", kind)]
