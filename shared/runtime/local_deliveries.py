"""Deliveries of a server that runs all the time: nobody has to call `deliver_events`.

On Cloud Run a scheduler calls it, because an instance that answers no request has no processor.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from shared.http.dependencies import Dependencies
from shared.notifications.sending import Report
from shared.observability.delivery_log import log_run, log_stopped
from shared.observability.request_log import log_bug
from shared.store.port import StoreError

PAUSE = 0.5
"""Seconds from one run to the next one."""
LONGEST_PAUSE = 8.0
"""While nothing can be delivered, pauses grow up to this."""
RUN_SECONDS = 20.0
"""Long enough for a slow store: a run that is over before it knows what is due sends nothing."""

Run = Callable[[float], Awaitable[Report]]
"""Delivers what is due for so many seconds, as `Deliverer.run` does."""


@asynccontextmanager
async def local_deliveries(dependencies: Dependencies) -> AsyncIterator[None]:
    """Deliver what happens, again and again, until the context ends; what is being sent is then.

    Does nothing where there is no sink, or where a scheduler calls the functions.
    """
    deliverer = dependencies.deliverer
    if deliverer is None or dependencies.settings.proxied:
        yield
        return
    stopped = asyncio.Event()
    task = asyncio.create_task(deliver_until(stopped, deliverer.run))
    try:
        yield
    finally:
        stopped.set()
        deliverer.stop()
        await task


async def deliver_until(stopped: asyncio.Event, run: Run) -> None:
    """Deliver again and again, also after errors of the store and bugs, until it is stopped."""
    wait = PAUSE
    while not stopped.is_set():
        wait = PAUSE if await _delivered(run) else min(2 * wait, LONGEST_PAUSE)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), wait)


async def _delivered(run: Run) -> bool:
    """Deliver what is due; return whether that was possible, and log why not."""
    try:
        report = await run(RUN_SECONDS)
    except StoreError as error:
        log_stopped(error)
        return False
    except Exception as error:  # noqa: BLE001 - the next run may go well, and nobody else delivers
        log_bug("events were not delivered", error)
        return False
    if report.tried:
        log_run(report.delivered, report.failed, report.oldest_seconds)
    return True
