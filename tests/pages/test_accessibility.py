import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.pages.accessibility import assert_accessible
from tests.pages.visits import visits_of

GOOD = """
<!doctype html><html lang="en"><title>Clinic</title>
<main><h1>Clinic</h1><label>Name <input autocomplete="name"></label></main>
"""
TINY = "<button style='border: 0; padding: 0'>1</button>"


def show(page: Page, html: str) -> Page:
    """Show a page under a policy that allows no script of its own."""
    headers = {"Content-Security-Policy": "script-src 'self'"}
    page.route("**/", lambda it: it.fulfill(content_type="text/html", headers=headers, body=html))
    page.goto("/")
    return page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with visits_of(browser, "http://clinic.test") as visits:
        yield visits.prepare().page


def test_an_accessible_page_passes_whatever_its_policy(page: Page) -> None:
    assert_accessible(show(page, GOOD))


@pytest.mark.parametrize(
    ("good", "bad", "wrong"),
    [
        ('lang="en"', "", "html-has-lang (serious): <html> element must have a lang attribute"),
        ("Name", "", "label (critical): Form elements must have labels"),
        ("</main>", "<p style='color: #bbb'>Pale</main>", "color-contrast (serious): "),
        (
            "</main>",
            f"<div>{TINY * 2}</div></main>",
            "target-size (serious): ",
        ),
        ("<h1>Clinic</h1>", "", "page-has-heading-one (moderate): "),
    ],
)
def test_a_page_that_keeps_people_out_is_found(page: Page, good: str, bad: str, wrong: str) -> None:
    with pytest.raises(AssertionError, match=f"\n{re.escape(wrong)}"):
        assert_accessible(show(page, GOOD.replace(good, bad)))
