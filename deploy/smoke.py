"""The smoke test: whether what is deployed can find, book, list and cancel."""

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from deploy.steps import Failed, output_of, say

_TOKEN = ("gcloud", "auth", "print-identity-token")
_FAR_AHEAD = timedelta(days=180)  # Where hardly anybody books, so that nobody is in the way.
_OK, _CREATED, _NOT_ALLOWED = 200, 201, (401, 403)
_SECONDS = 60

Address = Callable[[str], str]


def address_of_function(project: str, region: str) -> Address:
    """The URLs of functions, by their names."""
    return lambda name: f"https://{region}-{project}.cloudfunctions.net/{name.replace('_', '-')}"


@dataclass(frozen=True)
class Smoke:
    """A test of the functions of a project, or of a URL, which a command may have to tell."""

    project: str = ""
    region: str = ""
    url: str = ""
    url_from: Sequence[str] = ()

    def script(self) -> list[str]:
        """The smoke test, as a command of its own."""
        what = f"--url {self.url}" if self.url else f"--project {self.project}"
        what += "" if self.url else f" --region {self.region}"
        if self.url_from:
            what = f'--url "$({shlex.join(self.url_from)})"'
        return ["# The smoke test", f"python3 -m deploy smoke {what}"]

    def run(self) -> None:
        """Book and cancel, and say each step."""
        url = output_of(self.url_from) if self.url_from else self.url
        say(f"The smoke test of {url or 'the functions'}:")
        address = address_of_function(self.project, self.region)
        if url:
            address = lambda name: f"{url}/{name}"  # noqa: E731 - one or the other
        secured = address("").startswith("https:")
        headers = {"Authorization": f"Bearer {output_of(_TOKEN)}"} if secured else {}
        _Test(address, headers).run()
        say("The smoke test passed.")


@dataclass(frozen=True)
class _Test:
    address: Address
    headers: Mapping[str, str]

    def run(self) -> None:
        opening = self._opening()
        booked = self._book(opening)
        try:
            _expect("list_appointments", booked in self._listed(opening), "must show it")
        finally:
            self._cancel(booked)
        _expect("list_appointments", booked not in self._listed(opening), "must not show it now")

    def _opening(self) -> dict[str, str]:
        after = (datetime.now(UTC) + _FAR_AHEAD).isoformat(timespec="seconds")
        openings = self._get("first_available", {"after": after})["openings"]
        _expect("first_available", bool(openings), "must find one: are doctors loaded?")
        opening: dict[str, str] = openings[0]
        say(f"    {opening['start']} with {opening['doctor_id']}")
        return opening

    def _book(self, opening: Mapping[str, str]) -> str:
        body = {**_window(opening), "patient": {"name": "Smoke test"}}
        key = {"Idempotency-Key": str(uuid4())}
        try:
            answer = self._post("create_appointment", body, _CREATED, "booked", key)
        except Failed:
            # It may be booked all the same; with this key it is not booked twice.
            answer = self._post("create_appointment", body, _CREATED, "booked", key)
        return str(answer["id"])

    def _cancel(self, booked: str) -> None:
        try:
            self._post("cancel_appointment", {"appointment_id": booked}, _OK, "cancelled")
        except Failed as failed:
            raise Failed(f"{failed}; cancel it yourself: {booked} may still be booked") from None

    def _listed(self, opening: Mapping[str, str]) -> list[str]:
        answer = self._get("list_appointments", _window(opening))
        return [appointment["id"] for appointment in answer["appointments"]]

    def _get(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self.address(name)}?{urlencode(query)}"
        return _answer(name, urllib.request.Request(url, headers=dict(self.headers)), _OK)  # noqa: S310

    def _post(
        self,
        name: str,
        body: Mapping[str, Any],
        wanted: int,
        said: str,
        key: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **self.headers, **(key or {})}
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address(name), data, headers)  # noqa: S310
        answer = _answer(name, request, wanted)
        say(f"    {said} {answer['id']}")
        return answer


def _window(opening: Mapping[str, str]) -> dict[str, str]:
    return {name: opening[name] for name in ("doctor_id", "start", "end")}


def _answer(name: str, request: urllib.request.Request, wanted: int) -> dict[str, Any]:
    """The JSON object that is answered with the status that is wanted; otherwise raises Failed."""
    status, text = _ask(request)
    say(f"  {name}: {status or 'no answer'}")
    if status in _NOT_ALLOWED:
        text = "you may not call it: deploy with --invoker user:YOUR_ADDRESS"
    _expect(name, status == wanted, f"must answer {wanted}: {text}")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    _expect(name, isinstance(body, dict), "must answer a JSON object: is it the right URL?")
    return dict(body)


def _ask(request: urllib.request.Request) -> tuple[int, str]:
    """The status and the text; 0 and the reason if nothing answered."""
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace").strip()
    except OSError as error:
        return 0, str(error)


def _expect(name: str, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what is expected
    if not holds:
        raise Failed(f"the smoke test failed: {name} {otherwise}")
