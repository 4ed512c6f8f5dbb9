"""Every function on one port: `python -m shared.runtime.local_runner`, or `make run`."""

import json
import os
import socket
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from swagger_ui import api_doc

from functions import FUNCTIONS
from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.observability import request_log as logs
from shared.queries.openings import first_openings
from shared.rules.openings import OpeningSearch
from shared.rules.wall_clock import MINUTE, round_up_to_minute
from shared.runtime import openapi
from shared.runtime.all_functions import function_routes
from shared.runtime.composition import doctors_of_file, open_dependencies
from shared.settings import SettingsError, read_settings
from shared.store.port import StoreError

HOST = "127.0.0.1"
_ID = "$ID"


def main() -> None:
    """Serve until Ctrl-C. Ends with one line and status 1 where that is not possible."""
    try:
        settings = read_settings(os.environ, default_origins="*")
        doctors = doctors_of_file(settings)
        dependencies = open_dependencies(settings, doctors)
        with _listen(settings.port) as listener, suppress(KeyboardInterrupt):
            uvloop.run(_serve(dependencies, doctors, listener))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None
    print(f"\nStopped. The appointments are kept in {settings.store}.")


async def _serve(
    dependencies: Dependencies, doctors: Collection[Doctor], listener: socket.socket
) -> None:
    if not await dependencies.store.doctors():
        await dependencies.store.put_doctors(doctors)
    print(await _greeting(dependencies), flush=True)
    config = uvicorn.Config(local_application(dependencies), log_config=None, access_log=False)
    await uvicorn.Server(config).serve(sockets=[listener])


def local_application(dependencies: Dependencies) -> Starlette:
    """All functions of a clinic, and the API page under `/docs`."""
    document = openapi.document()

    async def openapi_json(_: Request) -> JSONResponse:
        return JSONResponse(document)

    routes = [*function_routes(dependencies), Route("/openapi.json", openapi_json)]
    app = application(dependencies, routes, logs.write_readable)
    api_doc(app, config=document, url_prefix="/docs", title="Appointments", host_inject=False)
    return app


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        message = f"PORT: cannot listen on {port}: {error.strerror}; try another, PORT=8081"
        raise SettingsError(message) from None
    return listener


async def _greeting(dependencies: Dependencies) -> str:
    """What a newcomer can paste: a time that is free is looked up for it."""
    url = f"http://localhost:{dependencies.settings.port}"
    doctors = list((await dependencies.doctor_cache.doctors()).values())
    lines = [f"{url}/{name}" for name in FUNCTIONS]
    lines += [f"{url}/docs  (every function, to read about and to try)"]
    if openings := await _free_tomorrow(dependencies, doctors):
        lines += ["", "Try, in another terminal:", *_commands(url, *openings)]
    if doctors != doctors_of_file(dependencies.settings):
        file = dependencies.settings.doctors_file
        lines += ["", f"The store has other doctors than {file}: `make doctors` loads them."]
    return "\n".join([*lines, "", f"Appointments are kept in {dependencies.settings.store}."])


async def _free_tomorrow(
    dependencies: Dependencies, doctors: Sequence[Doctor]
) -> Sequence[Opening]:
    """Two half hours from tomorrow on, or none."""
    tomorrow = round_up_to_minute(dependencies.now()) + timedelta(days=1)
    search = OpeningSearch(Interval(tomorrow, tomorrow + timedelta(days=90)), 30 * MINUTE, step=30)
    async with dependencies.store.snapshot() as snapshot:
        found = await first_openings(snapshot, doctors, search, count=2)
    return found if len(found) == 2 else []  # noqa: PLR2004 - one to book, one to move to


def _commands(url: str, opening: Opening, another: Opening) -> Iterator[str]:
    """To book the one opening, look around, move to the other one, and cancel."""
    zone = opening.doctor.zone
    start = opening.interval.start.astimezone(zone)
    day = datetime.combine(start, time(), zone)
    body = {
        "doctor_id": opening.doctor.id,
        "start": start.isoformat(),
        "duration_minutes": 30,
        "patient": {"name": "Ada Lovelace"},
    }
    # The answer is shown, and the id that stands in it kept for the commands that follow.
    keep_id = """ID=$(curl -s %s | tee /dev/stderr | sed -n 's/.*"id":"\\([^"]*\\)".*/\\1/p')"""
    yield keep_id % _post(f"{url}/create_appointment", body)
    window = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}
    query = urlencode({"doctor_id": opening.doctor.id, **window}, safe=":")
    yield f"curl '{url}/list_appointments?{query}'"
    yield f"curl '{url}/first_available?doctor_id={opening.doctor.id}'"
    yield f'curl "{url}/get_appointment?appointment_id={_ID}"'
    later = another.interval.start.astimezone(another.doctor.zone).isoformat()
    move = {"appointment_id": _ID, "doctor_id": another.doctor.id, "start": later}
    yield f"curl {_post(f'{url}/reschedule_appointment', move)}"
    yield f"curl {_post(f'{url}/cancel_appointment', {'appointment_id': _ID})}"


def _post(url: str, body: object) -> str:
    data = json.dumps(body).replace(_ID, "'$ID'")  # The shell puts it in between the quotes.
    return f"{url} -H 'Content-Type: application/json' -d '{data}'"


if __name__ == "__main__":
    main()
