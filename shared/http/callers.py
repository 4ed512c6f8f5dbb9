"""Who calls a function, and whether they may call it now."""

from starlette.requests import Request

from shared.access import errors as access
from shared.access.caller import Caller
from shared.access.permissions import may_call
from shared.http.caller_errors import AppNotVerified, Unauthenticated
from shared.http.dependencies import Dependencies
from shared.http.rates import name_of


async def identified(
    request: Request, dependencies: Dependencies, function: str, *, app_check: bool
) -> Caller:
    """Return who sends a request to a function: 401 if it needs to know and does not.

    `app_check` tells that App Check covers the function.
    """
    headers = request.headers
    tokens = headers.getlist("authorization"), headers.getlist("x-firebase-appcheck")
    try:
        caller = await dependencies.authenticator.caller(*tokens, app_check_needed=app_check)
    except access.Unauthenticated as error:
        raise Unauthenticated(error.detail) from None
    except access.AppNotVerified as error:
        raise AppNotVerified(error.detail) from None
    if caller.kind == "anonymous" and not may_call(caller, function):
        raise Unauthenticated("sign in, and send the token: Authorization: Bearer <token>")
    return caller


def count(request: Request, dependencies: Dependencies, caller: Caller) -> None:
    """Count a request of a caller: 429 if they send too many."""
    name = name_of(caller, request, proxied=dependencies.settings.proxied)
    dependencies.rates.count(name)
