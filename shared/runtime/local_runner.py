"""Every function on one port: `python -m shared.runtime.local_runner`, or `make run`."""

import os
import socket
from contextlib import suppress

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware

from shared.directory.clinic_file import ClinicFile
from shared.http.dependencies import Dependencies
from shared.observability import request_log
from shared.runtime.combined_application import application_of_all
from shared.runtime.command_line import usable_settings
from shared.runtime.composition import clinic_file, open_deliverer, open_dependencies
from shared.runtime.greeting import greeting
from shared.runtime.http_protocol import HttpProtocol
from shared.runtime.local_hosts import LOCAL_ORIGINS, LocalHostsOnly
from shared.settings import PostgresqlDatabase, SettingsError

HOST = "127.0.0.1"


def main() -> None:
    """Serve until Ctrl-C. Ends with one line and status 1 if that is not possible."""
    with usable_settings(os.environ, LOCAL_ORIGINS) as settings:
        file = clinic_file(settings)
        dependencies = open_dependencies(settings, file)
        open_deliverer(dependencies)
        with _listen(settings.port) as listener, suppress(KeyboardInterrupt):
            uvloop.run(_serve(dependencies, file, listener))
    print(f"\nStopped. The appointments are kept in {settings.store}.")


async def _serve(dependencies: Dependencies, file: ClinicFile, listener: socket.socket) -> None:
    if isinstance(dependencies.settings.store, PostgresqlDatabase):
        from shared.store.postgresql.schema import prepare  # noqa: PLC0415 - takes a while

        await prepare(dependencies.settings.store)
    if not await dependencies.store.list_doctors(1):
        await dependencies.store.put_clinic(file.clinic)
        await dependencies.store.put_doctors(file.doctors)
    print(await greeting(dependencies), flush=True)
    app = local_application(dependencies)
    config = uvicorn.Config(app, http=HttpProtocol, log_config=None, access_log=False)
    await uvicorn.Server(config).serve(sockets=[listener])


def local_application(dependencies: Dependencies) -> Starlette:
    """Return all functions, for this machine only."""
    only_local = [Middleware(LocalHostsOnly, dependencies)]
    return application_of_all(dependencies, request_log.write_readable, middleware=only_local)


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
