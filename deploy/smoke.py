"""The smoke test: hold, book, correct and cancel an appointment, then a series; look around."""

import json
import shlex
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from deploy.commands import Command, Failed, output_of, say
from deploy.hosting import address_of_hosting
from deploy.options import CALLER, Options

_FAR_AHEAD = timedelta(days=180)  # Few people book so early, so the test is in nobody's way.
_OK, _CREATED, _NO_CONTENT, _BAD, _NOT_ALLOWED, _TOO_EARLY = 200, 201, 204, 400, (401, 403), 422
_SECONDS = 60
_TRIES, _PAUSE_SECONDS = 9, 15

Address = Callable[[str], str]
Kind = Mapping[str, str | int]
"""What a request says of the kind of an appointment: its length, its service, or both."""
_HALF_HOUR: Kind = {"duration_minutes": 30}


def address_of_function(project: str, region: str) -> Address:
    """Return the function that makes a URL from a function's name."""
    return lambda name: f"https://{region}-{project}.cloudfunctions.net/{name}"


def address_of(options: Options) -> Address:
    """Return the function that makes URLs of what is deployed, or below the URL that is given.

    Functions that everybody reaches are all below that of Hosting.
    """
    url = options.url or (address_of_hosting(options) if options.is_open else "")
    if url:
        return lambda name: f"{url}/{name}"
    return address_of_function(options.project, options.region)


@dataclass(frozen=True)
class Smoke:
    """A test of a project's functions, or of a URL, which `url_from` may have to print."""

    options: Options
    url_from: Sequence[str] = ()
    wait: Callable[[float], object] = time.sleep

    def script(self) -> list[str]:
        """Return the smoke test as a command of its own."""
        it, words = self.options, ["python3 -m deploy smoke"]
        if it.is_open or not (it.url or self.url_from):
            words.append(f"--project {it.project} --region {it.region}")
        if it.is_open:
            words.append(f"--auth {it.auth}")
            words += [f"--auth-audience {it.auth_audience}"] if it.auth_audience else []
        if it.url or self.url_from:
            words.append(f"--url {it.url}" if it.url else f'--url "$({shlex.join(self.url_from)})"')
        return ["# Smoke test", " ".join(words)]

    def run(self) -> None:
        """Check the door, book and cancel, and report each call; raises Failed."""
        url = output_of(self.url_from) if self.url_from else self.options.url
        address = address_of(replace(self.options, url=url))
        say(f"Smoke test of {address('').rstrip('/')}:")
        headers = {}
        # A local server is open to its machine, and no token travels unencrypted.
        if address("").startswith("https:"):
            _check_that_it_is_shut(address)
            if self.options.is_open:
                _check_preflight(address, self.wait)
            headers["Authorization"] = f"Bearer {output_of(token_command(self.options))}"
        _Test(address, headers).run()
        say("The smoke test passed.")


def token_command(options: Options) -> Command:
    """Return the command that prints a token: of a service that counts as staff, or of a person."""
    command = ["gcloud", "auth", "print-identity-token"]
    if not options.is_open:
        return command
    account = f"--impersonate-service-account={options.account(CALLER)}"
    return [*command, account, f"--audiences={options.audience}", "--include-email"]


def _check_that_it_is_shut(address: Address) -> None:
    """Check that who sends no token is turned away."""
    day = {"start": "2030-01-07T00:00Z", "end": "2030-01-08T00:00Z"}
    url = f"{address('list_appointments')}?{urlencode({'doctor_id': 'any', **day})}"
    status, text = _ask(urllib.request.Request(url))  # noqa: S310 - the operator's own
    say(f"  list_appointments without a token: {status or 'no answer'}")
    refused = status in _NOT_ALLOWED
    _expect("list_appointments", refused, f"must refuse requests without a token: {status} {text}")


def _check_preflight(address: Address, wait: Callable[[float], object]) -> None:
    """Check that a browser may ask before it sends a token; wait while the opening is new."""
    request = urllib.request.Request(address("create_appointment"), method="OPTIONS")  # noqa: S310
    status, text = _ask(request)
    for _ in range(_TRIES - 1):
        if status not in _NOT_ALLOWED:
            break
        wait(_PAUSE_SECONDS)
        status, text = _ask(request)
    say(f"  create_appointment, preflight of a browser: {status or 'no answer'}")
    _expect("create_appointment", status == _NO_CONTENT, f"must answer a preflight: {text}")


@dataclass(frozen=True)
class _Test:
    address: Address
    headers: Mapping[str, str]

    def run(self) -> None:
        kind, window = self._opening()
        # Not the end: a service has a length of its own.
        wanted = {**{name: window[name] for name in ("doctor_id", "start")}, **kind}
        held = self._post("hold_time", wanted, _CREATED)["hold_id"]
        booked = self._book_held(wanted, held)
        try:
            # The booking has used it up, so nothing happens.
            self._release(held)
            _expect("list_appointments", booked in self._listed(window), "must show it")
            which = {"appointment_id": booked}
            self._post("update_appointment", {**which, "reason": "smoke test"}, _OK)
            # So long before its day nobody can have arrived.
            self._post("mark_appointment", {**which, "status": "arrived"}, _TOO_EARLY)
        finally:
            self._cancel(booked)
        _expect("list_appointments", booked not in self._listed(window), "must not show it now")
        self._book_series(wanted)
        self._look_around(kind, window)

    def _look_around(self, kind: Kind, window: Mapping[str, str]) -> None:
        """Call the functions of the clinic's calendar, and leave it as it is."""
        self._get("list_doctors", {})
        self._get("list_services", {})
        self._get("list_openings", {**window, **kind})
        extra = self._post("create_override", {**window, "kind": "extra_hours"}, _CREATED)
        self._get("list_overrides", window)
        self._post("delete_override", {"override_id": extra["override_id"]}, _OK)

    def _opening(self) -> tuple[Kind, dict[str, str]]:
        """Return what can be booked, and when."""
        tried = ((kind, self._openings(kind)) for kind in self._kinds())
        kind, openings = next((found for found in tried if found[1]), (_HALF_HOUR, []))
        _expect("first_available", bool(openings), "must find one: are doctors loaded?")
        say(f"    {openings[0]['start']} with {openings[0]['doctor_id']}")
        return kind, {name: openings[0][name] for name in ("doctor_id", "start", "end")}

    def _kinds(self) -> Iterator[Kind]:
        """Yield half an hour of no service, then, as the clinic may require one, each service."""
        yield _HALF_HOUR
        for service in self._get("list_services", {})["services"]:
            length = {} if "duration_minutes" in service else _HALF_HOUR
            yield {"service_id": service["id"], **length}

    def _openings(self, kind: Kind) -> list[dict[str, str]]:
        """Return the first openings far ahead; none if the clinic requires a service."""
        after = (datetime.now(UTC) + _FAR_AHEAD).isoformat(timespec="seconds")
        answer = self._get("first_available", {"after": after, **kind}, _BAD)
        if "service_id" in [error["field"] for error in answer.get("errors", ())]:
            return []
        _expect("first_available", "openings" in answer, f"must answer 200: {json.dumps(answer)}")
        return list(answer["openings"])

    def _book_held(self, wanted: Mapping[str, Any], held: str) -> str:
        try:
            booked = self._book("create_appointment", {**wanted, "hold_id": held})
        except Failed:
            self._release(held)
            raise
        say(f"    booked {booked['id']}")
        return str(booked["id"])

    def _release(self, held: str) -> None:
        self._post("release_hold", {"hold_id": held}, _OK)

    def _book_series(self, wanted: Mapping[str, Any]) -> None:
        """Book a time and the same one of the next day, if it is free, and cancel both."""
        rule = {"rule": "FREQ=DAILY;COUNT=2", "if_unavailable": "skip"}
        booked = self._book("create_series", {**wanted, **rule})["series_id"]
        say(f"    booked {booked}")
        self._cancel(booked, "cancel_series", "series_id")

    def _book(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        body, key = {**body, "patient": {"name": "Smoke test"}}, str(uuid4())
        try:
            return self._post(name, body, _CREATED, key)
        except Failed:
            # A lost answer may hide a booking. The key prevents a second one.
            return self._post(name, body, _CREATED, key)

    def _cancel(
        self, booked: str, name: str = "cancel_appointment", field: str = "appointment_id"
    ) -> None:
        try:
            self._post(name, {field: booked}, _OK)
        except Failed as failed:
            raise Failed(f"{failed}; cancel it yourself: {booked} may still be booked") from None

    def _listed(self, window: Mapping[str, str]) -> list[str]:
        appointments = self._get("list_appointments", window)["appointments"]
        return [appointment["id"] for appointment in appointments]

    def _get(self, name: str, query: Mapping[str, str | int], *or_else: int) -> dict[str, Any]:
        url = f"{self.address(name)}?{urlencode(query)}"
        request = urllib.request.Request(url, headers=dict(self.headers))  # noqa: S310
        return _answer(name, request, _OK, *or_else)

    def _post(
        self, name: str, body: Mapping[str, Any], wanted: int, key: str = ""
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **self.headers}
        headers |= {"Idempotency-Key": key} if key else {}
        data = json.dumps(body).encode()
        return _answer(name, urllib.request.Request(self.address(name), data, headers), wanted)  # noqa: S310


def _answer(
    name: str, request: urllib.request.Request, wanted: int, *or_else: int
) -> dict[str, Any]:
    """Return the JSON object of an answer with a wanted status; raises Failed otherwise."""
    status, text = _ask(request)
    say(f"  {name}: {status or 'no answer'}")
    if status in _NOT_ALLOWED:
        text = "you may not call it: deploy with --invoker user:YOUR_ADDRESS"
    _expect(name, status in (wanted, *or_else), f"must answer {wanted}: {text}")
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
