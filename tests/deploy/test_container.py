"""The container, without a container engine: the Dockerfile's own steps, run in a folder.

A virtual environment stands for the base image. Where the tests run as root, one user builds
and another one serves, so that file permissions mean what they mean in the image.
"""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from shared.runtime.endpoints import endpoints
from tests.end_to_end.processes import HOST, PATIENCE_SECONDS, ROOT, Server, free_port

BUILDER = 65533
IS_ROOT = os.geteuid() == 0
BUILD_PATIENCE_SECONDS = 300
# An index that does not answer is asked again twice; what nobody imports stays uncompiled.
PIP = {"PIP_RETRIES": "2", "PIP_COMPILE": "0"}
NOON = {
    "doctor_id": "strange",
    "start": "2099-03-02T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile and what follows each; it continues no line."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    words = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return [(instruction, rest) for instruction, rest in words]


class Image:
    """What the instructions so far have made; `root` is where its paths begin."""

    def __init__(self, base: Path) -> None:
        self._binaries = base / "venv/bin"
        self.root = base / "root"
        self.folder = self.root
        self.environment: dict[str, str] = {}
        self.user = BUILDER
        self.command: list[str] = []

    def carry_out(self, instruction: str, rest: str) -> None:
        """Do what the instruction says; fail the test if it is none of these."""
        match instruction:
            case "FROM":
                self._make_python()
            case "WORKDIR":
                self.folder = self.root / rest.lstrip("/")
                self.folder.mkdir(parents=True)
            case "COPY":
                self._copy(*rest.split())
            case "RUN":
                self._run("sh", "-c", rest)
            case "ENV":
                name, value = rest.split("=")
                self.environment[name] = value
            case "USER":
                self.user = int(rest)
            case "CMD":
                self.command = json.loads(rest)
            case _:
                pytest.fail(f"the tests cannot carry out {instruction}")

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of a process in the image, and nothing of that outside."""
        path = f"{self._binaries}:{os.defpath}"
        return {"PATH": path, "HOME": str(self.root), **self.environment, **more}

    def identity(self) -> dict[str, Any]:
        """The user whom a process in the image belongs to; only root can choose one."""
        return {"user": self.user, "group": self.user, "extra_groups": []} if IS_ROOT else {}

    def _make_python(self) -> None:
        self.root.mkdir()
        self._own(self.root.parent)
        self._run(python_for_everyone(), "-m", "venv", str(self._binaries.parent))

    def _copy(self, *paths: str) -> None:
        *sources, target = paths
        for source in sources:
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")  # as .dockerignore says
                shutil.copytree(ROOT / source, self.folder / target, ignore=ignored)
            else:
                shutil.copy(ROOT / source, self.folder / target)
        self._own(self.root)

    def _own(self, top: Path) -> None:
        """Give it to the builder, who is not the one who serves."""
        for path in (top, *top.rglob("*")) if IS_ROOT else ():
            os.chown(path, BUILDER, BUILDER)

    def _run(self, *command: str) -> None:
        with_index = {name: value for name, value in os.environ.items() if concerns_index(name)}
        done = run(command, self, {**with_index, **PIP}, BUILD_PATIENCE_SECONDS)
        if "connection broken" in done.stderr and done.returncode != 0:
            unavailable("pip cannot reach its index")
        assert done.returncode == 0, done.stdout + done.stderr


def concerns_index(name: str) -> bool:
    """Whether a variable says how to reach the package index."""
    return name.startswith("PIP_") or name.lower().endswith("_proxy")


def python_for_everyone() -> str:
    """A Python that the builder may run: root's own may lie where nobody else gets."""
    found = next(filter(can_build, (sys.executable, "/usr/bin/python3")), None)
    return found or unavailable("there is no Python with venv that others than root may run")


def can_build(python: str) -> bool:
    """Whether the builder may run it, and it is fit to."""
    fit = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    user = BUILDER if IS_ROOT else None
    with suppress(OSError):
        return subprocess.run([python, "-c", fit], user=user, check=False).returncode == 0  # noqa: S603 - Python
    return False


def unavailable(what: str) -> NoReturn:
    """Skip the tests, or fail them in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(f"THE CONTAINER IS NOT TESTED: {what}")


def run(
    command: Sequence[str], image: Image, variables: Mapping[str, str], patience: float
) -> subprocess.CompletedProcess[str]:
    """A command in the image, to its end."""
    return subprocess.run(  # noqa: S603 - a step of our own Dockerfile
        command,
        cwd=image.folder if image.folder.exists() else None,
        env=image.variables(**variables),
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
        **image.identity(),
    )


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image. It lies where every user may look, which pytest's own folders do not."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        image = Image(Path(base))
        for instruction, rest in instructions():
            image.carry_out(instruction, rest)
        yield image


@contextmanager
def serving(image: Image, folder: Path) -> Iterator[Server]:
    """The container, running, with a file in the folder that is for a volume."""
    port, errors = free_port(), folder / "errors.txt"
    settings = {"PORT": str(port), "UVICORN_HOST": HOST, "STORE": "sqlite:data/appointments.db"}
    with (
        errors.open("w") as stderr,
        subprocess.Popen(  # noqa: S603 - our own program
            image.command,
            cwd=image.folder,
            env=image.variables(**settings),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
            **image.identity(),
        ) as process,
    ):
        server = Server(f"http://{HOST}:{port}", process, errors)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            server.kill()


def test_every_function_answers_under_its_name_and_logs_a_line_of_json(
    image: Image, tmp_path: Path
) -> None:
    with serving(image, tmp_path) as server:
        assert server.get("/health").json() == {"status": "ok"}
        booked = server.post("/create_appointment", NOON)
        which = {"appointment_id": booked.json()["id"]}
        window = {"start": "2099-03-02T00:00Z", "end": "2099-03-03T00:00Z"}
        listed = server.get("/list_appointments", doctor_id="strange", **window)
        found = server.get("/get_appointment", **which)
        first = server.get("/first_available", doctor_id="strange", after="2099-03-02T12:00:00Z")
        later = {**which, "start": "2099-03-02T13:00:00Z"}
        moved = server.post("/reschedule_appointment", later)
        cancelled = server.post("/cancel_appointment", which)
        server.process.terminate()
        server.wait()

    assert (booked.status_code, found.status_code) == (201, 200)
    assert listed.json()["appointments"] == [found.json()]
    assert first.json()["openings"][0]["start"] == "2099-03-02T12:30:00Z"
    assert moved.json()["start"] == "2099-03-02T13:00:00Z"
    assert cancelled.json()["status"] == "cancelled"
    lines = [json.loads(line) for line in server.errors.read_text().splitlines()]
    assert sorted(line["function"] for line in lines) == sorted(endpoints())
    assert {line["severity"] for line in lines} == {"INFO"}


def test_what_the_server_logs_is_a_line_of_json_too(image: Image, tmp_path: Path) -> None:
    with serving(image, tmp_path) as server:
        with socket.create_connection((HOST, port_of(server)), PATIENCE_SECONDS) as request:
            request.sendall(b"not HTTP\r\n\r\n")
            assert request.recv(1000).startswith(b"HTTP/1.1 400")
        server.process.terminate()
        server.wait()
    (line,) = map(json.loads, server.errors.read_text().splitlines())
    assert line == {
        "severity": "WARNING",
        "message": "uvicorn.error: Invalid HTTP request received.",
    }


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def test_sigterm_ends_it_once_the_request_under_way_is_answered(
    image: Image, tmp_path: Path
) -> None:
    body = json.dumps({**NOON, "start": "2099-03-03T12:00:00Z"}).encode()
    head = (
        "POST /create_appointment HTTP/1.1\r\nHost: clinic\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving(image, tmp_path) as server:
        address = (HOST, port_of(server))
        with socket.create_connection(address, PATIENCE_SECONDS) as request:
            request.sendall(head.encode())
            assert request.recv(1000).startswith(b"HTTP/1.1 100")  # so it is under way
            server.process.terminate()
            wait_until_nobody_listens(address)
            request.sendall(body)
            assert request.recv(1000).startswith(b"HTTP/1.1 201")
        server.wait()
        assert server.process.returncode == -signal.SIGTERM


def wait_until_nobody_listens(address: tuple[str, int]) -> None:
    """Return when the server takes no more connections; AssertionError if it never does so."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    with suppress(ConnectionError):
        while time.monotonic() < give_up_at:
            socket.create_connection(address, PATIENCE_SECONDS).close()
        raise AssertionError("the server goes on listening")


def test_a_setting_that_cannot_be_used_ends_it_with_one_line(image: Image) -> None:
    settings = {"UVICORN_HOST": HOST, "PORT": str(free_port()), "DEADLINE_SECONDS": "soon"}
    ended = run(image.command, image, settings, PATIENCE_SECONDS)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        'DEADLINE_SECONDS: must be a number above 0 and at most 300, not "soon"\n'
    )


@pytest.mark.skipif(not IS_ROOT, reason="only root can build as one user and serve as another")
def test_without_a_store_it_ends_because_it_may_not_write_beside_its_code(image: Image) -> None:
    settings = {"UVICORN_HOST": HOST, "PORT": str(free_port())}
    ended = run(image.command, image, settings, PATIENCE_SECONDS)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        'STORE: cannot use the file "appointments.db": unable to open database file\n'
    )


def test_it_is_not_run_by_root_and_others_may_write_only_where_a_volume_goes(image: Image) -> None:
    assert image.user == 65534
    others = [path for path in image.root.rglob("*") if path.stat().st_mode & stat.S_IWOTH]
    assert others == [image.folder / "data"]


def test_every_module_is_compiled(image: Image) -> None:
    modules = list(image.folder.rglob("*.py"))
    assert len(modules) > 30
    for module in modules:
        assert list(module.parent.glob(f"__pycache__/{module.stem}.*.pyc")), module


def test_nothing_that_it_imports_is_left_to_be_compiled_at_each_start(image: Image) -> None:
    modules = "shared.runtime.all_functions, shared.store.firestore.store"
    imports = f"import uvicorn.main, {modules}, shared.observability.metrics"
    imported = run(["python", "-v", "-c", imports], image, {}, PATIENCE_SECONDS)
    origins = re.findall("# code object from '?([^'\n]+)", imported.stderr)
    assert len(origins) > 100
    assert [origin for origin in origins if origin.endswith(".py")] == []


def test_what_is_copied_is_all_that_a_build_is_given_here_and_is_given_in_the_cloud_too() -> None:
    copied = [path for name, rest in instructions() if name == "COPY" for path in rest.split()[:-1]]
    here = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert here[1:] == ["*", *(f"!{path}" for path in copied), "**/__pycache__"]
    there = (ROOT / ".gcloudignore").read_text("utf-8").splitlines()
    assert {f"!{path}" for path in copied} <= {line.rstrip("/") for line in there}
