"""The front desk of a clinic with services, a notice, and doctors in two time zones."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.processes import Server
from tests.pages.reading import assert_seen_in_order
from tests.pages.visits import Visits

BERLIN, NEW_YORK = 0, 1
"""The columns of the doctors."""
BERTA, CHECK_UP = "ד״ר ברטה", "בדיקה"
EVERY_DAY = [
    {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "opens": "00:00",
        "closes": "24:00",
    }
]


@pytest.fixture(scope="module")
def clinic() -> Mapping[str, object]:
    return {
        "policy": {"horizon_days": 3660, "notice_minutes": 120},
        "services": [
            {"id": "check-up", "name": CHECK_UP, "duration_minutes": 20},
            {"id": "talk", "name": "Talk"},
        ],
        "doctors": [
            {"id": "b", "name": BERTA, "time_zone": "Europe/Berlin", "working_hours": EVERY_DAY},
            {
                "id": "n",
                "name": "Nelly",
                "time_zone": "America/New_York",
                "working_hours": EVERY_DAY,
            },
        ],
    }


def open_day(visits: Visits, now: str) -> Page:
    """Open the desk on a machine that is in neither zone."""
    visit = visits.open(
        "/desk", now, timezone_id="Asia/Tokyo", viewport={"width": 1280, "height": 3000}
    )
    page = visit.page
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    return page


def point(page: Page, column: int, time: str) -> tuple[float, float]:
    """Where a time is in the window, in a grid from midnight to midnight."""
    hours, minutes = map(int, time.split(":"))
    box = page.locator(".ec-body .ec-day").nth(column).bounding_box()
    assert box
    return box["x"] + 40, box["y"] + (hours * 60 + minutes) * box["height"] / 1440 + 2


def booked_on(server: Server, day: str) -> list[tuple[str, str, int]]:
    """Doctor, start and length of everything that is booked around a day."""
    window = {"doctor_id": "*", "start": f"{day}T00:00:00+14:00", "end": f"{day}T23:59:00-12:00"}
    found = server.get("/list_appointments", **window).json()["appointments"]
    return [(it["doctor_id"], it["start"], it["duration_minutes"]) for it in found]


def test_each_column_has_the_clock_of_its_doctor(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-01-07T08:00:00Z")
    expect(page.locator(".ec-col-head").nth(NEW_YORK)).to_have_text("Nelly (Eastern Standard Time)")
    page.mouse.click(*point(page, NEW_YORK, "20:00"))
    page.get_by_label("Name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada is booked with Nelly, ")).to_be_visible()
    assert booked_on(server, "2030-01-07") == [("n", "2030-01-07T20:00:00-05:00", 20)]
    expect(page.locator(".ec-event")).to_contain_text("20:00")
    page.mouse.move(*point(page, NEW_YORK, "20:05"))
    page.mouse.down()
    page.mouse.move(*point(page, BERLIN, "21:05"), steps=5)
    page.mouse.up()
    expect(page.get_by_text("Ada was moved to")).to_be_visible()
    assert booked_on(server, "2030-01-07") == [("b", "2030-01-07T21:00:00+01:00", 20)]


def test_who_books_at_a_time_that_is_none_or_not_worked_is_told_why(
    visits: Visits, server: Server
) -> None:
    """The clocks of Berlin go from 2:00 to 3:00 on 31 March 2030."""
    off = {"start": "2030-03-31T12:00:00", "end": "2030-03-31T14:00:00"}
    made = server.post("/create_override", {"doctor_id": "b", "kind": "time_off", **off})
    assert made.status_code == 201
    visit = visits.open("/desk?date=2030-03-31", "2030-03-25T08:00:00Z")
    visit.guard.expect("400 /create_appointment", "422 /create_appointment")
    page = visit.page
    page.get_by_role("button", name="New appointment").click()
    page.get_by_role("textbox", name="Time").fill("02:30")
    page.get_by_label("Name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The clock skips this time on that day.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Time")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("textbox", name="Time")).to_be_focused()
    page.keyboard.type("13:00")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("works 00:00.12:00, 14:00.24:00 on"))).to_be_visible()


def test_a_service_without_a_length_asks_for_it(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-02-04T08:00:00Z")
    page.get_by_role("button", name="New appointment").click()
    expect(page.get_by_role("spinbutton", name="Length (minutes)")).to_have_count(0)
    expect(page.get_by_label("Service").get_by_role("option").nth(1)).to_have_text(
        f"\u2068{CHECK_UP}\u2069 (20 minutes)"
    )
    page.get_by_label("Service").select_option("Talk")
    page.get_by_role("spinbutton", name="Length (minutes)").fill("50")
    page.get_by_role("textbox", name="Time").fill("15:00")
    page.get_by_label("Name").fill("משה כהן")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is booked")).to_contain_text(f"with \u2068{BERTA}\u2069")
    assert booked_on(server, "2030-02-04") == [("b", "2030-02-04T15:00:00+01:00", 50)]
    page.get_by_role("row").get_by_role("button", name="משה כהן").click()
    page.get_by_role("button", name="Move").click()
    assert_seen_in_order(page.get_by_role("dialog"), "משה כהן", "·", BERTA)


def test_who_walks_in_has_no_notice_to_keep(visits: Visits, server: Server) -> None:
    page = open_day(visits, "2030-02-11T08:00:40Z")
    page.get_by_role("button", name="Walk-in").click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Book now").click()
    expect(page.get_by_text("Ada has arrived.")).to_be_visible()
    assert booked_on(server, "2030-02-11") == [("b", "2030-02-11T09:00:00+01:00", 20)]


def test_a_search_from_another_zone_finds_the_day(visits: Visits, server: Server) -> None:
    """What begins late in New York is of the next day in Berlin, and of this one in its column."""
    asked = {"doctor_id": "n", "start": "2030-02-18T23:30:00", "service_id": "check-up"}
    made = server.post("/create_appointment", {**asked, "patient": {"name": "Ada"}})
    assert made.status_code == 201
    page = open_day(visits, "2030-02-18T08:00:00Z")
    expect(page.locator(".ec-event")).to_contain_text("23:30")
    expect(page.get_by_role("table", name=re.compile("Nelly"))).to_contain_text("23:30")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".ec-event")).to_have_count(0)
