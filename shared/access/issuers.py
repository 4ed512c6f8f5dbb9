"""The issuers whose tokens count, and what is special about each."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import Struct

from shared.access.caller import ANONYMOUS, Caller
from shared.access.errors import InvalidToken
from shared.access.key_cache import KeyCache
from shared.access.key_discovery import Get, discovered_keys, published_keys
from shared.access.roles import caller_of
from shared.access.token_checks import DAY_SECONDS, TokenRules
from shared.access.token_text import Claims
from shared.settings import AuthSettings

GOOGLE: Final = "https://accounts.google.com"
GOOGLE_KEYS: Final = "https://www.googleapis.com/oauth2/v3/certs"
FIREBASE_KEYS: Final = (
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
)
APP_CHECK: Final = "https://firebaseappcheck.googleapis.com/"
APP_CHECK_KEYS: Final = "https://firebaseappcheck.googleapis.com/v1/jwks"
APP_CHECK_FRESH_SECONDS: Final = 6 * 3600.0
APP_CHECK_LIFE_SECONDS: Final = 7 * DAY_SECONDS

_LONGEST_UID = 128
_GOOGLE_SIGNS = ("RS256",)


class Identity(Struct, frozen=True):
    """Who a token is about. `is_service` tells that it is a service account's, not an app's."""

    caller: Caller
    is_service: bool = False


class Issuer(Struct, frozen=True):
    """An issuer: its rules, its keys (None if it signs nothing), and who its tokens are about."""

    rules: TokenRules
    keys: KeyCache | None
    identity: Callable[[Claims], Identity]


def user_issuers(auth: AuthSettings, get: Get) -> list[Issuer]:
    """Return the issuers of tokens that say who calls."""
    users = _openid(auth, get) if auth.project is None else _firebase(auth, auth.project, get)
    # Users of Google and its service accounts have one issuer.
    if auth.services and auth.issuer != GOOGLE:
        return [users, _services(auth, get)]
    return [users]


def app_issuer(auth: AuthSettings, get: Get) -> Issuer | None:
    """Return App Check, which says which app calls, if it is on."""
    if not auth.app_check:
        return None
    rules = TokenRules(
        audiences=(f"projects/{auth.project}",),
        algorithms=_GOOGLE_SIGNS,
        longest_life=APP_CHECK_LIFE_SECONDS,
        checks=(_check_app_issuer,),
    )
    keys = KeyCache(partial(published_keys, APP_CHECK_KEYS, get), APP_CHECK_FRESH_SECONDS)
    return Issuer(rules, keys, lambda _: Identity(ANONYMOUS))


def _check_app_issuer(claims: Claims) -> None:
    """Refuse an issuer that is not App Check for one of the projects of the audience."""
    audience, issuer = claims.get("aud"), claims.get("iss")
    for name in audience if isinstance(audience, list) else []:
        number = re.fullmatch(r"projects/([0-9]+)", name) if isinstance(name, str) else None
        if number and issuer == APP_CHECK + number[1]:
            return
    raise InvalidToken("the token is not from App Check of this project")


def _openid(auth: AuthSettings, get: Get) -> Issuer:
    rules = TokenRules(issuers=(auth.issuer,), audiences=auth.audiences)
    keys = KeyCache(partial(discovered_keys, auth.issuer, get))

    def identity(claims: Claims) -> Identity:
        if auth.issuer == GOOGLE and _is_service(claims, auth):
            return _service(claims, auth)
        return Identity(caller_of(claims, auth.role_claim))

    return Issuer(rules, keys, identity)


# Firebase


def _firebase(auth: AuthSettings, project: str, get: Get) -> Issuer:
    rules = TokenRules(
        issuers=(auth.issuer,),
        audiences=(project,),
        algorithms=_GOOGLE_SIGNS,
        unsigned=auth.unsigned,
        checks=(partial(_check_firebase, auth.tenant),),
    )
    keys = None if auth.unsigned else KeyCache(partial(published_keys, FIREBASE_KEYS, get))
    return Issuer(rules, keys, partial(_firebase_user, auth.role_claim))


def _check_firebase(tenant: str | None, claims: Claims) -> None:
    """Refuse what Firebase never issues, and users of another tenant."""
    if not isinstance(claims.get("aud"), str):
        raise InvalidToken("a token of Firebase is for one project")
    if "auth_time" not in claims:
        raise InvalidToken("a token of Firebase says when its user signed in")
    if len(claims["sub"]) > _LONGEST_UID:
        raise InvalidToken(
            f"the subject of a token of Firebase has at most {_LONGEST_UID} characters"
        )
    details = claims.get("firebase")
    if not isinstance(details, dict):
        raise InvalidToken("a token of Firebase says how its user signed in")
    if details.get("tenant") != tenant:
        raise InvalidToken("the token is of another tenant")


def _firebase_user(role_claim: str, claims: Claims) -> Identity:
    if claims["firebase"].get("sign_in_provider") == "anonymous":
        return Identity(ANONYMOUS)
    return Identity(caller_of(claims, role_claim))


# Service accounts of Google


def _services(auth: AuthSettings, get: Get) -> Issuer:
    rules = TokenRules(
        issuers=(GOOGLE,), audiences=auth.service_audiences, algorithms=_GOOGLE_SIGNS
    )
    keys = KeyCache(partial(published_keys, GOOGLE_KEYS, get))
    return Issuer(rules, keys, partial(_service, auth=auth))


def _is_service(claims: Claims, auth: AuthSettings) -> bool:
    address = claims.get("email")
    verified = claims.get("email_verified") is True and isinstance(address, str)
    return verified and address in auth.services


def _service(claims: Claims, auth: AuthSettings) -> Identity:
    if not _is_service(claims, auth):
        raise InvalidToken("the token is of an account that is not one of the services")
    return Identity(Caller("staff", claims["iss"], claims["sub"]), is_service=True)
