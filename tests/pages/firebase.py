"""Firebase, as Hosting serves it to the pages, before its emulator of accounts.

Hosting's emulator fetches the SDK from Google, which tests cannot reach, and the functions are
behind our own server: so what Hosting has under `/__/firebase/` is answered here.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from playwright.sync_api import Route

from tests.auth_emulator import PROJECT
from tests.pages.missing import not_tested
from tests.pages.visits import Visit
from vendoring.libraries import Library
from vendoring.packages import Failed, files_of, packed

_RESERVED = "/__/firebase/"
ACCOUNTS = "http://127.0.0.1:9099"
"""Where the Content-Security-Policy of firebase.json allows the emulator."""
# That it is the package's own content follows from `integrity`.
_SDK = Library(
    name="firebase",
    package="firebase",
    version="13.2.0",
    licence="Apache-2.0",
    integrity="sha512-29ye5F+viPTv48mcljy84ZnwnrYmTTIULrWf3P113SfeTB/USIUZTs8gREreN5PmndQdKs3D06KQUPJIrFeTGw==",
    folder="",
    files={"firebase-app-compat.js": "", "firebase-auth-compat.js": ""},
)
# What templates/hosting/init.js of firebase-tools 15 becomes for a project without a web app.
_CONFIG = {
    "projectId": PROJECT,
    "databaseURL": f"https://{PROJECT}.firebaseio.com",
    "storageBucket": f"{PROJECT}.appspot.com",
    "apiKey": "fake-api-key",
    "authDomain": f"{PROJECT}.firebaseapp.com",
}
_INIT = f"""
if (typeof firebase === 'undefined') throw new Error('hosting/init-error');
firebase.initializeApp({json.dumps(_CONFIG)});
firebase.auth().useEmulator('{ACCOUNTS}');
"""


class Firebase:
    """Firebase in front of an emulator of accounts."""

    def __init__(self, accounts: str) -> None:
        self._accounts = accounts
        self._files = _files()  # Before a page waits for them: npm may have to fetch them.

    def serve(self, visit: Visit) -> Visit:
        """Answer what the pages of a visit ask Firebase."""
        context = visit.page.context
        context.route(f"**{_RESERVED}**", self._answer)
        context.route(f"{ACCOUNTS}/**", self._pass_on)
        visit.guard.allow(ACCOUNTS)
        return visit

    def link_for(self, email: str) -> str:
        """The address in the page that the newest mailed link leads to."""
        answer = httpx.get(self._mailed(email)["oobLink"], trust_env=False)
        return answer.headers["Location"]

    def choose_password(self, email: str, password: str) -> None:
        """Follow the mailed link to choose another password."""
        body = {"oobCode": self._mailed(email)["oobCode"], "newPassword": password}
        self._call("accounts:resetPassword", body)

    def delete(self, email: str) -> None:
        """Delete an account, as an operator does."""
        found = self._call(f"projects/{PROJECT}/accounts:lookup", {"email": [email]})
        (account,) = found["users"]
        self._call(f"projects/{PROJECT}/accounts:delete", {"localId": account["localId"]})

    def _mailed(self, email: str) -> dict[str, str]:
        url = f"http://{self._accounts}/emulator/v1/projects/{PROJECT}/oobCodes"
        codes = httpx.get(url, trust_env=False).json()["oobCodes"]
        *_, newest = (code for code in codes if code["email"] == email)
        return dict(newest)

    def _call(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        url = f"http://{self._accounts}/identitytoolkit.googleapis.com/v1/{path}?key=any"
        owner = {"Authorization": "Bearer owner"}
        answer = httpx.post(url, json=body, headers=owner, trust_env=False)
        return dict(answer.raise_for_status().json())

    def _answer(self, route: Route) -> None:
        _, _, path = route.request.url.partition(_RESERVED)
        found = self._files.get(path)
        status = 404 if found is None else 200
        route.fulfill(status=status, content_type="application/javascript", body=found or "")

    def _pass_on(self, route: Route) -> None:
        path = route.request.url.removeprefix(ACCOUNTS)
        route.fulfill(response=route.fetch(url=f"http://{self._accounts}{path}"))


@cache
def _files() -> dict[str, str]:
    """What Hosting has, by path."""
    try:
        files = files_of(_SDK, packed(_SDK))
    except (Failed, FileNotFoundError) as error:
        not_tested(str(error))
    sdk = {f"{_SDK.version}/{name}": content.decode() for name, content in files.items()}
    return {**sdk, "init.js?useEmulator=true": _INIT}
