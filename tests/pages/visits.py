"""Visits of pages: each by somebody with a browser, a place and a time of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, TypedDict, Unpack

from playwright.sync_api import Browser, Page, ViewportSize

from tests.pages.guard import Guard

MONDAY_MORNING = "2030-01-07T07:30:00Z"
"""Half an hour before the first doctor of tests/data/clinic.json begins."""


class Options(TypedDict, total=False):
    """What a visitor's browser is set to, as Playwright calls it."""

    locale: str
    timezone_id: str
    viewport: ViewportSize
    color_scheme: Literal["dark", "light"]
    reduced_motion: Literal["no-preference", "reduce"]
    forced_colors: Literal["active", "none"]
    has_touch: bool
    is_mobile: bool


_USUAL: Options = {
    "locale": "en-GB",
    "timezone_id": "UTC",
    "viewport": {"width": 1280, "height": 800},
    "color_scheme": "light",
}


class Visit(NamedTuple):
    """A page that somebody has open, and what watches it."""

    page: Page
    guard: Guard

    def travel(self, now: str) -> None:
        """Set the clocks of the page and of what answers it to an instant (RFC 3339).

        They stand still there. The timers of the page go on, and `page.clock` runs them at once.
        """
        self.page.context.set_extra_http_headers({"Test-Now": now})
        self.page.clock.set_fixed_time(now)


class Visits:
    """The visits of a test to one server, each with cookies and a store of its own."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self._browser = browser
        self._origin = origin
        self._open: list[Visit] = []

    def open(self, path: str, now: str = MONDAY_MORNING, **options: Unpack[Options]) -> Visit:
        """Open a page of the server at a time; the usual options hold unless others are given."""
        visit = self.prepare(now, **options)
        visit.page.goto(path)
        return visit

    def prepare(self, now: str = MONDAY_MORNING, **options: Unpack[Options]) -> Visit:
        """Return a visit whose page is empty yet, for tests that change it before they open it."""
        settings: Options = {**_USUAL, **options}
        context = self._browser.new_context(base_url=self._origin, **settings)
        guard = Guard(context, self._origin)
        context.clock.install(time=now)
        visit = Visit(context.new_page(), guard)
        self._open.append(visit)
        visit.travel(now)
        return visit

    def end(self) -> list[str]:
        """Close all pages, and return what was wrong with any of them."""
        wrongs = [wrong for visit in self._open for wrong in visit.guard.wrongs()]
        for visit in self._open:
            visit.page.context.close()
        return wrongs


@contextmanager
def visits_of(browser: Browser, origin: str) -> Iterator[Visits]:
    """Visits for as long as a test takes; AssertionError at its end if a page did what none may."""
    visits = Visits(browser, origin)
    try:
        yield visits
    finally:
        wrongs = visits.end()
    assert not wrongs, "\n".join(["the page did what none may:", *wrongs])
