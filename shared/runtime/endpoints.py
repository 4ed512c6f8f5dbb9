"""Every function, found in the folder `functions`: one module each, named after it."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import functions
from shared.http.endpoint import Endpoint


class ServedEndpoints(dict[str, Endpoint]):
    """The functions by name, each imported when it is first asked for.

    A process of functions-framework serves one of them, whose name the cloud knows at the start.
    The shapes of what the others are asked and answer take a tenth of a start to define.
    """

    def __init__(self, target: str | None) -> None:
        super().__init__()
        if target in _names():
            self[target] = _imported(target)

    def __missing__(self, name: str) -> Endpoint:
        """Import a function."""
        return self.setdefault(name, _imported(name))


def endpoints() -> dict[str, Endpoint]:
    """Return every function by its name, which is also its path where several share a server."""
    return {name: _imported(name) for name in _names()}


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in iter_modules(functions.__path__)))


@cache
def _imported(name: str) -> Endpoint:
    endpoint: Endpoint = getattr(import_module(f"functions.{name}"), name)
    return endpoint
