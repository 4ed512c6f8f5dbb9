import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.smoke import Smoke
from deploy.steps import Failed
from tests.deploy.deployments import ROOT, deploy
from tests.end_to_end.processes import local_runner

OPENING = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00-05:00",
    "end": "2030-01-07T09:30:00-05:00",
}
Answer = tuple[int, dict[str, object]]
FOUND: Answer = (200, {"openings": [OPENING]})
BOOKED: Answer = (201, {"id": "a1"})
SHOWN: Answer = (200, {"appointments": [{"id": "a1"}]})
GONE: Answer = (200, {"appointments": []})
CANCELLED: Answer = (200, {"id": "a1"})
LOST: Answer = (0, {})


class Script(BaseHTTPRequestHandler):
    """Answers one after the other, whatever is asked."""

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


def test_a_list_without_the_appointment_fails_and_it_is_cancelled() -> None:
    with server(FOUND, BOOKED, GONE, CANCELLED) as (url, script):
        with pytest.raises(Failed) as failed:
            Smoke(url=url).run()
        assert script.asked == [
            "first_available",
            "create_appointment",
            "list_appointments",
            "cancel_appointment",
        ]
    assert str(failed.value) == "the smoke test failed: list_appointments must show it"


def test_a_list_that_still_shows_it_fails() -> None:
    with (
        server(FOUND, BOOKED, SHOWN, CANCELLED, SHOWN) as (url, _),
        pytest.raises(Failed) as failed,
    ):
        Smoke(url=url).run()
    assert str(failed.value) == "the smoke test failed: list_appointments must not show it now"


def test_an_answer_that_is_no_object_fails_with_one_line() -> None:
    with server((200, "Welcome")) as (url, _), pytest.raises(Failed) as failed:  # type: ignore[arg-type]
        Smoke(url=url).run()
    assert str(failed.value) == (
        "the smoke test failed: first_available must answer a JSON object: is it the right URL?"
    )


def test_a_clinic_without_openings_fails() -> None:
    with server((200, {"openings": []})) as (url, _), pytest.raises(Failed) as failed:
        Smoke(url=url).run()
    assert str(failed.value) == (
        "the smoke test failed: first_available must find one: are doctors loaded?"
    )


def test_a_booking_whose_answer_is_lost_is_asked_for_again_with_the_same_key() -> None:
    with server(FOUND, LOST, BOOKED, SHOWN, CANCELLED, GONE) as (url, script):
        Smoke(url=url).run()
        assert len(script.keys) == 2
        assert len(set(script.keys)) == 1


def test_what_a_refusal_says_is_shown() -> None:
    with server((503, {"code": "try_again"})) as (url, _), pytest.raises(Failed) as failed:
        Smoke(url=url).run()
    assert str(failed.value) == (
        'the smoke test failed: first_available must answer 200: {"code": "try_again"}'
    )


def test_who_may_not_call_is_told_how_to() -> None:
    with server((403, {})) as (url, _), pytest.raises(Failed) as failed:
        Smoke(url=url).run()
    assert str(failed.value) == (
        "the smoke test failed: first_available must answer 200:"
        " you may not call it: deploy with --invoker user:YOUR_ADDRESS"
    )


def test_where_nothing_answers_it_ends_with_one_line_and_status_1() -> None:
    test = deploy("smoke", "--url", "http://127.0.0.1:9", path="/nonexistent")
    assert test.returncode == 1
    assert test.stderr.startswith("the smoke test failed: first_available must answer 200: ")
    assert test.stderr.count("\n") == 1
