import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.commands import Failed
from deploy.smoke import Smoke
from tests.deploy.deployments import ROOT, deploy
from tests.end_to_end.processes import local_runner

OPENING = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00-05:00",
    "end": "2030-01-07T09:30:00-05:00",
}
Answer = tuple[int, object]
FOUND: Answer = (200, {"openings": [OPENING]})
BOOKED: Answer = (201, {"id": "a1"})
SHOWN: Answer = (200, {"appointments": [{"id": "a1"}]})
GONE: Answer = (200, {"appointments": []})
CANCELLED: Answer = (200, {"id": "a1"})
LOST: Answer = (0, {})
NOT_ALLOWED = "you may not call it: deploy with --invoker user:YOUR_ADDRESS"


class Script(BaseHTTPRequestHandler):
    """Gives one answer after the other, whatever the request."""

    answers: ClassVar[list[Answer]] = []
    asked: ClassVar[list[str]] = []
    keys: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path.partition("?")[0].strip("/"))
        status, body = self.answers.pop(0)
        if status:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if key := self.headers["Idempotency-Key"]:
            self.keys.append(key)
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, type[Script]]]:
    handler = type("Script", (Script,), {"answers": list(answers), "asked": [], "keys": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", handler
        finally:
            listening.shutdown()
            thread.join()


def test_what_works_passes_and_leaves_its_time_free(tmp_path: Path) -> None:
    with local_runner(tmp_path, {"DOCTORS_FILE": str(ROOT / "doctors.json")}) as runner:
        tests = [deploy("smoke", "--url", runner.url, path="/nonexistent") for _ in range(2)]
    for test in tests:
        assert (test.stderr, test.returncode) == ("", 0)
        lines = test.stdout.splitlines()
        assert [line.strip() for line in lines if line.startswith("  ") and line[2] != " "] == [
            "first_available: 200",
            "create_appointment: 201",
            "list_appointments: 200",
            "cancel_appointment: 200",
            "list_appointments: 200",
        ]
        assert lines[-1] == "The smoke test passed."
    times = [test.stdout.splitlines()[2] for test in tests]
    assert times[0] == times[1]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([(503, {"code": "try_again"})], 'first_available must answer 200: {"code": "try_again"}'),
        ([(403, {})], f"first_available must answer 200: {NOT_ALLOWED}"),
        ([(200, "Welcome")], "first_available must answer a JSON object: is it the right URL?"),
        ([(200, {"openings": []})], "first_available must find one: are doctors loaded?"),
        ([FOUND, BOOKED, GONE, CANCELLED], "list_appointments must show it"),
        ([FOUND, BOOKED, SHOWN, CANCELLED, SHOWN], "list_appointments must not show it now"),
        (
            [FOUND, BOOKED, SHOWN, (503, {})],
            "cancel_appointment must answer 200: {}; cancel it yourself: a1 may still be booked",
        ),
    ],
)
def test_a_wrong_answer_fails_with_one_line_and_what_was_booked_is_cancelled(
    answers: list[Answer], said: str
) -> None:
    with server(*answers) as (url, script), pytest.raises(Failed) as failed:
        Smoke(url=url).run()
    assert str(failed.value) == f"the smoke test failed: {said}"
    assert ("cancel_appointment" in script.asked) == (BOOKED in answers)
    assert script.answers == []


def test_a_booking_with_a_lost_answer_is_repeated_with_the_same_key() -> None:
    with server(FOUND, LOST, BOOKED, SHOWN, CANCELLED, GONE) as (url, script):
        Smoke(url=url).run()
    assert len(script.keys) == 2
    assert len(set(script.keys)) == 1


def test_without_an_answer_it_ends_with_one_line_and_status_1() -> None:
    test = deploy("smoke", "--url", "http://127.0.0.1:9", path="/nonexistent")
    assert test.returncode == 1
    assert test.stderr.startswith("the smoke test failed: first_available must answer 200: ")
    assert test.stderr.count("\n") == 1
