"""The booking page, as a patient sees it first: on a phone's network, with nothing in the cache."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Response
from playwright.sync_api import TimeoutError as NeverShownError

from benchmarks.table import Figure, Row, plain
from benchmarks.timing import say
from tests.end_to_end.processes import CLINIC, local_runner
from tests.pages.browser import running_browser

PAGE = "/"
OPENING = "[data-opening]"
LOADS = 5
WARM_UP = 2
FAST_4G = {
    "offline": False,
    "latency": 165,
    "downloadThroughput": 0.9 * 9e6 / 8,
    "uploadThroughput": 0.9 * 1.5e6 / 8,
}
"""As the developer tools of Chromium have it: bytes a second, and milliseconds for a request."""

COMPILING = {"v8.compile", "v8.compileModule", "v8.parseOnBackground"}
"""What the trace calls the work between the bytes of a script and its first line."""

WATCH = f"""
    globalThis.shifted = 0;
    new PerformanceObserver((list) => {{
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) shifted += shift.value;
    }}).observe({{ type: "layout-shift", buffered: true }});
    globalThis.shown = new Promise((show) => {{
        (function look() {{
            if (document.querySelector("{OPENING}")?.checkVisibility()) show(performance.now());
            else requestAnimationFrame(look);
        }})();
    }});
"""
"""Notes in the page when the first opening is visible, and how far its layout shifts."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one visit saw; times in milliseconds, the size of all scripts in KiB."""

    shown: float
    compiling: float
    running: float
    shift: float
    scripts: float
    requests: int


def rows() -> list[Row]:
    """Measure the page on SQLite."""
    with TemporaryDirectory() as folder, running_browser() as browser:
        settings = {"DOCTORS_FILE": CLINIC}
        with local_runner(Path(folder), settings) as server:
            return [*_rows([*_loads(browser, server.url + PAGE)])]


def _rows(loads: list[Load]) -> Iterator[Row]:
    yield _row("first opening", loads, "shown", "ms", 1000)
    yield _row("parsing and compiling scripts", loads, "compiling", "ms", 50)
    yield _row("running scripts", loads, "running", "ms")
    yield _row("layout shift", loads, "shift", "", 0)
    yield _row("scripts by gzip -9", loads, "scripts", "KiB", 120)
    yield _row("requests", loads, "requests", "")


def _row(what: str, loads: list[Load], name: str, unit: str, most: float | None = None) -> Row:
    """Return the row of a median, with the goal that it is at most this, if there is one."""
    found = median(getattr(load, name) for load in loads)
    row = plain(f"booking page, Fast 4G, empty cache: {what}", Figure(found, unit))
    if most is None:
        return row
    return replace(row, goal=f"at most {most:,} {unit}".rstrip(), met=found <= most)


def _loads(browser: Browser, url: str) -> Iterator[Load]:
    for number in range(WARM_UP + LOADS):
        say(f"booking page, load {number + 1}")
        seen = _load(browser, url)
        if number >= WARM_UP:
            yield seen


def _load(browser: Browser, url: str) -> Load:
    """Open the page in a browser that has never seen it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        seen: list[Response] = []
        page.on("response", lambda response: seen.append(response))  # noqa: PLW0108 - it marks it
        session = context.new_cdp_session(page)
        session.send("Network.emulateNetworkConditions", FAST_4G)
        session.send("Performance.enable")
        browser.start_tracing(page=page, categories=["devtools.timeline"])
        page.goto(url)
        shown = _wait_for_opening(page, url)
        trace = json.loads(browser.stop_tracing())
        metrics = _metrics(session)
        return Load(
            shown=shown,
            compiling=_compiling(trace["traceEvents"], url),
            running=metrics["ScriptDuration"] * 1000,
            shift=page.evaluate("shifted"),
            scripts=sum(map(_compressed, _scripts(seen))) / 1024,
            requests=len(seen),
        )


def _wait_for_opening(page: Page, url: str) -> float:
    """Return when it was visible, once nothing else is loaded; end the program if it never is."""
    try:
        page.locator(OPENING).first.wait_for()
    except NeverShownError:
        raise SystemExit(f"{url} shows no {OPENING}") from None
    page.wait_for_load_state("networkidle")
    shown: float = page.evaluate("shown")
    return shown


def _metrics(session: CDPSession) -> Mapping[str, float]:
    found = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in found}


def _compiling(events: Sequence[Mapping[str, Any]], url: str) -> float:
    """Return milliseconds of any thread, without waits; functions are compiled when they run.

    Scripts of the browser's own windows are in the trace, too.
    """
    ours = (it for it in events if it["name"] in COMPILING and url in json.dumps(it["args"]))
    micros: list[float] = [it.get("tdur", 0) for it in ours]
    return sum(micros) / 1000


def _scripts(seen: list[Response]) -> Iterator[bytes]:
    return (it.body() for it in seen if it.request.resource_type == "script")


def _compressed(body: bytes) -> int:
    return len(gzip.compress(body, 9))
