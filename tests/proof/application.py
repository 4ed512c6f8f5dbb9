"""All functions on one port, by a clock that a test can let jump: the process that is tested.

`python -m tests.proof.application`; beside the settings, `CLOCK_FILE` names a file that holds
how many seconds the clock is wrong, and `ZONES_FILE` one that names the folder of the time-zone
data that it starts with, or is empty. `CONTROL` makes it one that books twice (`control`).
"""

import os
import time
import zoneinfo
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.dependencies import Dependencies
from shared.runtime.composition import build_dependencies, start
from shared.runtime.endpoints import endpoints
from shared.runtime.local_deliveries import local_deliveries
from tests.ports import HOST
from tests.proof.control import CONTROLS

CLOCK_FILE = "CLOCK_FILE"
ZONES_FILE = "ZONES_FILE"
CONTROL = "CONTROL"
LOOK_AGAIN_SECONDS = 0.05


def main() -> None:
    """Serve until Ctrl-C."""
    if folder := Path(os.environ[ZONES_FILE]).read_text():
        zoneinfo.reset_tzpath((folder,))
    dependencies = start(os.environ, exposed=False)
    control = CONTROLS.get(os.environ.get(CONTROL, ""))
    store = control(dependencies.store) if control else dependencies.store
    dependencies = build_dependencies(
        dependencies.settings, store, wrong_clock(Path(os.environ[CLOCK_FILE]))
    )
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(dependencies))


async def _serve(dependencies: Dependencies) -> None:
    try:
        config = uvicorn.Config(
            application(dependencies),
            host=HOST,
            port=dependencies.settings.port,
            lifespan="off",
            log_level="warning",
            access_log=False,
        )
        async with local_deliveries(dependencies):
            await uvicorn.Server(config).serve()
    finally:
        await dependencies.store.close()


def application(dependencies: Dependencies) -> ASGIApp:
    """Every function of a clinic under its name."""

    functions = endpoints()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        function = functions.get(scope["path"].removeprefix("/"))
        if function:
            response = await function(Request(scope, receive), dependencies)
        else:
            response = Response(status_code=404)
        await response(scope, receive, send)

    return app


def wrong_clock(file: Path) -> Callable[[], datetime]:
    """The present instant, off by the seconds that stand in a file."""
    offset, look_at = timedelta(), 0.0

    def now() -> datetime:
        nonlocal offset, look_at
        if time.monotonic() >= look_at:
            offset = timedelta(seconds=float(file.read_text()))
            look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        return datetime.now(UTC) + offset

    return now


if __name__ == "__main__":
    main()
