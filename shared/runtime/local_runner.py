"""Every function on one port: `python -m shared.runtime.local_runner`, or `make run`."""

import json
import os
import socket
from contextlib import suppress

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from swagger_ui import api_doc

from shared.directory.clinic_file import ClinicFile
from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.http.finishing import READ_METHODS, finished
from shared.observability import request_log
from shared.runtime.all_functions import function_routes
from shared.runtime.composition import clinic_file, open_deliverer, open_dependencies
from shared.runtime.greeting import greeting
from shared.runtime.local_deliveries import local_deliveries
from shared.runtime.local_hosts import LOCAL_ORIGINS, LocalHostsOnly
from shared.runtime.openapi.document import document
from shared.settings import SettingsError, read_settings
from shared.store.port import StoreError

HOST = "127.0.0.1"


def main() -> None:
    """Serve until Ctrl-C. Ends with one line and status 1 if that is not possible."""
    try:
        settings = read_settings(os.environ, default_origins=LOCAL_ORIGINS)
        file = clinic_file(settings)
        dependencies = open_dependencies(settings, file)
        open_deliverer(dependencies)
        with _listen(settings.port) as listener, suppress(KeyboardInterrupt):
            uvloop.run(_serve(dependencies, file, listener))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None
    print(f"\nStopped. The appointments are kept in {settings.store}.")


async def _serve(dependencies: Dependencies, file: ClinicFile, listener: socket.socket) -> None:
    if not await dependencies.store.list_doctors(1):
        await dependencies.store.put_clinic(file.clinic)
        await dependencies.store.put_doctors(file.doctors)
    print(await greeting(dependencies), flush=True)
    config = uvicorn.Config(local_application(dependencies), log_config=None, access_log=False)
    await uvicorn.Server(config).serve(sockets=[listener])


def local_application(dependencies: Dependencies) -> Starlette:
    """Return all functions, and the API page under `/docs`."""
    contract = document()

    async def openapi_json(request: Request) -> Response:
        response = Response(json.dumps(contract) + "\n", media_type="application/json")
        return finished(response, request, READ_METHODS, dependencies.settings)

    routes = [*function_routes(dependencies), Route("/openapi.json", openapi_json)]
    only_local = [Middleware(LocalHostsOnly)]
    app = application(
        dependencies,
        routes,
        request_log.write_readable,
        local_deliveries,
        middleware=only_local,
    )
    api_doc(app, config=contract, url_prefix="/docs", title="Appointments", host_inject=False)
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


if __name__ == "__main__":
    main()
