"""The command line of a command, and its settings."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from shared.settings import Settings, SettingsError, read_settings
from shared.store.port import StoreError


class CommandLine(argparse.ArgumentParser):
    """A parser that refuses with one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message alone."""
        sys.exit(message)


@contextmanager
def usable_settings(
    environment: Mapping[str, str], default_origins: str = ""
) -> Iterator[Settings]:
    """Return the settings, to work with the store that they name.

    Ends the process with one line and status 1 if they, or the store, cannot be used.
    """
    try:
        settings = read_settings(environment, default_origins)
        yield settings
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None
