"""What the measurements need of the machine, looked for before the first of them."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.servers import emulator
from tests.firestore_emulator import NoEmulatorError
from tests.pages.browser import NoBrowserError, path_of_browser
from tests.postgresql_server import server_program

KEPT = {"postgresql"}
LOADED = {"http", "http_searches"}
SHOWN = {"pages"}
"""The parts that need PostgreSQL's server, `wrk`, and a browser; all need the emulator."""


@contextmanager
def met(parts: Collection[str]) -> Iterator[None]:
    """Run the emulator; end the program if anything is missing, with a line for each."""
    missing = [*_missing_programs(parts)]
    with ExitStack() as stack:
        try:
            stack.enter_context(emulator())
        except NoEmulatorError as error:
            missing.append(str(error))
        if missing:
            raise SystemExit("\n".join(missing))
        yield


def _missing_programs(parts: Collection[str]) -> Iterator[str]:
    if LOADED.intersection(parts) and shutil.which("wrk") is None:
        yield "install wrk: apt-get install wrk"
    try:
        if KEPT.intersection(parts):
            server_program("postgres")
        if SHOWN.intersection(parts):
            path_of_browser()
    except (NoEmulatorError, NoBrowserError) as error:
        yield str(error)
