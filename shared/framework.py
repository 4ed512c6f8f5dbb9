"""The one adjustment to functions-framework: what it refuses itself is a problem document too."""

from functools import partial

import functions_framework.aio
from starlette.applications import Starlette

from shared.wire.endpoint import EXCEPTION_HANDLERS


def answer_errors_as_problems() -> None:
    """Let the framework make its application with our handlers.

    It offers no setting for that (version 3.10), but makes the application only after it has
    loaded the functions, and looks its class up by this name.
    """
    application = partial(Starlette, exception_handlers=EXCEPTION_HANDLERS)
    setattr(functions_framework.aio, "Starlette", application)  # noqa: B010 - not in its types
