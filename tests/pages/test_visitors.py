"""The booking page for people with other screens, languages and places, and at other clinics."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.accessibility import assert_accessible
from tests.pages.reading import assert_in_line, assert_seen_in_order
from tests.pages.test_files import texts
from tests.pages.visits import Visits

# From 23:30 to 03:30 in Berlin; the clocks there go back on 27 October 2030 at 03:00.
NIGHTS = [{"days": ["sat"], "opens": "23:30", "closes": "24:00"}]
NIGHTS += [{"days": ["sun"], "opens": "00:00", "closes": "03:30"}]
NIGHT = "ד״ר לילה"
WEEK = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}]


@pytest.fixture(scope="module")
def clinic() -> Mapping[str, object]:
    return {
        "policy": {"horizon_days": 36600, "notice_minutes": 60, "service_required": True},
        "services": [
            {"id": "first", "name": "First visit", "duration_minutes": 60},
            {"id": "talk", "name": "Talk"},
        ],
        "doctors": [
            {"id": "day", "name": "Doctor Day", "services": ["first"], "working_hours": WEEK},
            {
                "id": "night",
                "name": NIGHT,
                "time_zone": "Europe/Berlin",
                "services": ["talk"],
                "working_hours": NIGHTS,
            },
        ],
    }


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    return {"FRAME_ANCESTORS": "'self'"}


def is_wider_than_the_screen(page: Page) -> bool:
    found: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return found


def in_arabic(page: Page) -> None:
    """Offer a language that is written from right to left; its words are the English ones."""
    words = texts("en") | {"choose.title": "حجز موعد"}
    page.route("**/languages/ar.json", lambda route: route.fulfill(json=words))

    def offer(route: Route) -> None:
        own = route.fetch().text().replace('["en", "de"]', '["en", "ar"]')
        route.fulfill(body=own, content_type="text/javascript")

    page.route("**/clinic.js", offer)


def test_a_service_decides_who_is_offered_and_how_long_it_takes(visits: Visits) -> None:
    page = visits.open("/").page
    doctors = page.get_by_label("Doctor").get_by_role("option")
    expect(doctors).to_have_text(["First available", "Doctor Day"])
    expect(page.get_by_label("Length")).to_have_count(0)
    page.get_by_label("Service").select_option("Talk")
    expect(doctors).to_have_text(["First available", NIGHT])
    page.get_by_label("Length").select_option("Other length")
    page.get_by_role("spinbutton", name="Minutes").fill("100")
    page.get_by_role("spinbutton", name="Minutes").press("Enter")
    page.locator("[data-opening]").first.click()
    expect(page.locator(".chosen")).to_contain_text(f"{NIGHT} · Talk, 100 minutes")
    page.get_by_label("Name").fill("משה כהן")
    page.get_by_label("Telephone").fill("555 1234567")
    page.get_by_role("button", name="Book this time").click()
    assert_seen_in_order(page.get_by_role("article"), NIGHT, "Talk", "100", "minutes")
    assert_seen_in_order(page.get_by_role("article"), "משה כהן", "555", "1234567")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("You have an appointment")).to_contain_text(f"with \u2068{NIGHT}\u2069")


def test_a_length_that_nobody_works_is_explained(visits: Visits) -> None:
    page = visits.open("/").page
    page.get_by_label("Service").select_option("Talk")
    page.get_by_label("Length").select_option("Other length")
    page.get_by_role("spinbutton", name="Minutes").fill("1000")
    page.get_by_role("spinbutton", name="Minutes").press("Enter")
    expect(page.get_by_text("This is longer than any stretch of working hours.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Service")).to_have_value("talk")
    expect(page.get_by_role("spinbutton", name="Minutes")).to_have_value("1000")


def test_a_link_leads_to_one_doctor_and_service(visits: Visits) -> None:
    page = visits.open("/?doctor_id=night&service_id=talk").page
    expect(page.get_by_label("Doctor")).to_have_value("night")
    expect(page.get_by_label("Service")).to_have_value("talk")
    expect(page.locator("[data-opening]").first).to_contain_text(NIGHT)


def test_an_hour_that_the_clock_repeats_is_told_from_the_first(visits: Visits) -> None:
    now = "2030-10-26T08:00:00Z"
    page = visits.open("/?service_id=talk", now, timezone_id="Europe/Berlin").page
    page.locator("[data-date='2030-10-27']").click()
    half_past = page.locator("[data-time]").filter(has_text="02:30")
    expect(half_past).to_have_text(
        [re.compile(r"02:30 (CEST|GMT\+2)"), re.compile(r"02:30 (CET|GMT\+1)")]
    )


@pytest.mark.parametrize("width", [320, 768, 3840])
def test_no_screen_is_too_narrow_or_too_wide(visits: Visits, width: int) -> None:
    page = visits.open("/", viewport={"width": width, "height": 900}).page
    page.locator("[data-date='2030-01-08']").click()
    expect(page.locator("[data-time]").first).to_be_visible()
    assert not is_wider_than_the_screen(page)
    page.locator("[data-time]").first.click()
    page.get_by_label("Name").fill("Ada" * 60)
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("article")).to_be_visible()
    assert not is_wider_than_the_screen(page)


def test_a_language_from_right_to_left_turns_the_page_and_its_arrow_keys(visits: Visits) -> None:
    visit = visits.prepare("2030-02-04T07:30:00Z", locale="ar-EG")
    page = visit.page
    in_arabic(page)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("حجز موعد")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    days = page.locator("[data-date]")
    first, second = days.nth(0).bounding_box(), days.nth(1).bounding_box()
    assert first is not None
    assert second is not None
    assert first["x"] > second["x"] or first["y"] < second["y"]
    page.locator("[data-date='2030-02-05']").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_attribute("data-date", "2030-02-06")
    # Weeks in Egypt begin on Saturday, and it writes digits of its own.
    expect(page.get_by_role("columnheader").first).to_contain_text("السبت")
    expect(page.locator("[data-date='2030-02-05'] .number")).to_have_text("\u0665")
    assert_accessible(page)


def test_who_wants_no_motion_sees_none(visits: Visits) -> None:
    page = visits.open("/").page
    button = page.locator("[data-opening]").first
    expect(button).to_have_css("transition-duration", "0.15s")
    page.emulate_media(reduced_motion="reduce")
    expect(button).to_have_css("transition-duration", "0s")


def test_an_appointment_prints_without_what_cannot_be_pressed_on_paper(visits: Visits) -> None:
    page = visits.open("/", "2030-02-06T07:30:00Z").page
    page.locator("[data-opening]").first.click()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    expect(page.get_by_text("You can find it under “My appointments”")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("article")).to_be_visible()
    expect(page.get_by_role("button", name="Move")).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert_in_line(
        page.get_by_role("banner").locator(".clinic"), page.get_by_role("heading", level=1)
    )


def test_a_clinic_may_show_the_page_in_its_own(visits: Visits) -> None:
    visit = visits.prepare()
    page = visit.page
    frame = '<!doctype html><title>Clinic</title><iframe src="/" title="Booking"></iframe>'
    page.route("**/clinic.html", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page.goto("/clinic.html")
    expect(page.frame_locator("iframe").locator("[data-opening]").first).to_be_visible()


def test_a_clinic_is_shown_by_its_name_and_colors(visits: Visits) -> None:
    page = visits.prepare().page

    def brand(route: Route) -> None:
        own = route.fetch().text().replace('name: "Appointments"', 'name: "Clinic & Co"')
        own = own.replace('light: "#0b57a4"', 'light: "#7a1f5c"')
        route.fulfill(body=own, content_type="text/javascript")

    page.route("**/clinic.js", brand)
    page.goto("/")
    expect(page.get_by_text("Clinic & Co", exact=True)).to_be_visible()
    expect(page).to_have_title("Book an appointment · Clinic & Co")
    expect(page.locator("[data-opening] strong").first).to_have_css("color", "rgb(122, 31, 92)")


def test_a_visit_of_a_browser_that_keeps_nothing_books_all_the_same(visits: Visits) -> None:
    page = visits.prepare("2030-02-07T07:30:00Z").page
    page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"])
             Object.defineProperty(window, name, { get() { throw new DOMException("no") } });"""
    )
    page.goto("/")
    page.locator("[data-opening]").first.click()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    expect(page.get_by_text("You can find it under")).to_have_count(0)


def test_a_page_that_lacks_a_file_says_so(visits: Visits) -> None:
    visit = visits.prepare()
    page = visit.page
    for path, file in [
        ("/", "/booking/main.js"),
        ("/", "/languages/en.json"),
        ("/desk", "/desk/wall.js"),
        ("/desk", "/languages/en.json"),
    ]:
        visit.guard.expect(f"503 {file}")
        page.route(f"**{file}", lambda route: route.fulfill(status=503))
        page.goto(path)
        expect(page.get_by_role("alert")).to_have_text(
            "This page cannot be shown. Check your connection, then load it again."
        )
        page.unroute_all()
    visit.guard.expect("uncaught: /languages/en.json: 503")


def test_a_page_whose_files_are_of_two_releases_says_so(visits: Visits) -> None:
    visit = visits.prepare()
    page = visit.page
    of_another = {"body": "export const another = 1;", "content_type": "text/javascript"}
    page.route("**/booking/state.js", lambda route: route.fulfill(**of_another))
    page.goto("/")
    expect(page.get_by_role("alert")).to_contain_text("This page cannot be shown.")
    (said,) = visit.guard.wrongs()
    assert "does not provide an export" in said
    visit.guard.expect(said)


@pytest.mark.parametrize("file", ["/booking/actions.js", "/booking/details.js"])
def test_a_file_that_is_lost_at_first_is_asked_for_again(visits: Visits, file: str) -> None:
    visit = visits.prepare("2030-02-08T07:30:00Z")
    page = visit.page
    page.route(f"**{file}", lambda route: route.abort())
    visit.guard.expect(f"failed {file}")
    page.goto("/")
    page.locator("[data-date='2030-02-11']").click()
    page.locator("[data-time]").last.click()
    expect(page.get_by_text("The clinic cannot be reached.")).to_be_in_viewport()
    page.unroute_all()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("heading", name="Your details")).to_be_focused()
    expect(page.get_by_text("This time is kept for you")).to_be_visible()
