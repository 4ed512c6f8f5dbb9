"""The accounts of a Firebase project, through the interface that Google gives to administrators."""

import json
from collections.abc import Mapping
from typing import Any

import google.auth
import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from msgspec import Struct

from shared.settings import AuthSettings

GOOGLE = "https://identitytoolkit.googleapis.com"
MOST_CHARACTERS = 1000
"""How long Firebase lets the claims of an account be, as JSON."""

_SECONDS = 30
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOG_IN = "log in: gcloud auth application-default login"
_ADVICE = {
    401: _LOG_IN,
    403: "you need the role roles/firebaseauth.admin in the project",
    404: "begin with Authentication in the Firebase console of the project",
}


class AccountsError(Exception):
    """The accounts cannot be read or changed; the message is one line for the operator."""


class Account(Struct, frozen=True):
    """An account: its id, which is the `sub` of its tokens, and its custom claims."""

    uid: str
    claims: Mapping[str, Any]


class FirebaseAccounts:
    """The accounts of one project, or of its tenant. Every method raises AccountsError.

    The session sends the credentials of an administrator.
    """

    def __init__(self, auth: AuthSettings, session: requests.Session, address: str) -> None:
        tenant = f"/tenants/{auth.tenant}" if auth.tenant else ""
        self._url = f"{address}/v1/projects/{auth.project}{tenant}/accounts"
        self._session = session

    def find(self, name: str) -> Account:
        """Return the account with this id or, if the name has an @, with this e-mail address."""
        found = self._call("lookup", {"email" if "@" in name else "localId": [name]})
        users = found.get("users", [])
        if not users:
            raise AccountsError(f"there is no account {name}")
        claims = json.loads(users[0].get("customAttributes") or "{}")
        return Account(users[0]["localId"], claims)

    def put_claims(self, account: Account) -> None:
        """Replace the custom claims of an account."""
        text = json.dumps(account.claims)
        if len(text) > MOST_CHARACTERS:
            allowed = f"{len(text)} characters, and Firebase allows {MOST_CHARACTERS}"
            raise AccountsError(f"the claims of {account.uid} would have {allowed}")
        self._call("update", {"localId": account.uid, "customAttributes": text})

    def _call(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            response = self._session.post(f"{self._url}:{verb}", json=body, timeout=_SECONDS)
            answer = response.json()
        except GoogleAuthError:
            raise AccountsError(_LOG_IN) from None
        except requests.JSONDecodeError:
            answer = None
        except requests.RequestException as error:
            host = self._url.split("/")[2]
            raise AccountsError(f"{host} does not answer: {type(error).__name__}") from None
        if response.ok and isinstance(answer, dict):
            return answer
        raise AccountsError(_refusal(response.status_code, answer))


def open_accounts(auth: AuthSettings, address: str = GOOGLE) -> FirebaseAccounts:
    """Return the accounts of the project of these settings, or of the emulator that they name.

    Raises AccountsError without credentials.
    """
    if auth.emulator:
        owner = requests.Session()
        owner.headers["Authorization"] = "Bearer owner"
        owner.trust_env = False  # No proxy stands between a machine and itself.
        emulator = f"http://{auth.emulator}/identitytoolkit.googleapis.com"
        return FirebaseAccounts(auth, owner, emulator)
    try:
        # Google refuses a person's requests that name no project to charge.
        credentials, _ = google.auth.default([_SCOPE], quota_project_id=auth.project)
    except GoogleAuthError:
        raise AccountsError(_LOG_IN) from None
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    return FirebaseAccounts(auth, session, address)


def _refusal(status: int, answer: object) -> str:
    """Return what Google says in one line, and what to do."""
    error = answer.get("error") if isinstance(answer, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    first = str(said or "no reason given").splitlines()[0]
    advice = f"; {_ADVICE[status]}" if status in _ADVICE else ""
    return f"refused with {status}: {first}{advice}"
