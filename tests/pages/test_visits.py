from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.processes import Server
from tests.pages.accessibility import assert_accessible
from tests.pages.visits import Visits, visits_of


def times(page: Page) -> list[str]:
    """The time of the page, and the first opening that the server finds then."""
    asked = "fetch('/first_available?duration_minutes=30').then(it => it.json())"
    first = page.evaluate(asked)["openings"][0]["start"]
    return [page.evaluate("new Date().toISOString()"), first]


def test_the_api_page_does_nothing_that_no_page_may(visits: Visits) -> None:
    visit = visits.open("/docs")
    visit.page.get_by_text("/create_appointment", exact=True).wait_for()


def test_who_is_lost_is_led_to_the_booking_page(visits: Visits) -> None:
    visit = visits.open("/404.html")
    page = visit.page
    assert_accessible(page)
    visit.guard.expect("404 /appointments")
    page.goto("/appointments")
    assert_accessible(page)
    page.get_by_role("main").get_by_role("link", name="Book an appointment").click()
    expect(page.get_by_role("heading", name="Book an appointment")).to_be_visible()


def test_a_page_that_does_what_none_may_fails_its_test(browser: Browser, server: Server) -> None:
    def visit() -> None:
        with visits_of(browser, server.url) as visits:
            bad = "fetch('/nowhere').then(() => reportError(Error('oh')))"
            visits.open("/docs").page.evaluate(bad)

    with pytest.raises(AssertionError, match=r"none may:\n404 /nowhere\nuncaught: oh$"):
        visit()


def test_the_visitor_has_what_the_test_says(visits: Visits) -> None:
    visit = visits.open(
        "/docs",
        locale="de-DE",
        timezone_id="America/New_York",
        viewport={"width": 320, "height": 640},
        color_scheme="dark",
        reduced_motion="reduce",
    )
    has = """[
        navigator.language,
        Intl.DateTimeFormat().resolvedOptions().timeZone,
        innerWidth,
        matchMedia("(prefers-color-scheme: dark) and (prefers-reduced-motion)").matches,
    ]"""
    assert visit.page.evaluate(has) == ["de-DE", "America/New_York", 320, True]


def test_the_page_and_the_server_have_the_time_of_the_test(visits: Visits) -> None:
    visit = visits.open("/docs", "2030-01-07T10:00:00Z")
    assert times(visit.page) == ["2030-01-07T10:00:00.000Z", "2030-01-07T10:00:00Z"]
    visit.travel("2030-01-08T11:10:00+01:00")
    assert times(visit.page) == ["2030-01-08T10:10:00.000Z", "2030-01-08T10:10:00Z"]


def test_timers_run_at_once_while_the_time_stands_still(visits: Visits) -> None:
    page = visits.open("/docs").page
    page.evaluate("setInterval(() => document.title += '.', 60_000)")
    before = page.title()
    page.clock.run_for(180_000)
    assert page.title() == before + "..."
    assert page.evaluate("new Date().toISOString()") == "2030-01-07T07:30:00.000Z"


def test_screenshots_show_three_widths_and_leave_the_page_as_it_was(
    visits: Visits,
    screenshot: Callable[[Page, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCREENSHOTS", str(tmp_path))
    page = visits.open("/docs").page
    screenshot(page, "docs")
    widths = {it.name: int.from_bytes(it.read_bytes()[16:20]) for it in tmp_path.glob("*.png")}
    assert widths == {"docs-320.png": 320, "docs-768.png": 768, "docs-1440.png": 1440}
    assert page.viewport_size == {"width": 1280, "height": 800}
