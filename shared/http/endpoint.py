"""What surrounds every function: its description, methods, CORS, the deadline, every error."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Literal

from msgspec import Struct
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.access import errors as access
from shared.access.permissions import PERMISSIONS, may_ask
from shared.http.call import Call
from shared.http.caller_errors import AppNotVerified, CallsTooOften, Forbidden, Unauthenticated
from shared.http.callers import admitted
from shared.http.clock_for_tests import read_test_now
from shared.http.dependencies import Dependencies
from shared.http.entity_tags import if_modified, is_known, read_if_match
from shared.http.finishing import READ_METHODS, finished
from shared.http.groups import Group
from shared.http.problems import ProblemKind, error_response
from shared.http.request_errors import (
    NO_ANSWER,
    NO_KEYS,
    BodyTooLarge,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    RequestError,
    TryAgain,
    UnsupportedMediaType,
)
from shared.http.requests import (
    check_media_type,
    read_body,
    read_idempotency_key,
    read_query,
)
from shared.http.responses import code_of
from shared.http.schemas.fields import RequestModel
from shared.observability.request_record import RequestRecord, new_request_id, trace_of
from shared.store.port import StoreError, StoreUnavailable
from shared.store.usage import StoreUsage, charged_to

Handler = Callable[[Call[Any]], Awaitable[Response]]

# The transaction ends at the deadline itself and says why; this ends everything else.
GRACE_SECONDS = 0.5
CREATED, NOT_FOUND = 201, 404

_ALWAYS = (
    InvalidRequest,
    Unauthenticated,
    AppNotVerified,
    MethodNotAllowed,
    CallsTooOften,
    InternalError,
    TryAgain,
)
_WITH_BODY = (BodyTooLarge, UnsupportedMediaType)


class Success(Struct, frozen=True):
    """A successful response: what it means, and its model; None for a calendar file.

    `example` is what differs in it from what most objects of the model have.
    """

    meaning: str
    model: type[BaseModel] | None
    example: Mapping[str, Any] = {}


class Endpoint(Struct, frozen=True, kw_only=True):
    """An HTTP function, with everything that servers, documents and deployment need to know of it.

    `group` is what it is about, `summary` and `description` say what it does, for documents.
    `takes` is the model of its body or, for GET, of its query parameters, of which only the
    `repeatable` one may appear more than once; `example` is an example of it. `problems` are those
    beside the ones that every function can have. `idempotent` tells that it takes an idempotency
    key, `conditional` that it takes a version of what it names (`If-None-Match` of GET, or else
    `If-Match`), `books` that a 201 of it means a booked appointment, `personal` that its answers
    are about patients and must not be stored on the way, `app_check` that App Check covers it where
    that is on, and `counted` that a caller may call it only so often. Without `reads_body` nobody
    looks at its body and query, which are those of whatever triggers it. It may take as long as
    `deadlines` of the setting, or `seconds` whatever that is. Who may call it stands in the table
    of permissions, under its name.
    """

    handler: Handler
    name: str
    summary: str
    method: Literal["GET", "POST"]
    description: str = ""
    group: Group | None = None
    takes: type[RequestModel] = RequestModel
    repeatable: str | None = None
    example: Mapping[str, Any] = {}
    responses: Mapping[int, Success] = {}
    problems: tuple[ProblemKind, ...] = ()
    idempotent: bool = False
    conditional: bool = False
    books: bool = False
    personal: bool = False
    app_check: bool = True
    counted: bool = True
    reads_body: bool = True
    deadlines: int = 1
    seconds: float | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it answers, beside OPTIONS."""
        return READ_METHODS if self.method == "GET" else (self.method,)

    @property
    def has_body(self) -> bool:
        """Whether a request has a body that is read."""
        return self.method == "POST" and self.reads_body

    def all_problems(self) -> tuple[ProblemKind, ...]:
        """Return every problem that it can answer."""
        with_body = _WITH_BODY if self.has_body else ()
        guarded = () if "anonymous" in PERMISSIONS[self.name] else (Forbidden,)
        return (*_ALWAYS, *with_body, *guarded, *self.problems)

    async def __call__(self, request: Request, dependencies: Dependencies) -> Response:
        """Answer a request, whatever happens, and notify the observers of it."""
        started, usage = time.perf_counter(), StoreUsage()
        headers = dict(request.scope["headers"])
        trace = trace_of(headers)
        request_id = new_request_id(trace)
        with charged_to([usage]):
            response, error = await self._respond(request, dependencies)
        code, settings = code_of(response), dependencies.settings
        # Firebase Hosting keeps a 404 for ten minutes unless the answer says something else.
        if self.personal or response.status_code == NOT_FOUND:
            response.headers["Cache-Control"] = "no-store"
        dependencies.notify(
            RequestRecord(
                function=self.name,
                method=request.method,
                scheme=scheme_of(request, headers),
                status=response.status_code,
                code=code,
                seconds=time.perf_counter() - started,
                usage=usage,
                request_id=request_id,
                trace=trace,
                error=error,
                booked=self.books and response.status_code == CREATED and code == "ok",
            )
        )
        return finished(response, request, self.methods, settings, request_id)

    async def _respond(
        self, request: Request, dependencies: Dependencies
    ) -> tuple[Response, Exception | None]:
        """Return the response, and the error behind it if that is not the client's."""
        if request.method in self.methods:
            return await self._handle(request, dependencies)
        allow = ", ".join((*self.methods, "OPTIONS"))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow}), None
        return error_response(MethodNotAllowed(request.method, allow)), None

    async def _handle(
        self, request: Request, dependencies: Dependencies
    ) -> tuple[Response, Exception | None]:
        """Answer a request of the right method."""
        of_setting = dependencies.settings.deadline_seconds * self.deadlines
        seconds = (self.seconds or of_setting) + GRACE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                response = await self.handler(await self._call(request, dependencies))
            return if_modified(request, response) if self.method == "GET" else response, None
        except RequestError as error:
            return error_response(error), None
        except (StoreError, access.KeysUnavailable) as error:
            why = NO_KEYS if isinstance(error, access.KeysUnavailable) else NO_ANSWER
            return error_response(TryAgain(why, with_key=self.idempotent)), error
        except TimeoutError:
            late = StoreUnavailable(f"no answer within {seconds:g} s")
            return error_response(TryAgain(with_key=self.idempotent)), late
        except ClientDisconnect:
            return error_response(InvalidRequest([], "the body ended too early")), None
        except Exception as error:  # noqa: BLE001 - the one place where every bug gets a response
            return error_response(InternalError()), error

    async def _call(self, request: Request, dependencies: Dependencies) -> Call[Any]:
        """Check a request: its form, its caller, what it asks, and whether they may ask it."""
        arrived_at = dependencies.now()
        if self.has_body:
            check_media_type(request)
        caller = await admitted(
            request, dependencies, self.name, app_check=self.app_check, counted=self.counted
        )
        key = read_idempotency_key(request) if self.idempotent else None
        versions = read_if_match(request) if self.conditional and self.method == "POST" else None
        now = read_test_now(request) if dependencies.settings.test_clock else None
        asked = await self._asked(request)
        if not may_ask(caller, self.name, asked.target()):
            raise Forbidden
        knows = partial(is_known, request)
        return Call(
            asked, caller, now or arrived_at, dependencies, arrived_at, key, versions, knows
        )

    async def _asked(self, request: Request) -> RequestModel:
        if self.has_body:
            return await read_body(request, self.takes)
        if self.method == "POST":
            return self.takes()  # Eventarc has parameters of its own in the query.
        return read_query(request, self.takes, self.repeatable)


def endpoint(
    method: Literal["GET", "POST"],
    **description: Any,  # noqa: ANN401 - the fields of `Endpoint`
) -> Callable[[Handler], Endpoint]:
    """Make an endpoint of a handler; its docstring is the summary, and a description below."""

    def decorate(handler: Handler) -> Endpoint:
        summary, _, more = (handler.__doc__ or "").partition("\n\n")
        return Endpoint(
            handler=handler,
            name=handler.__name__,
            summary=summary.rstrip("."),
            description=" ".join(more.split()),
            method=method,
            **description,
        )

    return decorate


def scheme_of(request: Request, headers: Mapping[bytes, bytes]) -> str:
    """Return how the client called; in the cloud TLS ends before it reaches the function."""
    forwarded = headers.get(b"x-forwarded-proto") == b"https"
    return "https" if forwarded else str(request.scope.get("scheme", "http"))
