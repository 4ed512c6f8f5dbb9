"""Programs that a test lets fail: the functions' processes, and the emulator.

All of this blocks, a start for a second or two: where a loop must go on, use a thread.
"""

import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Protocol

from shared.model.appointment import Appointment
from shared.store.sqlite.store import SqliteStore
from tests.builders import span
from tests.end_to_end.processes import PYTHON, Server, environment, launched
from tests.firestore_emulator import NoEmulatorError
from tests.ports import HOST, free_port
from tests.proof.application import CLOCK_FILE, ZONES_FILE

EMULATOR = "platform/cloud-firestore-emulator/cloud_firestore_emulator"
ALL_TIME = span("2000-01-01T00:00Z", "2200-01-01T00:00Z")
ON_TWO_CORES = "-XX:+UseSerialGC"


class Program(Server):
    """A server that keeps its port however often it is started again."""

    def __init__(
        self, command: Sequence[str], port: int, folder: Path, variables: Mapping[str, str]
    ) -> None:
        output = folder / f"output-{port}.txt"
        self.port = port
        self._start = partial(launched, command, folder, variables, output, piped=False)
        # A restart in a thread is over before this ends the process, so that it ends the new one.
        self._restarting = threading.RLock()
        super().__init__(f"http://{HOST}:{port}", self._start(), output)

    def kill(self) -> None:
        """`kill -9`; return when nothing of it is left."""
        with self._restarting:
            super().kill()
            self.wait()

    def restart(self) -> None:
        """Kill it if it still runs, start it on the same port, and wait until it answers."""
        with self._restarting:
            self.kill()
            self.process = self._start()
            self.wait_until_it_answers()

    def freeze(self) -> None:
        """Stop it where it is; return when none of its threads does anything any more."""
        self.signal(signal.SIGSTOP)
        with suppress(ChildProcessError):  # It was killed before.
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)


# The functions


class Functions(Program):
    """A process with all functions, a clock and time-zone data of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, later: bool = False) -> None:
        port = free_port()
        self._folder = folder
        self._clock = folder / f"clock-{port}.txt"
        self.set_clock(0)
        self._zones = folder / f"zones-{port}.txt"
        self.update_zones(later=later)
        files = {CLOCK_FILE: str(self._clock), ZONES_FILE: str(self._zones)}
        variables = {**settings, "PORT": str(port), **files}
        command = [PYTHON, "-m", "tests.proof.application"]
        super().__init__(command, port, folder, environment(folder, variables))

    def set_clock(self, seconds: float) -> None:
        """Let its clock be so much ahead of the machine's, within 50 ms."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._clock)

    def update_zones(self, *, later: bool) -> None:
        """Let it have the later release of the time-zone data, or the older, from its next start.

        In the later one London keeps the time of Moscow, so that three hours change their date.
        """
        self._zones.write_text(str(later_zones(self._folder)) if later else "")


def later_zones(folder: Path) -> Path:
    """Make, if need be, a folder with the time-zone data of the later release."""
    zones = folder / "later-zones"
    (zones / "Europe").mkdir(parents=True, exist_ok=True)
    moscow = resources.files("tzdata.zoneinfo").joinpath("Europe/Moscow").read_bytes()
    (zones / "Europe" / "London").write_bytes(moscow)
    return zones


@contextmanager
def function_processes(
    count: int, folder: Path, settings: Mapping[str, str]
) -> Iterator[list[Functions]]:
    """So many processes on one store, all answering; in the end none is left.

    Every other one has the later release of the time-zone data.

    A new SQLite file gets the doctors of the doctors file; another store must have some.
    """
    with ExitStack() as stack:
        processes: list[Functions] = []
        for number in range(count):
            processes.append(Functions(folder, settings, later=number % 2 == 1))
            stack.callback(processes[-1].kill)
        for process in processes:
            process.wait_until_it_answers()
        yield processes
        for process in processes:
            process.signal(signal.SIGINT)
        for process in processes:
            process.wait()
            assert process.process.returncode in (0, -signal.SIGKILL), process.errors.read_text()


# The emulator


@contextmanager
def own_emulator(folder: Path) -> Iterator[Program]:
    """An emulator that one can freeze, kill and start again, empty then.

    Raises NoEmulatorError where there is none.
    """
    gcloud, java = shutil.which("gcloud"), shutil.which("java")
    if gcloud is None or java is None:
        raise NoEmulatorError("gcloud and java are needed to start the Firestore emulator")
    script = Path(gcloud).resolve().parents[1] / EMULATOR
    if not script.exists():
        raise NoEmulatorError(f"the Firestore emulator is missing: {script}")
    port = free_port()
    command = [str(script), "start", f"--host={HOST}", f"--port={port}"]
    # The script starts $JAVA as a child; with `exec` it becomes it, so there is one process.
    run = f"exec {java} {ON_TWO_CORES}"
    program = Program(command, port, folder, {**os.environ, "JAVA": run})
    try:
        program.wait_until_it_answers()
        yield program
    finally:
        program.kill()


# SQLite


class Freezing(Protocol):
    """What can be stopped in the middle of whatever it does, and go on later."""

    def freeze(self) -> None:
        """Return when it stands still."""

    def thaw(self) -> None:
        """Let it go on."""


def power_cut_copy(processes: Sequence[Freezing], file: Path, folder: Path) -> Path:
    """What a loss of power at this instant could leave of an SQLite file, as a copy in a folder.

    All processes that use the file stand still meanwhile, so that the copies of the file, its
    log and the log's index are of one instant, as they are not if somebody writes between them.
    This process must have no connection to the file: SQLite's locks would end with the copying.

    What was written and not synced is in the copy, though a loss of power may take it.
    """
    with ExitStack() as stack:
        for process in processes:
            stack.callback(process.thaw)
            process.freeze()
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{file}{suffix}", folder / f"{file.name}{suffix}")
    return folder / file.name


def integrity(file: Path) -> str:
    """What SQLite says to a file; "ok" is right."""
    with closing(sqlite3.connect(file)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(verdict)


async def appointments_in(file: Path) -> list[Appointment]:
    """All appointments of a file that nobody else uses, read through the store."""
    store = SqliteStore(str(file))
    try:
        async with store.snapshot() as snapshot:
            doctors = await store.list_doctors(1000)
            booked = [
                appointment
                for doctor in doctors
                async for day in snapshot.scan(doctor.id, date.min, date.max)
                for appointment in day.appointments
            ]
            ended = [a for d in doctors async for a in snapshot.scan_ended(d.id, ALL_TIME)]
            return booked + ended
    finally:
        await store.close()
