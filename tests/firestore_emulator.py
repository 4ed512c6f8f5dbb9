"""Google's Firestore emulator, for as long as tests need it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.settings import FirestoreDatabase
from shared.store.firestore.store import FirestoreStore
from tests.ports import HOST, free_port

VARIABLE = "FIRESTORE_EMULATOR_HOST"
PATIENCE_SECONDS = 180


def emulated_store(project: str, seconds: float) -> FirestoreStore:
    """The store of a project in the emulator that the environment names."""
    return FirestoreStore(FirestoreDatabase(project, "(default)", os.environ[VARIABLE]), seconds)


class NoEmulatorError(Exception):
    """There is no emulator to start; the message says what is missing."""


@contextmanager
def running_emulator(log: Path) -> Iterator[str]:
    """The address of the emulator that the environment names, or of one started here.

    Raises NoEmulatorError where neither is to be had.
    """
    if given := os.environ.get(VARIABLE):
        yield given
        return
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        raise NoEmulatorError("gcloud and java are needed to start the Firestore emulator")
    address = f"{HOST}:{free_port()}"
    command = [gcloud, "emulators", "firestore", "start", f"--host-port={address}", "--quiet"]
    with started(command, log):
        yield address


@contextmanager
def started(
    command: Sequence[str],
    log: Path,
    folder: Path | None = None,
    *,
    ready: str = "is now running",
    patience: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """An emulator that a command starts, in a folder; it runs until the context ends.

    It is ready when it has printed so.

    Raises NoEmulatorError where it does not start.
    """
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_until_it_runs(process, log, ready, patience)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_it_runs(
    process: subprocess.Popen[bytes], log: Path, ready: str, patience: float
) -> None:
    give_up_at = time.monotonic() + patience
    while ready not in log.read_text():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise NoEmulatorError(f"the emulator did not start: {log.read_text()}")
        time.sleep(0.05)
