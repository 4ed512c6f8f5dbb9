"""The container, without a container engine: the Dockerfile's own steps, run in a folder.

A virtual environment replaces the base image. If the tests run as root, one user builds and
another one serves, so that file permissions have the same effect as in the image.
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from shared.runtime.endpoints import endpoints
from tests.end_to_end.processes import PATIENCE_SECONDS, ROOT, Server
from tests.ports import HOST, free_port

BUILDER = 65533
IS_ROOT = os.geteuid() == 0
# pip asks an index that does not answer twice more, and leaves compiling to the imports.
PIP = {"PIP_RETRIES": "2", "PIP_COMPILE": "0"}
TODAY = datetime.now(UTC).date()
MONDAY, TUESDAY = (TODAY + timedelta(days=28 - TODAY.weekday() + n) for n in (0, 1))
NOON = {
    "doctor_id": "strange",
    "start": f"{MONDAY}T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


def instructions() -> list[list[str]]:
    """Return every instruction of the Dockerfile with its text; none continues on a second line."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    return [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]


COPIED = [path for name, rest in instructions() if name == "COPY" for path in rest.split()[:-1]]


class Image:
    """The result of the instructions so far; the image's paths begin at `root`."""

    def __init__(self, base: Path) -> None:
        self._binaries = base / "venv/bin"
        self.root = self.folder = base / "root"
        self.environment: dict[str, str] = {}
        self.user = BUILDER
        self.command: list[str] = []

    def carry_out(self, instruction: str, rest: str) -> None:
        """Carry out an instruction; fail the test if it is none of these."""
        match instruction:
            case "FROM":
                self.root.mkdir()
                self._own(self.root.parent)
                self._build(python_for_everyone(), "-m", "venv", str(self._binaries.parent))
            case "WORKDIR":
                self.folder = self.root / rest.lstrip("/")
                self.folder.mkdir(parents=True)
            case "COPY":
                self._copy(*rest.split())
            case "RUN":
                self._build("sh", "-c", rest)
            case "ENV":
                name, value = rest.split("=")
                self.environment[name] = value
            case "USER":
                self.user = int(rest)
            case "CMD":
                self.command = json.loads(rest)
            case _:
                pytest.fail(f"the tests cannot carry out {instruction}")

    def process(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """Return how to start a process in the image, with nothing of the environment outside."""
        path = {"PATH": f"{self._binaries}:{os.defpath}", "HOME": str(self.root)}
        # Only root can choose a user.
        identity = {"user": self.user, "group": self.user, "extra_groups": []} if IS_ROOT else {}
        environment = path | self.environment | dict(variables)
        return {"cwd": self.folder, "env": environment, "text": True, **identity}

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the image to its end."""
        return subprocess.run(  # noqa: S603 - a step of our own Dockerfile
            command, capture_output=True, timeout=300, check=False, **self.process(variables)
        )

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
        """Give files to the builder, who is not the user who serves."""
        for path in (top, *top.rglob("*")) if IS_ROOT else ():
            os.chown(path, BUILDER, BUILDER)

    def _build(self, *command: str) -> None:
        of_index = re.compile("PIP_|.*_proxy$", re.IGNORECASE)
        index = {name: value for name, value in os.environ.items() if of_index.match(name)}
        done = self.run(*command, **index, **PIP)
        if "connection broken" in done.stderr and done.returncode != 0:
            unavailable("pip cannot reach its index")
        assert done.returncode == 0, done.stdout + done.stderr


def python_for_everyone() -> str:
    """Return a Python that the builder may run: root's own may be where only root can look."""
    found = next(filter(can_build, (sys.executable, "/usr/bin/python3")), None)
    return found or unavailable("there is no Python with venv that others than root may run")


def can_build(python: str) -> bool:
    fit = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    user = BUILDER if IS_ROOT else None
    with suppress(OSError):
        return subprocess.run([python, "-c", fit], user=user, check=False).returncode == 0  # noqa: S603 - Python
    return False


def unavailable(why: str) -> NoReturn:
    """Skip the tests, or fail them in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(f"THE CONTAINER IS NOT TESTED: {why}")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Build the image where every user may look, unlike in pytest's own folders."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        image = Image(Path(base))
        for instruction, rest in instructions():
            image.carry_out(instruction, rest)
        yield image


@contextmanager
def serving(image: Image, folder: Path) -> Iterator[Server]:
    """Run the container, with a file in the folder that is for a volume."""
    port, errors = free_port(), folder / "errors.txt"
    settings = {"PORT": str(port), "UVICORN_HOST": HOST, "STORE": "sqlite:data/appointments.db"}
    with (
        errors.open("w") as stderr,
        subprocess.Popen(  # noqa: S603 - our own program
            image.command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            **image.process(settings),
        ) as process,
    ):
        server = Server(f"http://{HOST}:{port}", process, errors)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            server.kill()


def log_of(server: Server) -> list[dict[str, str]]:
    """End the server, and return its log."""
    server.process.terminate()
    server.wait()
    return [json.loads(line) for line in server.errors.read_text().splitlines()]


def connection(server: Server) -> socket.socket:
    return socket.create_connection((HOST, int(server.url.rpartition(":")[2])), PATIENCE_SECONDS)


def others_of(server: Server, appointment_id: str) -> list[int]:
    """Ask for an appointment's calendar, the link to a doctor's, and this; deliver what is due."""
    file = server.get("/appointment_calendar", appointment_id=appointment_id)
    link = server.post("/create_calendar_link", {"doctor_id": "strange"})
    feed = server.get("/doctor_calendar", token=link.json()["token"])
    delivered = server.post("/deliver_events", {})
    return [it.status_code for it in (file, link, feed, delivered)]


def test_every_function_answers_under_its_name_and_every_line_of_the_log_is_json(
    image: Image, tmp_path: Path
) -> None:
    with serving(image, tmp_path) as server:
        assert server.get("/health").json() == {"status": "ok"}
        validated = server.post("/validate_appointment", NOON)
        booked = server.post("/create_appointment", NOON)
        which = {"appointment_id": booked.json()["id"]}
        window = {"start": f"{MONDAY}T00:00Z", "end": f"{TUESDAY}T00:00Z"}
        listed = server.get("/list_appointments", doctor_id="strange", **window)
        found = server.get("/get_appointment", **which)
        first = server.get("/first_available", doctor_id="strange", after=f"{MONDAY}T12:00:00Z")
        later = {**which, "start": f"{MONDAY}T13:00:00Z"}
        moved = server.post("/reschedule_appointment", later)
        updated = server.post("/update_appointment", {**which, "reason": "check-up"})
        early = server.post("/mark_appointment", {**which, "status": "arrived"})
        cancelled = server.post("/cancel_appointment", which)
        whose = which["appointment_id"]
        exported = server.get("/export_patient", appointment_ids=whose)
        erased = server.post("/erase_patient", {"appointment_ids": [whose]})
        offered = [server.get(f"/{name}") for name in ("list_doctors", "list_services")]
        openings = server.get("/list_openings", duration_minutes="30", **window)
        away = {"doctor_id": "strange", "kind": "time_off", "start": f"{TUESDAY}"}
        made = server.post("/create_override", {**away, "end": f"{TUESDAY}"})
        week = {"start": f"{MONDAY}", "end": f"{TUESDAY}"}
        overrides = server.get("/list_overrides", doctor_id="strange", **week)
        deleted = server.post("/delete_override", {"override_id": made.json()["override_id"]})
        held = server.post("/hold_time", {n: NOON[n] for n in NOON if n != "patient"})
        released = server.post("/release_hold", {"hold_id": held.json()["hold_id"]})
        series = server.post("/create_series", {**NOON, "rule": "FREQ=WEEKLY;COUNT=2"})
        ended = server.post("/cancel_series", {"series_id": series.json()["series_id"]})
        assert others_of(server, whose) == [200, 201, 200, 200]
        with connection(server) as request:
            request.sendall(b"not HTTP\r\n\r\n")
            assert b'"code":"invalid_request"' in b"".join(iter(lambda: request.recv(1000), b""))
        *lines, warned, answered = log_of(server)

    assert [it.status_code for it in (validated, booked, found)] == [200, 201, 200]
    assert listed.json()["appointments"] == [found.json()]
    assert first.json()["openings"][0]["start"] == f"{MONDAY}T12:30:00Z"
    assert moved.json()["start"] == f"{MONDAY}T13:00:00Z"
    assert updated.json()["reason"] == "check-up"
    assert early.json()["code"] == "too_early"
    assert cancelled.json()["status"] == "cancelled"
    assert exported.json()["appointments"][0]["patient"] == {"name": "Ada Lovelace"}
    assert erased.json() == {"appointments": 1}
    assert [it.status_code for it in (*offered, openings)] == [200, 200, 200]
    assert [it.status_code for it in (made, overrides, deleted)] == [201, 200, 200]
    assert [it.status_code for it in (held, released, series, ended)] == [201, 200, 201, 200]
    assert len(ended.json()["cancelled"]) == 2
    assert sorted(line["function"] for line in lines) == sorted(endpoints())
    assert {line["severity"] for line in lines} == {"INFO"}
    assert warned["message"] == "uvicorn.error: Invalid HTTP request received."
    assert (answered["function"], answered["code"]) == ("none", "invalid_request")


def test_sigterm_ends_it_after_the_request_under_way_is_answered(
    image: Image, tmp_path: Path
) -> None:
    body = json.dumps({**NOON, "start": f"{TUESDAY}T12:00:00Z"}).encode()
    head = (
        "POST /create_appointment HTTP/1.1\r\nHost: clinic\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving(image, tmp_path) as server:
        with connection(server) as request:
            request.sendall(head.encode())
            assert request.recv(1000).startswith(b"HTTP/1.1 100")  # so it is under way
            server.process.terminate()
            wait_until_nobody_listens(server)
            request.sendall(body)
            assert request.recv(1000).startswith(b"HTTP/1.1 201")
        server.wait()
        assert server.process.returncode == -signal.SIGTERM


def wait_until_nobody_listens(server: Server) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    with suppress(ConnectionError):
        while time.monotonic() < give_up_at:
            connection(server).close()
        raise AssertionError("the server goes on listening")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"DEADLINE_SECONDS": "soon"},
            'DEADLINE_SECONDS: must be a number above 0 and at most 300, not "soon"\n',
        ),
        (
            {"UVICORN_HOST": "0.0.0.0"},  # noqa: S104 - as the Dockerfile says
            (
                "AUTH: must be set where others than this machine can connect:"
                ' "none", "firebase", or the https:// address of an issuer\n'
            ),
        ),
        # The user who serves may not write beside the code.
        ({}, 'STORE: cannot use the file "appointments.db": unable to open database file\n'),
    ],
    ids=["invalid", "open to others", "no store"],
)
def test_a_setting_that_cannot_be_used_ends_it_with_one_line(
    image: Image, settings: dict[str, str], said: str
) -> None:
    if not (settings or IS_ROOT):
        pytest.skip("only root can build as one user and serve as another")
    defaults = {"UVICORN_HOST": HOST, "PORT": str(free_port())}
    ended = image.run(*image.command, **{**defaults, **settings})
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", said)


def test_it_is_not_run_by_root_and_others_may_write_only_where_a_volume_goes(image: Image) -> None:
    assert image.user == 65534
    others = [path for path in image.root.rglob("*") if path.stat().st_mode & stat.S_IWOTH]
    assert others == [image.folder / "data"]


def test_nothing_is_left_to_be_compiled_at_each_start(image: Image) -> None:
    modules = list(image.folder.rglob("*.py"))
    assert len(modules) > 30
    for module in modules:
        assert list(module.parent.glob(f"__pycache__/{module.stem}.*.pyc")), module
    (imports,) = [rest for name, rest in instructions() if name == "RUN" and "import " in rest]
    imported = image.run("sh", "-c", imports.replace("python -c", "python -v -c"))
    origins = re.findall("# code object from '?([^'\n]+)", imported.stderr)
    assert len(origins) > 100
    assert [origin for origin in origins if origin.endswith(".py")] == []


def test_a_build_gets_what_is_copied_and_nothing_else_here_and_in_the_cloud() -> None:
    here = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert here[1:] == ["*", *(f"!{path}" for path in COPIED), "**/__pycache__"]
    there = (ROOT / ".gcloudignore").read_text("utf-8").splitlines()
    assert {f"!{path}" for path in COPIED} <= {line.rstrip("/") for line in there}
