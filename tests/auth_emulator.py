"""Firebase's emulator of accounts, for as long as tests need it, and who signs up there."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.firestore_emulator import NoEmulatorError, started
from tests.ports import HOST, free_port

VARIABLE = "FIREBASE_AUTH_EMULATOR_HOST"
PROJECT = "demo-local"
# Without the scripts of its packages: nothing here needs them, and one may compile for minutes.
_FIREBASE = ("--yes", "--ignore-scripts", "firebase-tools@15")
_SECONDS = 60
PATIENCE_SECONDS = 600
"""Long, since a machine that has none of it yet downloads it first."""


@contextmanager
def running_auth_emulator(folder: Path) -> Iterator[str]:
    """The address of the emulator that the environment names, or of one started here.

    It does not need Java. Raises NoEmulatorError where neither is to be had.
    """
    if given := os.environ.get(VARIABLE):
        yield given
        return
    npx = shutil.which("npx")
    if npx is None:
        raise NoEmulatorError("Node with npx is needed to start Firebase's emulator of accounts")
    ports = {name: {"host": HOST, "port": free_port()} for name in ("auth", "hub", "logging")}
    config = {"emulators": {**ports, "ui": {"enabled": False}, "singleProjectMode": False}}
    (folder / "firebase.json").write_text(json.dumps(config))
    # It tells others of its kind where it is, by a file that nobody deletes when it is killed.
    own = ["env", f"TMPDIR={folder}"]
    command = [*own, npx, *_FIREBASE, "emulators:start", "--only", "auth", "--project", PROJECT]
    log, ready = folder / "log.txt", "All emulators ready"
    with started(command, log, folder, ready=ready, patience=PATIENCE_SECONDS):
        yield f"{HOST}:{ports['auth']['port']}"


@dataclass
class Account:
    """Somebody who is signed in; `token` is the newest ID token."""

    host: str
    uid: str
    email: str
    token: str
    refresh_token: str

    def refresh(self) -> None:
        """Get a new token, as an app does at least once an hour."""
        grant = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        url = f"http://{self.host}/securetoken.googleapis.com/v1/token?key=any"
        answer = httpx.post(url, data=grant, trust_env=False, timeout=_SECONDS)
        self.token = answer.raise_for_status().json()["id_token"]


def sign_up(host: str) -> Account:
    """A new account with an e-mail address."""
    email = f"{uuid4()}@clinic.example"
    answer = _call(host, "signUp", {"email": email, "password": "secret-1"})
    return _account(host, email, answer)


def sign_in(account: Account) -> None:
    """Sign in again, which starts the time anew from which tokens were issued."""
    who = {"email": account.email, "password": "secret-1", "returnSecureToken": True}
    account.token = _call(account.host, "signInWithPassword", who)["idToken"]


def sign_in_anonymously(host: str) -> Account:
    """A new account without anything."""
    return _account(host, "", _call(host, "signUp", {"returnSecureToken": True}))


def _account(host: str, email: str, answer: Mapping[str, Any]) -> Account:
    return Account(host, answer["localId"], email, answer["idToken"], answer["refreshToken"])


def _call(host: str, verb: str, body: Mapping[str, object]) -> dict[str, Any]:
    url = f"http://{host}/identitytoolkit.googleapis.com/v1/accounts:{verb}?key=any"
    answer = httpx.post(url, json=body, trust_env=False, timeout=_SECONDS)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
