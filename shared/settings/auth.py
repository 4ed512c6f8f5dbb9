"""The settings that say who may call: AUTH, and what goes with it."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from shared.settings.addresses import is_address
from shared.settings.errors import SettingsError
from shared.settings.values import listed

FIREBASE_ISSUER = "https://securetoken.google.com/"
"""A Firebase project's tokens name this and the project as their issuer."""
EMULATOR = "FIREBASE_AUTH_EMULATOR_HOST"
DEFAULT_ROLE_CLAIM = "role"

_CHOICES = '"none", "firebase", or the https:// address of an issuer'
_ENTRA = "login.microsoftonline.com"
_MANY_TENANTS = re.compile(r"/(common|organizations|consumers)(/.*)?")
_NEED_AUTH = ("AUTH_AUDIENCE", "AUTH_ROLE_CLAIM", "AUTH_TENANT", "AUTH_SERVICES")


class AuthSettings(Struct, frozen=True, kw_only=True):
    """Whose tokens are accepted, and what they must say.

    `issuer` and `audiences` are what users' tokens must name. `project` is the Firebase project,
    None for any other issuer; `tenant` its tenant. `services` are the e-mail addresses of service
    accounts whose Google-signed tokens for one of `service_audiences` count as staff.
    `emulator` is the address of Firebase's emulator, whose tokens nobody signs.
    """

    issuer: str
    audiences: tuple[str, ...]
    role_claim: str = DEFAULT_ROLE_CLAIM
    project: str | None = None
    tenant: str | None = None
    services: frozenset[str] = frozenset()
    service_audiences: tuple[str, ...] = ()
    app_check: bool = False
    emulator: str | None = None

    @property
    def unsigned(self) -> bool:
        """Whether the tokens are those of the emulator, which anybody can write."""
        return self.emulator is not None


def read_auth(given: Mapping[str, str], *, exposed: bool) -> AuthSettings | None:
    """Read who may call; None means everybody, which is the default only on loopback.

    Raises SettingsError for the first value that cannot be used.
    """
    auth = _auth(given, exposed=exposed)
    app_check = _app_check(given.get("APP_CHECK", "off"), auth)
    if auth == "firebase":
        return _firebase(given, app_check=app_check)
    if auth != "none":
        return _openid(given, auth)
    for name in _NEED_AUTH:
        if name in given:  # Somebody may take it for a protection.
            raise SettingsError(f"{name}: means nothing with AUTH=none; set AUTH, or remove it")
    return None


def _auth(given: Mapping[str, str], *, exposed: bool) -> str:
    if "AUTH" in given:
        return given["AUTH"]
    in_cloud = "K_SERVICE" in given
    if in_cloud or exposed:
        where = "in the cloud" if in_cloud else "where others than this machine can connect"
        raise SettingsError(f"AUTH: must be set {where}: {_CHOICES}")
    return "none"


def _app_check(text: str, auth: str) -> bool:
    if text not in {"off", "on"}:
        raise SettingsError(f'APP_CHECK: must be "off" or "on", not "{text}"')
    if text == "on" and auth != "firebase":
        raise SettingsError("APP_CHECK: needs AUTH=firebase")
    return text == "on"


def _firebase(given: Mapping[str, str], *, app_check: bool) -> AuthSettings:
    project = given.get("GOOGLE_CLOUD_PROJECT")
    if project is None:
        raise SettingsError("GOOGLE_CLOUD_PROJECT: must be set for AUTH=firebase")
    return AuthSettings(
        issuer=FIREBASE_ISSUER + project,
        audiences=(project,),
        role_claim=given.get("AUTH_ROLE_CLAIM", DEFAULT_ROLE_CLAIM),
        project=project,
        tenant=given.get("AUTH_TENANT"),
        services=_services(given.get("AUTH_SERVICES", "")),
        service_audiences=listed(given.get("AUTH_AUDIENCE", "")) or (project,),
        app_check=app_check,
        emulator=_emulator(given, project),
    )


def _emulator(given: Mapping[str, str], project: str) -> str | None:
    """Return the emulator whose tokens are accepted, if one is named and nothing is at stake."""
    if EMULATOR not in given:
        return None
    if "K_SERVICE" in given:
        raise SettingsError(f"{EMULATOR}: must not be set in the cloud")
    if not project.startswith("demo-"):
        rule = 'with it, GOOGLE_CLOUD_PROJECT must begin with "demo-"'
        raise SettingsError(f'{EMULATOR}: {rule}, unlike "{project}"')
    return given[EMULATOR]


def _openid(given: Mapping[str, str], auth: str) -> AuthSettings:
    issuer = _issuer(auth, in_cloud="K_SERVICE" in given)
    audiences = listed(given.get("AUTH_AUDIENCE", ""))
    if not audiences:
        raise SettingsError("AUTH_AUDIENCE: must be set: whom the tokens of the issuer are for")
    if "AUTH_TENANT" in given:
        raise SettingsError("AUTH_TENANT: needs AUTH=firebase")
    return AuthSettings(
        issuer=issuer,
        audiences=audiences,
        role_claim=given.get("AUTH_ROLE_CLAIM", DEFAULT_ROLE_CLAIM),
        services=_services(given.get("AUTH_SERVICES", "")),
        service_audiences=audiences,
    )


def _issuer(text: str, *, in_cloud: bool) -> str:
    """Return the issuer, exactly as its tokens must name it."""
    if text.startswith(FIREBASE_ISSUER):
        # Its tokens need checks of their own: who is signed in anonymously would be a patient.
        raise SettingsError(f'AUTH: must be "firebase", not "{text}"')
    if not is_address(text, local_http=not in_cloud):
        raise SettingsError(f'AUTH: must be {_CHOICES}, not "{text}"')
    address = urlsplit(text)
    if address.hostname == _ENTRA and _MANY_TENANTS.fullmatch(address.path):
        example = f"https://{_ENTRA}/TENANT/v2.0"
        raise SettingsError(f'AUTH: must name one tenant, as in "{example}", not "{text}"')
    return text


def _services(text: str) -> frozenset[str]:
    addresses = listed(text)
    for address in addresses:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
            rule = "must be e-mail addresses of service accounts, separated by commas"
            raise SettingsError(f'AUTH_SERVICES: {rule}; "{address}" is not one')
    return frozenset(addresses)
