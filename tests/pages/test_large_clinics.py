"""The pages of a clinic with more doctors than one answer may be about."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.test_booking import said
from tests.pages.test_visitors import is_wider_than_the_screen
from tests.pages.visits import Visits

DOCTORS, OF_SERVICE = 210, 40
HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "10:00"}]
TOO_MANY = "There are many doctors here. Choose one of them, or a service, to see free times."


def doctor(number: int) -> dict[str, object]:
    """A doctor who offers all, one of the first, or an examination only."""
    services = ["talk", "look"] if number < OF_SERVICE else ["look"]
    zone = {0: "Europe/Berlin", 1: "America/New_York"}.get(number, "UTC")
    person = {"id": f"d{number:03}", "name": f"Doctor {number}", "time_zone": zone}
    return {**person, "services": services, "working_hours": HOURS}


@pytest.fixture(scope="module")
def clinic() -> Mapping[str, object]:
    return {
        "policy": {"horizon_days": 3660},
        "services": [
            {"id": "look", "name": "Examination", "duration_minutes": 30},
            {"id": "talk", "name": "Talk", "duration_minutes": 30},
        ],
        "doctors": [doctor(number) for number in range(DOCTORS)],
    }


def free_days(page: Page) -> Locator:
    """The days of the shown month that have free times."""
    return page.locator("[data-date][aria-disabled=false]")


def test_a_month_of_many_doctors_is_found_part_by_part(visits: Visits) -> None:
    page = visits.open("/?service_id=talk", "2030-01-01T08:50:00Z").page
    expect(free_days(page)).to_have_count(23)
    asked: list[dict[str, str]] = []
    page.on("request", lambda request: asked.append(dict(parse_qsl(urlsplit(request.url).query))))
    page.get_by_role("button", name="Next month").click()
    expect(page.get_by_role("button", name=said("Friday 1 February 2030, 9 free"))).to_be_visible()
    expect(free_days(page)).to_have_count(20)
    expect(page.get_by_role("alert")).to_be_empty()
    # An opening that reaches over the midnight between two parts is in one of them.
    parts = [(query["start"], query["end"]) for query in asked if "end" in query]
    assert parts == [("2030-01-31", "2030-02-23"), ("2030-02-23", "2030-03-01")]


def test_the_first_times_differ_although_all_doctors_are_free_at_each(visits: Visits) -> None:
    page = visits.open("/?service_id=talk", "2030-01-01T08:50:00Z").page
    first = page.locator("[data-opening]")
    expect(first).to_have_text([re.compile(time) for time in ("09:00", "09:15", "09:30")])


def test_a_month_that_is_refused_is_not_said_to_be_taken(visits: Visits) -> None:
    visit = visits.open("/", "2030-01-01T07:30:00Z")
    visit.guard.expect("400 /first_available", "400 /list_openings")
    page = visit.page
    for month in ("January", "February"):
        expect(page.get_by_text(TOO_MANY)).to_be_visible()
        day = page.locator("[data-date]").last
        expect(day).to_have_accessible_name(re.compile(f"{month} 2030$"))
        page.get_by_role("button", name="Next month").click()
    page.get_by_label("Doctor").select_option("Doctor 7")
    expect(free_days(page)).to_have_count(21)
    expect(page.get_by_role("alert")).to_be_empty()


def test_only_the_zones_of_the_doctors_who_are_searched_are_named(visits: Visits) -> None:
    page = visits.open("/?service_id=talk").page
    zones = page.locator(".zones")
    expect(zones).to_contain_text(
        "Some doctors are in another time zone: "
        "Central European Standard Time, Eastern Standard Time."
    )
    page.get_by_label("Doctor").select_option("Doctor 0")
    expect(zones).to_contain_text("At the clinic it is one hour later.")
    page.get_by_label("Doctor").select_option("Doctor 2")
    expect(zones).to_have_text(re.compile(r"\(UTC\)\.\s*$"))


def test_the_desk_says_why_it_shows_no_day_and_shows_a_week(visits: Visits) -> None:
    visit = visits.open("/desk", "2030-01-01T08:50:00Z", viewport={"width": 800, "height": 900})
    visit.guard.expect("400 /list_appointments")
    page = visit.page
    expect(page.locator(".messages")).to_have_text(
        "There are more than 200 doctors here, so their day cannot be shown at once. "
        "Choose one of them under “Show”."
    )
    expect(page.locator(".ec, .list")).to_have_count(0)
    page.get_by_label("Show").select_option("Week of Doctor 7")
    expect(page.locator(".ec-col-head")).to_have_count(7)
    expect(page.locator(".list")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".messages")).to_be_empty()
    assert not is_wider_than_the_screen(page)
