"""How a command for operators begins and fails."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

from shared.http.dependencies import Dependencies
from shared.runtime.composition import open_dependencies
from shared.settings import Settings, SettingsError, read_settings
from shared.store.port import StoreError

T = TypeVar("T")


def run(
    environment: Mapping[str, str],
    command: Callable[[Dependencies], Coroutine[None, None, T]],
    check: Callable[[Settings], None] = lambda _: None,
) -> T:
    """Run a command on the store of the settings, once these are checked, and close it.

    Ends the process with one line and status 1 if that is not possible.
    """
    try:
        settings = read_settings(environment)
        check(settings)
        return asyncio.run(run_and_close(open_dependencies(settings), command))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None


async def run_and_close(
    dependencies: Dependencies, command: Callable[[Dependencies], Coroutine[None, None, T]]
) -> T:
    """Run a command, and close its dependencies."""
    try:
        return await command(dependencies)
    finally:
        await dependencies.close()
