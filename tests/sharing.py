"""What the processes of one run share: the first that needs it starts it, and ends it after all."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import pytest


def folder_of_run(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this run know, and those of no other run."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def shared(file: Path, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of something that runs; a file tells it to the processes that come later.

    Whoever has started it waits in the end until nobody uses it. A process that is killed gives up
    its locks, and so keeps nobody waiting.
    """
    with file.open("a+") as told, ExitStack() as ending:
        with file.with_suffix(".starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(told, fcntl.LOCK_SH)  # Whoever ends it waits for this one.
            told.seek(0)
            address = told.read()
            if not address:
                address = ending.enter_context(start())
                told.write(address)
                told.flush()
                ending.callback(_wait_for_others, told)
        yield address


def _wait_for_others(told: TextIO) -> None:
    fcntl.flock(told, fcntl.LOCK_EX)
    told.truncate(0)
