"""The browser that the pages are tested in: Debian's Chromium, which reaches only this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.ports import HOST

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    # Playwright turns off most of what a browser does by itself; and nothing leaves the machine.
    "--disable-sync",
    "--no-proxy-server",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}",
)


class NoBrowserError(Exception):
    """There is no browser to start; the message says what is missing."""


def path_of_browser() -> str:
    """The path of a Chromium. Raises NoBrowserError where there is none."""
    if path := next(filter(None, map(shutil.which, _NAMES)), None):
        return path
    raise NoBrowserError("install Chromium: apt-get install chromium")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser without a window. Raises NoBrowserError where there is no Chromium.

    While it runs, its thread has an event loop: nothing beside it can be async.
    """
    path = path_of_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*_ARGUMENTS],
            chromium_sandbox=os.geteuid() != 0,  # Root has none.
        )
        yield browser
        browser.close()
