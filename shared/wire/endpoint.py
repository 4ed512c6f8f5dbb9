"""What surrounds every function: methods, CORS, the deadline, and an answer for every error."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.clinic import Clinic
from shared.store import StoreError
from shared.wire.answers import problem_answer, try_again
from shared.wire.cors import cors_headers
from shared.wire.problems import Rejected, problem

Handler = Callable[[Request, Clinic], Awaitable[Response]]

METHOD_NOT_ALLOWED = 405

_log = logging.getLogger(__name__)


def endpoint(method: str) -> Callable[[Handler], Handler]:
    """Make a handler of one method a function that answers whatever comes in."""
    allow = f"{method}, OPTIONS"

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def function(request: Request, clinic: Clinic) -> Response:
            origins = clinic.settings.allowed_origins
            if request.method == method:
                response = await _guarded(handler, request, clinic)
            elif request.method == "OPTIONS":
                response = Response(status_code=204, headers={"Allow": allow})
            else:
                response = method_not_allowed(request.method, allow)
            if origins:
                response.headers.update(cors_headers(request, method, origins))
            return response

        return function

    return decorate


async def _guarded(handler: Handler, request: Request, clinic: Clinic) -> Response:
    try:
        async with asyncio.timeout(clinic.settings.deadline_seconds):
            return await handler(request, clinic)
    except Rejected as rejected:
        return problem_answer(rejected.document)
    except (StoreError, TimeoutError):
        _log.exception("the store did not serve %s", handler.__name__)
        return try_again()
    except ClientDisconnect:
        return problem_answer(problem("invalid_request", "the body ended too early", errors=[]))
    except Exception:  # noqa: BLE001 - the one place where every bug gets an answer
        _log.exception("%s failed", handler.__name__)
        return internal_error()


# What the framework would otherwise answer itself, in plain text


def method_not_allowed(method: str, allow: str) -> Response:
    """405."""
    detail = f"{method} is not allowed here; allowed are {allow}"
    return problem_answer(problem("method_not_allowed", detail), {"Allow": allow})


def internal_error() -> Response:
    """500."""
    return problem_answer(problem("internal_error", "this is our mistake, and it was logged"))


async def http_exception(request: Request, error: Exception) -> Response:
    """The answer where no function is: a wrong path, or a method that no function has."""
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED:
        return method_not_allowed(request.method, headers.get("Allow", ""))
    detail = f'nothing is at "{request.url.path}"'
    return problem_answer(problem("not_found", detail))


async def unexpected(_request: Request, _error: Exception) -> Response:
    """The answer to an error outside of every function; Starlette has logged it."""
    return internal_error()


EXCEPTION_HANDLERS = {HTTPException: http_exception, Exception: unexpected}
