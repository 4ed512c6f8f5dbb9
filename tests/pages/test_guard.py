"""Each page here does one thing that is wrong, and is seen doing it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.pages.guard import Guard

ORIGIN = "http://clinic.test"
POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src *; img-src *"


class Site:
    """A site whose index has a body of the test, and a status for each other path."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._statuses = {"/no": 404, "/conflict": 409}

    def show(self, body: str, policy: str = POLICY) -> Page:
        """Open a page with this body in the context."""

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(ORIGIN)
            headers = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
            route.fulfill(status=self._statuses.get(path, 200), headers=headers, body=body)

        self._context.route(f"{ORIGIN}/**", answer)
        page = self._context.new_page()
        page.goto(f"{ORIGIN}/")
        return page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


@pytest.fixture
def guarded(context: BrowserContext) -> Guard:
    return Guard(context, ORIGIN)


@pytest.fixture
def site(context: BrowserContext) -> Site:
    return Site(context)


def violations(guarded: Guard) -> list[str]:
    """What the pages themselves saw, apart from the console, which tells of it, too."""
    start = "violation: "
    return [it.removeprefix(start) for it in guarded.wrongs() if it.startswith(start)]


def test_nothing_is_wrong_with_a_good_page(site: Site, guarded: Guard) -> None:
    site.show("<script>fetch('/'); console.warn('careful')</script><p>Hello")
    assert guarded.wrongs() == []


def test_an_inline_script_is_a_violation(site: Site, guarded: Guard) -> None:
    site.show("<script>document.title = 'ran'</script>", "script-src 'self'")
    assert violations(guarded) == [f"script-src-elem blocked inline at {ORIGIN}/:1"]


def test_an_inline_style_that_comes_later_is_a_violation(site: Site, guarded: Guard) -> None:
    page = site.show("<p>Hello")
    page.locator("p").evaluate("it => it.setAttribute('style', 'color: red')")
    assert violations(guarded) == ["style-src-attr blocked inline"]


def test_a_violation_in_a_frame_is_seen(site: Site, guarded: Guard) -> None:
    frame = "<iframe srcdoc='<style>p { color: red }</style>'></iframe>"
    site.show(frame, "default-src 'self'")
    assert violations(guarded) == ["style-src-elem blocked inline at about:1"]


@pytest.mark.parametrize(
    ("script", "wrong"),
    [
        ("throw new TypeError('oh')", "uncaught: oh"),
        ("Promise.reject(new Error('oh'))", "uncaught: oh"),
        ("console.error('oh', 1)", "console: oh 1"),
    ],
)
def test_an_error_is_seen(site: Site, guarded: Guard, script: str, wrong: str) -> None:
    site.show(f"<script>{script}</script>")
    assert guarded.wrongs() == [wrong]


def test_another_origin_is_foreign_and_cannot_be_reached(site: Site, guarded: Guard) -> None:
    page = site.show("<p>Hello")
    failed = "fetch('https://example.com/x').catch(error => error.message)"
    assert page.evaluate(failed) == "Failed to fetch"
    assert guarded.wrongs() == ["foreign: https://example.com/x"]


def test_an_image_of_another_origin_is_foreign(site: Site, guarded: Guard) -> None:
    site.show("<img alt='' src='http://clinic.test:81/x.png'>")
    assert guarded.wrongs() == ["foreign: http://clinic.test:81/x.png"]


def test_a_web_socket_is_seen(site: Site, guarded: Guard) -> None:
    page = site.show("<p>Hello")
    page.evaluate("new Promise(end => { new WebSocket('ws://clinic.test/x').onerror = end })")
    assert "web socket: ws://clinic.test/x" in guarded.wrongs()


def test_an_origin_that_is_allowed_is_not_foreign(site: Site, guarded: Guard) -> None:
    guarded.allow("https://example.com")
    page = site.show("<p>Hello")
    page.evaluate("fetch('https://example.com/x').catch(() => 0)")
    assert guarded.wrongs() == ["failed /x"]


def test_an_answer_with_an_error_is_wrong_unless_it_is_expected(site: Site, guarded: Guard) -> None:
    page = site.show("<p>Hello")
    page.evaluate("Promise.all([fetch('/no'), fetch('/conflict')])")
    assert sorted(guarded.wrongs()) == ["404 /no", "409 /conflict"]
    guarded.expect("409 /conflict")
    assert guarded.wrongs() == ["404 /no"]


def test_what_is_expected_must_come_to_pass(site: Site, guarded: Guard) -> None:
    site.show("<p>Hello")
    guarded.expect("409 /conflict")
    assert guarded.wrongs() == ["not seen: 409 /conflict"]


def test_a_request_that_the_page_itself_ends_is_not_wrong(site: Site, guarded: Guard) -> None:
    page = site.show("<p>Hello")
    page.route("**/slow", lambda _: None)
    page.evaluate("fetch('/slow', {signal: AbortSignal.timeout(1)}).catch(() => 0)")
    assert guarded.wrongs() == []


def test_a_second_page_of_the_context_is_watched(site: Site, guarded: Guard) -> None:
    page = site.show("<a href='/popup' target='_blank'>Popup</a>")
    with page.expect_popup() as popup:
        page.get_by_role("link").click()
    popup.value.evaluate("console.error('oh')")
    assert guarded.wrongs() == ["console: oh"]
