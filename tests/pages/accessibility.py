"""What axe-core finds on a page that keeps people out."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.clients.generators import HERE
from tests.pages.missing import not_tested

_AXE = HERE / "node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EVERYTHING = {"type": "tag", "values": _TAGS}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that another scheme of colours can change."""


def assert_accessible(page: Page, rules: Mapping[str, object] = _EVERYTHING) -> None:
    """Raise AssertionError, with all that is wrong, unless a page meets WCAG 2.2 AA.

    That is, as far as a program can tell, and with what axe-core calls best practice.
    """
    # The warning is of Firebase's SDK, which shows it before an emulator only.
    # What the debugger evaluates is not subject to the policy of the page, which stays in force.
    page.evaluate(_source())
    found = page.evaluate(
        "options => axe.run({ exclude: ['.firebase-emulator-warning'] }, options)",
        {"runOnly": rules, "resultTypes": ["violations"]},
    )
    lines = [line for violation in found["violations"] for line in _lines(violation)]
    assert not lines, "\n".join([f"{page.url} is not accessible:", *lines])


@cache
def _source() -> str:
    if not _AXE.exists():
        not_tested("Node with npm is needed for axe-core; make test installs it")
    return _AXE.read_text("utf-8")


def _lines(violation: Mapping[str, Any]) -> Iterator[str]:
    yield f"{violation['id']} ({violation['impact']}): {violation['help']}"
    for node in violation["nodes"]:
        yield f"    {' '.join(map(str, node['target']))}    {node['html']}"
        yield from (f"        {line}" for line in node["failureSummary"].splitlines()[1:])


def assert_accessible_and_shown(
    page: Page, screenshot: Callable[[Page, str], None], name: str
) -> None:
    """Fail for what axe finds, light or dark, and keep a picture of both."""
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page, _COLOURS)
    screenshot(page, f"{name}-dark")
    page.emulate_media(color_scheme="light")
    screenshot(page, name)
