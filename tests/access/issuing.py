"""Issuers of tokens for tests: keys, tokens of every form, and the pages that publish keys."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from msgspec import Struct

from shared.access.errors import KeysUnavailable
from shared.access.issuers import APP_CHECK_KEYS, FIREBASE_KEYS, GOOGLE_KEYS
from shared.access.key_discovery import Answer
from shared.model.patient_key import PatientKey
from shared.settings import AuthSettings

NOW = 1_800_000_000
"""The present, in seconds of the Unix epoch."""
ROBOT = "robot@clinic.iam.gserviceaccount.com"


class SigningKey(Struct, frozen=True):
    """A private key with an id."""

    kid: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def algorithm(self) -> str:
        return "RS256" if isinstance(self.private, rsa.RSAPrivateKey) else "ES256"

    def jwk(self, **members: object) -> dict[str, object]:
        """The public key as an issuer publishes it."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            published = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            published = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**published, "kid": self.kid, "use": "sig", "alg": self.algorithm, **members}

    def sign(self, text: str) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(text.encode(), padding.PKCS1v15(), SHA256())
        pair = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in pair)


@cache
def rsa_key(kid: str = "one", bits: int = 2048) -> SigningKey:
    return SigningKey(kid, rsa.generate_private_key(65537, bits))


@cache
def ec_key(kid: str = "two", curve: type[ec.EllipticCurve] = ec.SECP256R1) -> SigningKey:
    return SigningKey(kid, ec.generate_private_key(curve()))


# Tokens


def part(value: object) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(
    claims: object, key: SigningKey | None = None, header: Mapping[str, object] | bytes = {}
) -> str:
    """A token, rightly signed whatever it says. A header of None is left out."""
    key = key or rsa_key()
    if not isinstance(header, bytes):
        full = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **header}
        signed = f"{part({k: v for k, v in full.items() if v is not None})}.{part(claims)}"
    else:
        signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(key.sign(signed))}"


def unsigned(claims: object, header: Mapping[str, object] = {"alg": "none", "typ": "JWT"}) -> str:
    """A token of Firebase's emulator."""
    return f"{part(header)}.{part(claims)}."


def times(**changes: object) -> dict[str, object]:
    return {"iat": NOW - 600, "exp": NOW + 3000, **changes}


FIREBASE_CLAIMS: Mapping[str, Any] = {
    "iss": "https://securetoken.google.com/clinic",
    "aud": "clinic",
    "sub": "ada",
    **times(auth_time=NOW - 7200),
    "firebase": {"sign_in_provider": "password", "identities": {}},
}
GOOGLE_CLAIMS: Mapping[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": "appointments",
    "azp": "1234",
    "sub": "1234",
    "email": ROBOT,
    "email_verified": True,
    **times(),
}
APP_CLAIMS: Mapping[str, Any] = {
    "iss": "https://firebaseappcheck.googleapis.com/123456",
    "aud": ["projects/123456", "projects/clinic"],
    "sub": "1:123456:android:ab",
    **times(exp=NOW - 600 + 7 * 24 * 3600),
}
AUTH0_CLAIMS: Mapping[str, Any] = {
    "iss": "https://clinic.eu.auth0.com/",
    "aud": ["https://api.clinic.example", "https://clinic.eu.auth0.com/userinfo"],
    "sub": "auth0|5f7c",
    "scope": "openid",
    "https://clinic.example/role": "doctor",
    "doctor_id": "strange",
    **times(),
}
KEYCLOAK_CLAIMS: Mapping[str, Any] = {
    "iss": "https://id.clinic.example/realms/clinic",
    "aud": ["appointments", "account"],
    "sub": "f1b6c1a0-7e0c-4bd1-8b0e-8f2f7d0e0c11",
    "typ": "Bearer",
    "realm_access": {"roles": ["offline_access", "staff"]},
    **times(exp=NOW + 300),
}
ENTRA_CLAIMS: Mapping[str, Any] = {
    "iss": "https://login.microsoftonline.com/9f1c/v2.0",
    "aud": "6b2e",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "tid": "9f1c",
    "ver": "2.0",
    **times(nbf=NOW - 600),
}

FIREBASE = AuthSettings(
    issuer="https://securetoken.google.com/clinic",
    audiences=("clinic",),
    project="clinic",
    services=frozenset({ROBOT}),
    service_audiences=("appointments",),
    app_check=True,
)
AUTH0 = AuthSettings(
    issuer="https://clinic.eu.auth0.com/",
    audiences=("https://api.clinic.example",),
    role_claim="https://clinic.example/role",
)
KEYCLOAK = AuthSettings(
    issuer="https://id.clinic.example/realms/clinic",
    audiences=("appointments",),
    role_claim="realm_access.roles",
)
ENTRA = AuthSettings(
    issuer="https://login.microsoftonline.com/9f1c/v2.0", audiences=("6b2e", "other")
)


# What issuers publish


def key_set(*keys: SigningKey) -> bytes:
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


def configuration(issuer: str, keys: str) -> bytes:
    return json.dumps({"issuer": issuer, "jwks_uri": keys}).encode()


class Web:
    """Pages that issuers publish, and how often each was asked for; another one is not there."""

    def __init__(self, *keys: SigningKey) -> None:
        published = Answer(key_set(*(keys or (rsa_key(), ec_key()))))
        self.pages = dict.fromkeys((FIREBASE_KEYS, APP_CHECK_KEYS, GOOGLE_KEYS), published)
        for auth in (AUTH0, KEYCLOAK, ENTRA):
            address = f"{auth.issuer.removesuffix('/')}/keys"
            self.pages[address] = published
            self.pages[well_known(auth.issuer)] = Answer(configuration(auth.issuer, address))
        self.asked: list[str] = []

    async def get(self, address: str) -> Answer:
        self.asked.append(address)
        try:
            return self.pages[address]
        except KeyError:
            raise KeysUnavailable(f"{address} answered 404") from None


def well_known(issuer: str) -> str:
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


# Who is blocked


class Blocked:
    """A source that a test changes."""

    def __init__(self) -> None:
        self.since: dict[PatientKey, datetime] = {}
        self.failure: Exception | None = None

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        if self.failure:
            raise self.failure
        return self.since
