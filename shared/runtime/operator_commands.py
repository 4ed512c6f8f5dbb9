"""How a command for operators begins and fails."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

from shared.http.dependencies import Dependencies
from shared.runtime.command_line import usable_settings
from shared.runtime.composition import open_dependencies
from shared.settings import PostgresqlDatabase, Settings

T = TypeVar("T")


def run(
    environment: Mapping[str, str],
    command: Callable[[Dependencies], Coroutine[None, None, T]],
    check: Callable[[Settings], None] = lambda _: None,
) -> T:
    """Run a command on the store of the settings, once these are checked, and close it.

    Ends the process with one line and status 1 if that is not possible.
    """
    with usable_settings(environment) as settings:
        check(settings)
        return asyncio.run(run_and_close(open_dependencies(settings), command))


async def run_and_close(
    dependencies: Dependencies, command: Callable[[Dependencies], Coroutine[None, None, T]]
) -> T:
    """Run a command once the store lets it in, and close its dependencies."""
    try:
        await _check_log_in(dependencies.settings)
        return await command(dependencies)
    finally:
        await dependencies.close()


async def _check_log_in(settings: Settings) -> None:
    """Find out at once if the server is not there or lets nobody in: the store tries for long."""
    if isinstance(settings.store, PostgresqlDatabase):
        from shared.store.postgresql.log_in import connect  # noqa: PLC0415 - takes a while

        await (await connect(settings.store)).close()
