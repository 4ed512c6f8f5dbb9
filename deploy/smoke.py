"""The smoke test: find, book, list and cancel an appointment."""

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

from deploy.commands import Failed, output_of, say

_TOKEN = ("gcloud", "auth", "print-identity-token")
_FAR_AHEAD = timedelta(days=180)  # Few people book so early, so the test is in nobody's way.
_OK, _CREATED, _NOT_ALLOWED = 200, 201, (401, 403)
_SECONDS = 60

Address = Callable[[str], str]


def address_of_function(project: str, region: str) -> Address:
    """Return the function that makes a URL from a function's name."""
    return lambda name: f"https://{region}-{project}.cloudfunctions.net/{name.replace('_', '-')}"


@dataclass(frozen=True)
class Smoke:
    """A test of a project's functions, or of a URL, which `url_from` may have to print."""

    project: str = ""
    region: str = ""
    url: str = ""
    url_from: Sequence[str] = ()

    def script(self) -> list[str]:
        """Return the smoke test as a command of its own."""
        target = f"--project {self.project} --region {self.region}"
        if self.url or self.url_from:
            target = f"--url {self.url}" if self.url else f'--url "$({shlex.join(self.url_from)})"'
        return ["# Smoke test", f"python3 -m deploy smoke {target}"]

    def run(self) -> None:
        """Book and cancel, and report each call; raises Failed."""
        url = output_of(self.url_from) if self.url_from else self.url
        say(f"Smoke test of {url or 'the functions'}:")
        address = address_of_function(self.project, self.region)
        if url:
            address = lambda name: f"{url}/{name}"  # noqa: E731 - one or the other
        secured = address("").startswith("https:")
        _Test(address, {"Authorization": f"Bearer {output_of(_TOKEN)}"} if secured else {}).run()
        say("The smoke test passed.")


@dataclass(frozen=True)
class _Test:
    address: Address
    headers: Mapping[str, str]

    def run(self) -> None:
        window = self._opening()
        booked = self._book(window)
        try:
            _expect("list_appointments", booked in self._listed(window), "must show it")
        finally:
            self._cancel(booked)
        _expect("list_appointments", booked not in self._listed(window), "must not show it now")

    def _opening(self) -> dict[str, str]:
        after = (datetime.now(UTC) + _FAR_AHEAD).isoformat(timespec="seconds")
        openings = self._get("first_available", {"after": after})["openings"]
        _expect("first_available", bool(openings), "must find one: are doctors loaded?")
        say(f"    {openings[0]['start']} with {openings[0]['doctor_id']}")
        return {name: openings[0][name] for name in ("doctor_id", "start", "end")}

    def _book(self, window: Mapping[str, str]) -> str:
        body = {**window, "patient": {"name": "Smoke test"}}
        key = str(uuid4())
        try:
            booked = self._post("create_appointment", body, _CREATED, key)
        except Failed:
            # A lost answer may hide a booking. The key prevents a second one.
            booked = self._post("create_appointment", body, _CREATED, key)
        say(f"    booked {booked['id']}")
        return str(booked["id"])

    def _cancel(self, booked: str) -> None:
        try:
            self._post("cancel_appointment", {"appointment_id": booked}, _OK)
        except Failed as failed:
            raise Failed(f"{failed}; cancel it yourself: {booked} may still be booked") from None

    def _listed(self, window: Mapping[str, str]) -> list[str]:
        appointments = self._get("list_appointments", window)["appointments"]
        return [appointment["id"] for appointment in appointments]

    def _get(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self.address(name)}?{urlencode(query)}"
        return _answer(name, urllib.request.Request(url, headers=dict(self.headers)), _OK)  # noqa: S310

    def _post(
        self, name: str, body: Mapping[str, Any], wanted: int, key: str = ""
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **self.headers}
        headers |= {"Idempotency-Key": key} if key else {}
        data = json.dumps(body).encode()
        return _answer(name, urllib.request.Request(self.address(name), data, headers), wanted)  # noqa: S310


def _answer(name: str, request: urllib.request.Request, wanted: int) -> dict[str, Any]:
    """Return the JSON object of an answer with the wanted status; raises Failed otherwise."""
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
    """Return the status and the text; without an answer, 0 and the reason."""
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
