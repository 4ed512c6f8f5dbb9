"""The processes that are measured: functions, each by itself as in production, and Firestore."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.firestore_emulator import VARIABLE, running_emulator

ROOT = Path(__file__).parent.parent
RIVALS = "benchmarks/rivals/main.py"
BARE = "benchmarks/rivals/bare.py"
ON_SQLITE = "benchmarks/rivals/sqlite.py"
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    """A `functions-framework` process: a server, and one worker that is its child."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The address of the function."""
        return f"http://{HOST}:{self.port}"

    def worker_mib(self) -> float:
        """Return the resident memory of the worker, with the pages that it shares."""
        return self._kib(self._worker(), "status", "VmRSS") / 1024

    def both_mib(self) -> float:
        """Return the memory of server and worker together; a page that they share counts once."""
        return sum(self._kib(pid, "smaps_rollup", "Pss") for pid in self._both()) / 1024

    def processor_seconds(self) -> float:
        """Return the processor time that server and worker have spent."""
        stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in self._both())
        ticks = sum(int(field) for stat in stats for field in stat.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def wait(self) -> None:
        """Return when the function answers; end the program if it never does."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < give_up_at:
            with suppress(httpx.TransportError):
                httpx.get(f"{self.url}/robots.txt", trust_env=False)
                return
            time.sleep(0.1)
        command = " ".join(map(str, self.process.args))  # type: ignore[arg-type]
        raise SystemExit(f"{self.url} does not answer; it was started by: {command}")

    def _both(self) -> tuple[int, int]:
        return self.process.pid, self._worker()

    def _worker(self) -> int:
        server = self.process.pid
        return int(Path(f"/proc/{server}/task/{server}/children").read_text())

    @staticmethod
    def _kib(pid: int, file: str, name: str) -> int:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextmanager
def emulator() -> Iterator[None]:
    """Run an emulator, unless the environment names one, and name it in the environment."""
    with TemporaryDirectory() as folder, running_emulator(Path(folder, "log")) as address:
        os.environ[VARIABLE] = address
        yield


def new_project() -> str:
    """Return the name of a new project, which has a database of its own in the emulator."""
    return f"demo-{secrets.token_hex(6)}"


def on_firestore() -> dict[str, str]:
    """Return the settings of a function on a new database in the emulator."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": new_project(),
        VARIABLE: os.environ[VARIABLE],
    }


def load_doctors(settings: Mapping[str, str]) -> None:
    """Load the doctors of `doctors.json` into the store of these settings."""
    command = [sys.executable, "-m", "shared.runtime.load_doctors"]
    environment = {**_path(), **settings}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def function(
    target: str, settings: Mapping[str, str], source: str = "main.py"
) -> Iterator[FunctionProcess]:
    """Serve one function of a source file of this project."""
    with starting_function(target, settings, source) as process:
        process.wait()
        yield process


@contextmanager
def starting_function(
    target: str, settings: Mapping[str, str], source: str = "main.py"
) -> Iterator[FunctionProcess]:
    """Start a process that will serve one function; it may not listen yet."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    framework = str(Path(sys.executable).with_name("functions-framework"))
    command = [framework, "--source", source]
    command += ["--host", HOST, "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**_path(), "FUNCTION_TARGET": target, **settings},  # As Google Cloud names it.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield FunctionProcess(port, process)
    finally:
        # Kill the whole group at once: an orderly end would wait for a busy worker.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _path() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}
