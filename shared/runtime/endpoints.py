"""Every function, found in the folder `functions`: one module each, named after it."""

from importlib import import_module
from pkgutil import iter_modules

import functions
from shared.http.endpoint import Endpoint


def endpoints() -> dict[str, Endpoint]:
    """Return every function by its name, which is also its path where several share a server."""
    names = sorted(module.name for module in iter_modules(functions.__path__))
    return {name: getattr(import_module(f"functions.{name}"), name) for name in names}
