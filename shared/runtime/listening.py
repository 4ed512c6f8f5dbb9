"""Who can connect to the server that loads this process's functions."""

import click

from shared.settings.addresses import is_loopback


def is_exposed() -> bool:
    """Whether others than this machine can connect, or nobody knows.

    Both functions-framework and uvicorn load the functions within their command, whose options
    Click has read from the command line and the environment. A worker that uvicorn starts as a
    process of its own does not know them.
    """
    command = click.get_current_context(silent=True)
    if command is None:
        return True
    # uvicorn ignores its host if it is given a socket.
    elsewhere = [name for name in ("uds", "fd") if command.params.get(name) is not None]
    return bool(elsewhere) or not is_loopback(command.params.get("host", ""))
