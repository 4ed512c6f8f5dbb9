"""Real servers on the loopback interface: started with a clear environment, and always ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import httpx

from tests.ports import HOST, free_port

ROOT = Path(__file__).parents[2]
CLINIC = str(ROOT / "tests/data/clinic.json")
"""That of doctors.json, but with a horizon so far that tests may book on any day."""
PYTHON = sys.executable
FRAMEWORK = str(Path(sys.executable).with_name("functions-framework"))
UVICORN = str(Path(sys.executable).with_name("uvicorn"))
PATIENCE_SECONDS = 180
"""Bounds what is stuck; whoever waits, waits for something that happens."""
DEADLINE = {"DEADLINE_SECONDS": "120"}
"""Long, so that a slow machine is not taken for a store that cannot answer."""
MOST_OPEN = httpx.Limits(max_connections=200, max_keepalive_connections=200)


@dataclass(slots=True)
class Server:
    """A server and all its children, which are one process group of their own."""

    url: str
    process: subprocess.Popen[str]
    errors: Path

    def wait_until_it_answers(self) -> None:
        """Return when it answers anything; AssertionError, with its errors, if it never does."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            # Asked last: another server may answer on the port that this one did not get.
            while not _answers(client, self.url) or self.process.poll() is not None:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > give_up_at:
                    raise AssertionError("the server does not answer: " + self.errors.read_text())
                time.sleep(0.02)

    def kill(self) -> None:
        """`kill -9` for every process of the group."""
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group, if the server still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self) -> str:
        """What it still printed; its output ends when the last of its processes has ended."""
        printed, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return printed

    def greeting(self) -> list[str]:
        """The lines that the local runner prints when it starts."""
        lines: list[str] = []
        assert self.process.stdout
        while not lines or not lines[-1].startswith("Appointments are kept in"):
            line = self.process.stdout.readline()
            assert line, "the greeting ended early: " + self.errors.read_text()
            lines.append(line.rstrip("\n"))
        return lines

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """The answer to one request."""
        return httpx.get(
            self.url + path, params=parameters, trust_env=False, timeout=PATIENCE_SECONDS
        )

    def post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """The answer to one request with a JSON body."""
        return httpx.post(self.url + path, json=body, trust_env=False, timeout=PATIENCE_SECONDS)

    def client(self) -> httpx.AsyncClient:
        """A client that opens as many connections as are wanted at once."""
        timeout = httpx.Timeout(PATIENCE_SECONDS)
        return httpx.AsyncClient(
            base_url=self.url, limits=MOST_OPEN, timeout=timeout, trust_env=False
        )


@contextmanager
def functions(*targets: str, folder: Path, settings: Mapping[str, str]) -> Iterator[list[Server]]:
    """One functions-framework process for each target, started at once, all answering."""
    with ExitStack() as stack:
        servers = []
        for target in targets:
            port = free_port()
            options = ["--target", target, "--host", HOST, "--port", str(port)]
            command = [FRAMEWORK, "--source", str(ROOT / "main.py"), *options]
            servers.append(stack.enter_context(_server(command, port, folder, settings)))
        for server in servers:
            server.wait_until_it_answers()
        yield servers


@contextmanager
def local_runner(
    folder: Path, settings: Mapping[str, str], port: int = 0, *, wait: bool = True
) -> Iterator[Server]:
    """`python -m shared.runtime.local_runner`; answering, unless `wait` says otherwise."""
    port = port or free_port()
    command = [PYTHON, "-m", "shared.runtime.local_runner"]
    with _server(command, port, folder, {**settings, "PORT": str(port)}) as server:
        if wait:
            server.wait_until_it_answers()
        yield server


@contextmanager
def container(folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """What the container runs: every function, answering."""
    port = free_port()
    options = ["--host", HOST, "--port", str(port), "--no-access-log"]
    command = [UVICORN, "--factory", "shared.runtime.container:serve", *options]
    with _server(command, port, folder, settings) as server:
        server.wait_until_it_answers()
        yield server


def kill_all(servers: Sequence[Server]) -> None:
    """`kill -9` for all of them at the same moment; return when nothing of them is left."""
    for server in servers:
        server.kill()
    for server in servers:
        server.wait()


def run_module(
    module: str, folder: Path, settings: Mapping[str, str], arguments: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE`, to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-m", module, *arguments],
        cwd=folder,
        env=environment(folder, settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def launched(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    errors: Path,
    *,
    piped: bool = True,
) -> subprocess.Popen[str]:
    """A process group of its own, whose errors go to the end of a file.

    What it prints is to be read from a pipe, or else goes there too.
    """
    with errors.open("a") as stderr:
        return subprocess.Popen(  # noqa: S603 - our own program, or the emulator
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else stderr,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings, a long deadline, and only what Python and the framework's server need."""
    # Servers that share a home would take gunicorn's control socket in it from each other.
    home = mkdtemp(prefix="home-", dir=folder)
    return {"PYTHONPATH": str(ROOT), "HOME": home, **DEADLINE, **settings}


@contextmanager
def _server(
    command: Sequence[str], port: int, folder: Path, settings: Mapping[str, str]
) -> Iterator[Server]:
    errors = folder / f"errors-{port}.txt"
    errors.write_text("")
    with launched(command, folder, environment(folder, settings), errors) as process:
        server = Server(f"http://{HOST}:{port}", process, errors)
        try:
            yield server
        finally:
            server.kill()


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        client.get(f"{url}/health")  # Nobody logs it.
    except httpx.TransportError:
        return False
    return True
