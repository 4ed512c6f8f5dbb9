"""The command that gives roles, with a stand-in for Google on the loopback interface."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.runtime.firebase_accounts import open_accounts
from shared.runtime.set_role import main

NOT_FIREBASE = (
    "AUTH: must be firebase, with GOOGLE_CLOUD_PROJECT and, for the emulator, "
    "FIREBASE_AUTH_EMULATOR_HOST; other issuers add the claims of roles by their own means"
)
UID = "QGPsZcilPdUVCdCXfuapWszaChmq"
LATER = "It counts in tokens from now on; those that the app has are valid for up to an hour."


class Google(BaseHTTPRequestHandler):
    """Knows one account, and keeps what was asked for."""

    account: ClassVar[dict[str, Any]] = {}
    refusal: ClassVar[tuple[int, bytes] | None] = None
    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []
    sent: ClassVar[list[Mapping[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.sent.append(dict(self.headers))
        self.asked.append((self.path, json.loads(body)))
        if self.refusal:
            self._answer(self.refusal[0], self.refusal[1].decode())
        else:
            self._answer(200, json.dumps({"users": [self.account]} if self.account else {}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def google(
    claims: str | None = None, refusal: tuple[int, bytes] | None = None, *, known: bool = True
) -> Iterator[tuple[str, type[Google]]]:
    """Run the stand-in, whose account has these claims, and yield its address."""
    given = {"customAttributes": claims} if claims else {}
    account = {"localId": UID, **given} if known else {}
    state: dict[str, Any] = {"account": account, "refusal": refusal, "asked": [], "sent": []}
    handler = type("Google", (Google,), state)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{listening.server_port}", handler
        finally:
            listening.shutdown()
            thread.join()


def settings(host: str, **more: str) -> dict[str, str]:
    demo = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "demo-clinic"}
    return {**demo, "FIREBASE_AUTH_EMULATOR_HOST": host, **more}


def put(asked: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The claims that were written."""
    (_, _), (path, body) = asked
    assert path.endswith("/accounts:update")
    assert body.keys() == {"localId", "customAttributes"}
    assert body["localId"] == UID
    claims: dict[str, Any] = json.loads(body["customAttributes"])
    return claims


@pytest.mark.parametrize(
    ("role", "before", "after", "is_now"),
    [
        ("staff", None, {"role": "staff"}, "staff"),
        ("staff", '{"plan": "gold"}', {"plan": "gold", "role": "staff"}, "staff"),
        (
            "doctor --doctor strange --doctor who",
            '{"plan": "gold"}',
            {"plan": "gold", "role": "doctor", "doctor_id": ["strange", "who"]},
            "doctor strange, who",
        ),
        ("staff", '{"role": "doctor", "doctor_id": ["strange"]}', {"role": "staff"}, "staff"),
        (
            "none",
            '{"role": "doctor", "doctor_id": "who", "plan": 1}',
            {"plan": 1},
            "a patient",
        ),
    ],
)
def test_it_writes_the_claims_of_the_role_and_keeps_those_of_others(
    role: str,
    before: str | None,
    after: Mapping[str, Any],
    is_now: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with google(before) as (host, handler):
        main([UID, *role.split()], settings(host))
    assert put(handler.asked) == after
    assert {sent["Authorization"] for sent in handler.sent} == {"Bearer owner"}
    told, *more = capsys.readouterr().out.splitlines()
    assert told == f"{UID} is {is_now} now. {LATER}"
    had_a_role = bool(before) and "role" in str(before)
    end = f"If they allow more, end them: python -m shared.runtime.block_caller {UID}"
    assert more == ([end] if had_a_role else [])


@pytest.mark.parametrize(
    ("name", "asks"),
    [(UID, {"localId": [UID]}), ("ada@clinic.example", {"email": ["ada@clinic.example"]})],
)
def test_an_account_is_found_by_its_id_or_its_address(name: str, asks: object) -> None:
    with google() as (host, handler):
        main([name, "staff"], settings(host))
    path = "/identitytoolkit.googleapis.com/v1/projects/demo-clinic/accounts:lookup"
    assert handler.asked[0] == (path, asks)


def test_the_claim_and_the_tenant_are_those_of_the_settings() -> None:
    more = {"AUTH_TENANT": "north", "AUTH_ROLE_CLAIM": "clinic_role"}
    with google('{"role": "of another app"}') as (host, handler):
        main([UID, "staff"], settings(host, **more))
    assert "/v1/projects/demo-clinic/tenants/north/accounts:" in handler.asked[0][0]
    assert put(handler.asked) == {"role": "of another app", "clinic_role": "staff"}


def test_google_itself_is_asked_with_the_credentials_of_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with google() as (host, handler):
        file = tmp_path / "credentials.json"
        # For another universe than Google's own, nothing else is asked on the way.
        elsewhere = {**service_account(f"http://{host}/token"), "universe_domain": "clinic.example"}
        file.write_text(json.dumps(elsewhere))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        environment = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "clinic"}
        main([UID, "staff"], environment, partial(open_accounts, address=f"http://{host}"))
    assert put(handler.asked) == {"role": "staff"}
    assert handler.asked[0][0] == "/v1/projects/clinic/accounts:lookup"
    assert all(sent["authorization"].startswith("Bearer ey") for sent in handler.sent)
    assert {sent["x-goog-user-project"] for sent in handler.sent} == {"clinic"}


def service_account(token_uri: str) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "clinic",
        "client_email": "admin@clinic.example",
        "private_key": private.decode(),
        "private_key_id": "1",
        "token_uri": token_uri,
    }


@pytest.mark.parametrize("lacking", ["no file", "refused"])
def test_without_credentials_it_says_how_to_log_in(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials.json"
    with google() as (host, _):
        if lacking == "refused":
            file.write_text(json.dumps(service_account(f"http://{host}/nothing")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        environment = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "clinic"}
        said = "^set_role: log in: gcloud auth application-default login$"
        with pytest.raises(SystemExit, match=said):
            main([UID, "staff"], environment)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            (403, b'{"error": {"message": "Denied.\\nSee there."}}'),
            "403: Denied.; you need the role roles/firebaseauth.admin in the project",
        ),
        (
            (404, b'{"error": {"message": "NOT_FOUND"}}'),
            "404: NOT_FOUND; begin with Authentication in the Firebase console of the project",
        ),
        ((500, b"<html>"), "500: no reason given"),
        ((400, b'{"error": "x"}'), "400: no reason given"),
        ((200, b"[]"), "200: no reason given"),
    ],
)
def test_a_refusal_is_one_line_with_advice(refusal: tuple[int, bytes], said: str) -> None:
    with google(refusal=refusal) as (host, _), pytest.raises(SystemExit) as ended:
        main([UID, "staff"], settings(host))
    assert ended.value.code == f"set_role: refused with {said}"


def test_an_account_that_does_not_exist_is_one_line() -> None:
    with google(known=False) as (host, handler), pytest.raises(SystemExit) as ended:
        main(["ada@clinic.example", "staff"], settings(host))
    assert ended.value.code == "set_role: there is no account ada@clinic.example"
    assert len(handler.asked) == 1


def test_claims_that_firebase_would_refuse_are_not_sent() -> None:
    with (
        google(json.dumps({"x": "y" * 970})) as (host, handler),
        pytest.raises(SystemExit) as ended,
    ):
        main([UID, "doctor", "--doctor", "strange"], settings(host))
    assert str(ended.value.code).endswith("would have 1023 characters, and Firebase allows 1000")
    assert len(handler.asked) == 1


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"^set_role: 127\.0\.0\.1:9 does not answer: \w+$"):
        main([UID, "staff"], settings("127.0.0.1:9"))


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (
            f"{UID} staff",
            {"AUTH": "none"},
            NOT_FIREBASE,
        ),
        (
            f"{UID} staff",
            {"AUTH": "https://id.example", "AUTH_AUDIENCE": "app"},
            NOT_FIREBASE,
        ),
        (
            f"{UID} staff",
            {"AUTH": "firebase"},
            "GOOGLE_CLOUD_PROJECT: must be set for AUTH=firebase",
        ),
        (
            f"{UID} doctor",
            {},
            "--doctor: must name a doctor with the role doctor, and with no other",
        ),
        (
            f"{UID} staff --doctor who",
            {},
            "--doctor: must name a doctor with the role doctor, and with no other",
        ),
        (
            f"{UID} doctor --doctor Dr.%20Who",
            {},
            '--doctor: must be the id of a doctor, not "Dr.%20Who"',
        ),
        (
            f"{UID} admin",
            {},
            "argument role: invalid choice: 'admin' (choose from 'staff', 'doctor', 'none')",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: str, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split(), environment)
    assert (
        str(ended.value.code).replace(" staff, doctor, none", " 'staff', 'doctor', 'none'") == said
    )
