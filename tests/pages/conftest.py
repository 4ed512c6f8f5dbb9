"""What tests of the pages share: a browser, a server of the product, and who visits it.

A module overrides `clinic` or `settings` for a server that it needs to be different.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.processes import CLINIC, Server, local_runner
from tests.pages.browser import NoBrowserError, running_browser
from tests.pages.missing import not_tested
from tests.pages.screenshots import save_screenshots
from tests.pages.visits import Visits, visits_of

expect.set_options(timeout=30_000)  # No test passes or fails by how fast a machine is.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all pages of a process; without Chromium, a skip, or a failure in CI.

    It ends with the last of them, since async tests cannot run beside it.
    """
    try:
        with running_browser() as browser:
            yield browser
    except NoBrowserError as error:
        not_tested(str(error))


@pytest.fixture(scope="module")
def clinic() -> Mapping[str, object]:
    """The clinic of the server, as doctors.json has it."""
    found: dict[str, object] = json.loads(Path(CLINIC).read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """Settings of the server beside its clinic and the clock for tests."""
    return {}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    clinic: Mapping[str, object],
    settings: Mapping[str, str],
) -> Iterator[Server]:
    """The product, as `make run` serves it, with a store that a module's tests share."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "doctors.json").write_text(json.dumps(clinic))
    with local_runner(folder, {"TEST_CLOCK": "on", **settings}) as server:
        yield server


@pytest.fixture
def visits(browser: Browser, server: Server) -> Iterator[Visits]:
    """Visits to the server; the test fails if a page does what none may: see guard.py."""
    with visits_of(browser, server.url) as visits:
        yield visits


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """Save pictures of a page under a name, in the folder SCREENSHOTS; without one, take none."""

    def save(page: Page, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        for file in save_screenshots(page, Path(folder), name) if folder else ():
            print(f"screenshot: {file}")  # noqa: T201 - somebody wants to look at it

    return save
