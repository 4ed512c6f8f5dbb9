"""The processes that are measured: functions, each by itself as in production, and Firestore."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    """A `functions-framework` process: a server, and one worker that is its child."""

    url: str
    pid: int

    def worker_mib(self) -> float:
        """What of the worker is in memory, with what it shares with the server."""
        return self._kib(self._worker(), "status", "VmRSS") / 1024

    def both_mib(self) -> float:
        """What server and worker occupy together; a page that they share counts once."""
        pids = (self.pid, self._worker())
        return sum(self._kib(pid, "smaps_rollup", "Pss") for pid in pids) / 1024

    def _worker(self) -> int:
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text())

    @staticmethod
    def _kib(pid: int, file: str, name: str) -> int:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextmanager
def emulator() -> Iterator[str]:
    """The host and port of `FIRESTORE_EMULATOR_HOST`, or of an emulator that is ended after use."""
    if given := os.environ.get("FIRESTORE_EMULATOR_HOST"):
        yield given
        return
    address = f"{HOST}:{_free_port()}"
    command = ["gcloud", "emulators", "firestore", "start", f"--host-port={address}"]
    with _running(command, dict(os.environ), f"http://{address}"):
        yield address


@contextmanager
def function(
    target: str, settings: Mapping[str, str], source: str = "main.py"
) -> Iterator[FunctionProcess]:
    """A process that serves one function of a source file of this project."""
    port = _free_port()
    framework = str(Path(sys.executable).with_name("functions-framework"))
    command = [framework, "--source", source, "--target", target]
    command += ["--host", HOST, "--port", str(port)]
    url = f"http://{HOST}:{port}"
    with _running(command, {"PATH": os.environ["PATH"], **settings}, url) as process:
        yield FunctionProcess(url, process.pid)


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], url: str
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if not _answers(process, url):
            raise SystemExit(f"{url} does not answer; it was started by: {' '.join(command)}")
        yield process
    finally:
        # The whole group, and at once: a worker that is still busy would be waited for.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/robots.txt", trust_env=False)
            return True
        time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
