import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.commands import Failed
from deploy.options import Options
from deploy.smoke import Smoke
from tests.certificates import certificate_of_this_machine
from tests.deploy.deployments import ROOT, StandIns, deploy
from tests.end_to_end.processes import local_runner

OPENING = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00-05:00",
    "end": "2030-01-07T09:30:00-05:00",
}
Answer = tuple[int, object]
FOUND: Answer = (200, {"openings": [OPENING]})
HELD: Answer = (201, {"hold_id": "h1"})
BOOKED: Answer = (201, {"id": "a1"})
RELEASED: Answer = (200, {"hold_id": "h1"})
SHOWN: Answer = (200, {"appointments": [{"id": "a1"}]})
GONE: Answer = (200, {"appointments": []})
CANCELLED: Answer = (200, {"id": "a1"})
UPDATED: Answer = (200, {"id": "a1"})
EARLY: Answer = (422, {"code": "too_early"})
SERIES: Answer = (201, {"series_id": "s1"})
ENDED: Answer = (200, {"cancelled": []})
MADE: Answer = (201, {"override_id": "o1"})
LISTED: Answer = (200, {})
AROUND = [LISTED, LISTED, LISTED, MADE, LISTED, LISTED]
KEPT = [FOUND, HELD, BOOKED, RELEASED]
WORKS = [*KEPT, SHOWN, UPDATED, EARLY, CANCELLED, GONE, SERIES, ENDED, *AROUND]
LOST: Answer = (0, {})
REFUSED: Answer = (401, {"code": "unauthenticated"})
CLOSED: Answer = (403, {})
PREFLIGHT: Answer = (204, {})
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk"  # noqa: S105 - opens nothing
ASK = "gcloud auth print-identity-token"
AS = "--impersonate-service-account=appointments-caller@"
OF = ".iam.gserviceaccount.com --audiences="
NOT_ALLOWED = "you may not call it: deploy with --invoker user:YOUR_ADDRESS"


class Script(BaseHTTPRequestHandler):
    """Gives one answer after the other, whatever the request."""

    answers: ClassVar[list[Answer]] = []
    asked: ClassVar[list[str]] = []
    keys: ClassVar[list[str]] = []
    tokens: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.tokens.append(self.headers["Authorization"])
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

    def do_OPTIONS(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def server(
    *answers: Answer, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, type[Script]]]:
    fresh: dict[str, list[object]] = {name: [] for name in ("asked", "keys", "tokens")}
    handler = type("Script", (Script,), {"answers": list(answers), **fresh})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        if tls:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{listening.server_port}", handler
        finally:
            listening.shutdown()
            thread.join()


def called(printed: str) -> list[str]:
    """What the lines say that a smoke test prints of its calls, without what they found."""
    return [line[2:] for line in printed.splitlines() if re.match("  [^ ]", line)]


def test_what_works_passes_and_leaves_its_time_free(tmp_path: Path) -> None:
    with local_runner(tmp_path, {"DOCTORS_FILE": str(ROOT / "doctors.json")}) as runner:
        tests = [deploy("smoke", "--url", runner.url, path="/nonexistent") for _ in range(2)]
    for test in tests:
        assert (test.stderr, test.returncode) == ("", 0)
        assert called(test.stdout) == [
            "first_available: 200",
            "hold_time: 201",
            "create_appointment: 201",
            "release_hold: 200",
            "list_appointments: 200",
            "update_appointment: 200",
            "mark_appointment: 422",
            "cancel_appointment: 200",
            "list_appointments: 200",
            "create_series: 201",
            "cancel_series: 200",
            "list_doctors: 200",
            "list_services: 200",
            "list_openings: 200",
            "create_override: 201",
            "list_overrides: 200",
            "delete_override: 200",
        ]
        assert test.stdout.endswith("\nThe smoke test passed.\n")
    times = [test.stdout.splitlines()[2] for test in tests]
    assert times[0] == times[1]


NOBODYS = {"id": "surgery", "name": "Surgery", "duration_minutes": 45}
SCAN = {"id": "scan", "name": "Scan", "duration_minutes": 20}
ANY_LENGTH = {"id": "talk", "name": "Talk"}


@pytest.mark.parametrize("service", [SCAN, ANY_LENGTH], ids=["of-a-length", "of-any-length"])
def test_where_the_clinic_requires_a_service_it_books_one_that_somebody_offers(
    tmp_path: Path, service: dict[str, object]
) -> None:
    clinic = json.loads((ROOT / "doctors.json").read_text())
    clinic["doctors"] = [{**one, "services": [service["id"]]} for one in clinic["doctors"]]
    clinic |= {"policy": {"service_required": True}, "services": [NOBODYS, service]}
    file = tmp_path / "clinic.json"
    file.write_text(json.dumps(clinic))
    with local_runner(tmp_path, {"DOCTORS_FILE": str(file)}) as runner:
        test = deploy("smoke", "--url", runner.url, path="/nonexistent")
    assert (test.stderr, test.returncode) == ("", 0)
    assert called(test.stdout)[:5] == [
        "first_available: 400",
        "list_services: 200",
        "first_available: 200",
        "first_available: 200",
        "hold_time: 201",
    ]


REQUIRED: Answer = (400, {"errors": [{"field": "service_id", "type": "missing"}]})
SERVICES: Answer = (200, {"services": [NOBODYS, SCAN]})
NONE_FREE: Answer = (200, {"openings": []})
NO_SERVICE: Answer = (200, {"services": []})


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([(400, {})], "first_available must answer 200: {}"),
        (
            [(400, {"errors": [{"field": "doctor_id"}]})],
            'first_available must answer 200: {"errors": [{"field": "doctor_id"}]}',
        ),
        (
            [REQUIRED, SERVICES, NONE_FREE, NONE_FREE],
            "first_available must find one: are doctors loaded?",
        ),
        ([(503, {"code": "try_again"})], 'first_available must answer 200: {"code": "try_again"}'),
        ([(403, {})], f"first_available must answer 200: {NOT_ALLOWED}"),
        ([(200, "Welcome")], "first_available must answer a JSON object: is it the right URL?"),
        ([NONE_FREE, NO_SERVICE], "first_available must find one: are doctors loaded?"),
        ([*KEPT, GONE, CANCELLED], "list_appointments must show it"),
        (
            [*KEPT, SHOWN, UPDATED, EARLY, CANCELLED, SHOWN],
            "list_appointments must not show it now",
        ),
        ([*WORKS[:12], (403, {})], f"list_services must answer 200: {NOT_ALLOWED}"),
        (
            [*KEPT, SHOWN, UPDATED, EARLY, (503, {})],
            "cancel_appointment must answer 200: {}; cancel it yourself: a1 may still be booked",
        ),
        (
            [*WORKS[:10], (503, {})],
            "cancel_series must answer 200: {}; cancel it yourself: s1 may still be booked",
        ),
        ([FOUND, HELD, (409, {}), (409, {}), RELEASED], "create_appointment must answer 201: {}"),
    ],
)
def test_a_wrong_answer_fails_with_one_line_and_what_was_booked_is_cancelled(
    answers: list[Answer], said: str
) -> None:
    with server(*answers) as (url, script), pytest.raises(Failed) as failed:
        Smoke(Options(url=url)).run()
    assert str(failed.value) == f"the smoke test failed: {said}"
    assert ("cancel_appointment" in script.asked) == (BOOKED in answers)
    assert script.answers == []


@pytest.mark.parametrize("granted", [BOOKED, SERIES], ids=["appointment", "series"])
def test_a_booking_with_a_lost_answer_is_repeated_with_the_same_key(granted: Answer) -> None:
    position = WORKS.index(granted)
    with server(*WORKS[:position], LOST, *WORKS[position:]) as (url, script):
        Smoke(Options(url=url)).run()
    assert len(script.keys) == 3
    assert len(set(script.keys)) == 2


def test_without_an_answer_it_ends_with_one_line_and_status_1() -> None:
    test = deploy("smoke", "--url", "http://127.0.0.1:9", path="/nonexistent")
    assert test.returncode == 1
    assert test.stderr.startswith("the smoke test failed: first_available must answer 200: ")
    assert test.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of_this_machine(tmp_path_factory.mktemp("certificate"))


def tls_with(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(
    ("auth", "door", "asks"),
    [
        ("", [CLOSED], ASK),
        ("--auth=none", [CLOSED], ASK),
        (
            "--project=my-clinic --region=us-east4 --auth=firebase",
            [REFUSED, PREFLIGHT],
            f"{ASK} {AS}my-clinic{OF}my-clinic --include-email",
        ),
        (
            "--project=p-12345 --region=us-east4 --auth=https://i.example --auth-audience=app,web",
            [REFUSED, PREFLIGHT],
            f"{ASK} {AS}p-12345{OF}app --include-email",
        ),
    ],
    ids=["nothing said", "none", "firebase", "issuer"],
)
def test_it_checks_the_door_and_then_sends_a_token_that_it_never_prints(
    stand_ins: StandIns, certificate: Path, auth: str, door: list[Answer], asks: str
) -> None:
    stand_ins.answer({"gcloud auth print-identity-token*": (0, TOKEN)})
    with server(*door, *WORKS, tls=tls_with(certificate)) as (url, script):
        trusted = {"SSL_CERT_FILE": str(certificate)}
        test = deploy(
            "smoke", *auth.split(), "--url", url, path=stand_ins.path, environment=trusted
        )
    assert (test.stderr, test.returncode) == ("", 0)
    assert script.tokens == [None] * len(door) + [f"Bearer {TOKEN}"] * len(WORKS)
    assert stand_ins.calls() == [asks]
    assert TOKEN not in test.stdout


@pytest.mark.parametrize(
    "answers",
    [
        [REFUSED, PREFLIGHT, (401, {"detail": "the token is for another audience"})],
        [REFUSED, PREFLIGHT, FOUND, HELD, (500, {}), (500, {}), RELEASED],
        [REFUSED, PREFLIGHT, FOUND, HELD, LOST, LOST, RELEASED],
        [REFUSED, PREFLIGHT, *KEPT, GONE, (503, {})],
    ],
)
def test_a_failure_does_not_print_the_token_either(
    stand_ins: StandIns, certificate: Path, answers: list[Answer]
) -> None:
    stand_ins.answer({"gcloud auth print-identity-token*": (0, TOKEN)})
    auth = ["--project=my-clinic", "--region=us-east4", "--auth=firebase"]
    with server(*answers, tls=tls_with(certificate)) as (url, script):
        trusted = {"SSL_CERT_FILE": str(certificate)}
        test = deploy("smoke", *auth, "--url", url, path=stand_ins.path, environment=trusted)
    assert test.returncode == 1
    assert script.tokens[-1] == f"Bearer {TOKEN}"
    assert TOKEN not in test.stdout + test.stderr
    assert test.stderr.startswith("the smoke test failed: ")


def test_a_token_is_never_sent_unencrypted(stand_ins: StandIns) -> None:
    auth = ["--project=my-clinic", "--region=us-east4", "--auth=firebase"]
    with server(*WORKS) as (url, script):
        assert deploy("smoke", *auth, "--url", url, path=stand_ins.path).returncode == 0
    assert script.tokens == [None] * len(WORKS)
    assert stand_ins.calls() == []


@pytest.mark.parametrize(
    ("door", "said"),
    [
        ([SHOWN], "list_appointments must refuse requests without a token: 200"),
        ([(404, {"code": "unknown_doctor"})], "must refuse requests without a token: 404"),
        ([REFUSED, (405, {"detail": "no"})], "create_appointment must answer a preflight: "),
        ([REFUSED, *[CLOSED] * 9], "create_appointment must answer a preflight: "),
    ],
)
def test_a_door_that_is_open_or_that_no_browser_finds_fails(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, door: list[Answer], said: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    waits: list[float] = []
    with server(*door, tls=tls_with(certificate)) as (url, script):
        options = Options("my-clinic", "us-east4", auth="firebase", url=url)
        with pytest.raises(Failed, match=said):
            Smoke(options, wait=waits.append).run()
    assert script.answers == []
    assert waits == [15] * max(0, door.count(CLOSED) - 1)
