"""The accounts of a Firebase project, through the interface that Google gives to administrators."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

import requests
from msgspec import Struct

from shared.settings import AuthSettings

GOOGLE = "https://identitytoolkit.googleapis.com"
SECONDS = 30
MOST_CHARACTERS = 1000
"""How long Firebase lets the claims of an account be, as JSON."""

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ADVICE = {
    401: "log in: gcloud auth application-default login",
    403: "you need the role roles/firebaseauth.admin in the project",
    404: "begin with Authentication in the Firebase console of the project",
}


class AccountsError(Exception):
    """The accounts cannot be read or changed; the message is one line for the operator."""


class Account(Struct, frozen=True):
    """An account: its id, which is the `sub` of its tokens, and the claims that were added."""

    uid: str
    claims: Mapping[str, Any]


class Session(Protocol):
    """Sends requests with the credentials of an administrator."""

    def post(self, url: str, *, json: Any, timeout: float) -> requests.Response:  # noqa: ANN401 - JSON
        """Send a request; raises requests' errors."""


class FirebaseAccounts:
    """The accounts of one project, or of its tenant.

    Every method raises AccountsError.
    """

    def __init__(self, auth: AuthSettings, session: Session, address: str) -> None:
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
        """Replace the claims of an account."""
        text = json.dumps(account.claims)
        if len(text) > MOST_CHARACTERS:
            raise AccountsError(
                f"the claims of {account.uid} would have {len(text)} characters, and Firebase"
                f" allows {MOST_CHARACTERS}"
            )
        self._call("update", {"localId": account.uid, "customAttributes": text})

    def _call(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            response = self._session.post(f"{self._url}:{verb}", json=body, timeout=SECONDS)
        except requests.RequestException as error:
            host = self._url.split("/")[2]
            raise AccountsError(f"{host} does not answer: {type(error).__name__}") from None
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.ok and isinstance(answer, dict):
            return answer
        raise AccountsError(_refusal(response.status_code, answer))


def _refusal(status: int, answer: object) -> str:
    """Return what Google says in one line, and what to do."""
    error = answer.get("error") if isinstance(answer, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    first = str(said).splitlines()[0] if said else "no reason given"
    advice = f"; {_ADVICE[status]}" if status in _ADVICE else ""
    return f"Google refuses ({status}): {first}{advice}"


def open_accounts(auth: AuthSettings) -> FirebaseAccounts:
    """Return the accounts of the project of these settings, or of the emulator that they name.

    Raises AccountsError without credentials.
    """
    if auth.emulator:
        owner = requests.Session()
        owner.headers["Authorization"] = "Bearer owner"
        owner.trust_env = False  # No proxy stands between a machine and itself.
        return FirebaseAccounts(
            auth, owner, f"http://{auth.emulator}/identitytoolkit.googleapis.com"
        )
    import google.auth  # noqa: PLC0415 - not for the emulator
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415

    try:
        # Google refuses a person's requests that name no project to charge.
        credentials, _ = google.auth.default([_SCOPE], quota_project_id=auth.project)
    except GoogleAuthError:
        raise AccountsError("log in: gcloud auth application-default login") from None
    return FirebaseAccounts(auth, AuthorizedSession(credentials), GOOGLE)
