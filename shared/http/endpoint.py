"""What surrounds every function: methods, CORS, the deadline, an answer for every error."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.http.cors import cors_headers
from shared.http.dependencies import Dependencies
from shared.http.problems import RequestError, problem
from shared.http.responses import ProblemResponse, code_of, try_again
from shared.observability.request_record import RequestRecord, trace_of
from shared.store.port import StoreError
from shared.store.usage import StoreUsage, charged_to

Handler = Callable[[Request, Dependencies], Awaitable[Response]]

METHOD_NOT_ALLOWED = 405


def endpoint(method: str) -> Callable[[Handler], Handler]:
    """Make a handler of one method a function that answers whatever comes in."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def function(request: Request, dependencies: Dependencies) -> Response:
            started, usage = time.perf_counter(), StoreUsage()
            with charged_to([usage]):
                response, error = await _answered(handler, method, request, dependencies)
            headers = dict(request.scope["headers"])
            dependencies.tell(
                RequestRecord(
                    function=handler.__name__,
                    method=request.method,
                    scheme=_scheme(request, headers),
                    status=response.status_code,
                    code=code_of(response),
                    seconds=time.perf_counter() - started,
                    usage=usage,
                    trace=trace_of(headers),
                    error=error,
                )
            )
            return response

        return function

    return decorate


def _scheme(request: Request, headers: Mapping[bytes, bytes]) -> str:
    """How the client called; in the cloud, something before the function ends its TLS."""
    forwarded = headers.get(b"x-forwarded-proto") == b"https"
    return "https" if forwarded else str(request.scope.get("scheme", "http"))


async def _answered(
    handler: Handler, method: str, request: Request, dependencies: Dependencies
) -> tuple[Response, Exception | None]:
    """The answer, and the error behind it where that is not the client's."""
    allow, error = f"{method}, OPTIONS", None
    if request.method == method:
        response, error = await _guarded(handler, request, dependencies)
    elif request.method == "OPTIONS":
        response = Response(status_code=204, headers={"Allow": allow})
    else:
        response = method_not_allowed(request.method, allow)
    if origins := dependencies.settings.allowed_origins:
        response.headers.update(cors_headers(request, method, origins))
    return response, error


async def _guarded(
    handler: Handler, request: Request, dependencies: Dependencies
) -> tuple[Response, Exception | None]:
    """The answer to a request of the right method."""
    try:
        async with asyncio.timeout(dependencies.settings.deadline_seconds):
            return await handler(request, dependencies), None
    except RequestError as rejected:
        return ProblemResponse(rejected.document), None
    except (StoreError, TimeoutError) as error:
        return try_again(), error
    except ClientDisconnect:
        document = problem("invalid_request", "the body ended too early", errors=[])
        return ProblemResponse(document), None
    except Exception as error:  # noqa: BLE001 - the one place where every bug gets an answer
        return internal_error(), error


# What the framework would otherwise answer itself, in plain text


def method_not_allowed(method: str, allow: str) -> Response:
    """405."""
    detail = f"{method} is not allowed here; allowed are {allow}"
    return ProblemResponse(problem("method_not_allowed", detail), {"Allow": allow})


def internal_error() -> Response:
    """500."""
    return ProblemResponse(problem("internal_error", "this is our mistake, and it was logged"))


async def http_exception(request: Request, error: Exception) -> Response:
    """The answer where no function is: a wrong path, or a method that no function has."""
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED:
        return method_not_allowed(request.method, headers.get("Allow", ""))
    detail = f'nothing is at "{request.url.path}"'
    return ProblemResponse(problem("not_found", detail))


async def unexpected(_request: Request, _error: Exception) -> Response:
    """The answer to an error outside of every function; Starlette has logged it."""
    return internal_error()


EXCEPTION_HANDLERS = {HTTPException: http_exception, Exception: unexpected}
