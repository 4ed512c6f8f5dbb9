"""Who calls a function, and whether they may call it now."""

from starlette.requests import Request

from shared.access import errors as access
from shared.access.caller import ANONYMOUS, Caller
from shared.access.permissions import may_call
from shared.http.caller_errors import AppNotVerified, Unauthenticated
from shared.http.dependencies import Dependencies
from shared.http.rates import name_of


async def admitted(
    request: Request, dependencies: Dependencies, function: str, *, app_check: bool, counted: bool
) -> Caller:
    """Return who sends a request to a function: 401 if that must be known and is not, or 429.

    `app_check` tells that App Check covers the function, `counted` that it may be called only so
    often. Who is refused counts by address, wherever it is: else tokens could be guessed for free.
    """
    try:
        caller = await _identified(request, dependencies, function, app_check=app_check)
    except (Unauthenticated, AppNotVerified):
        _count(request, dependencies, ANONYMOUS)
        raise
    if counted:
        _count(request, dependencies, caller)
    return caller


async def _identified(
    request: Request, dependencies: Dependencies, function: str, *, app_check: bool
) -> Caller:
    headers = request.headers
    tokens = headers.getlist("authorization"), headers.getlist("x-firebase-appcheck")
    try:
        caller = await dependencies.authenticator.caller(*tokens, app_check_needed=app_check)
    except access.Unauthenticated as error:
        raise Unauthenticated(error.detail) from None
    except access.AppNotVerified as error:
        raise AppNotVerified(error.detail) from None
    if caller.kind == "anonymous" and not may_call(caller, function):
        raise Unauthenticated
    return caller


def _count(request: Request, dependencies: Dependencies, caller: Caller) -> None:
    name = name_of(caller, request, proxied=dependencies.settings.proxied)
    dependencies.rates.count(name)
