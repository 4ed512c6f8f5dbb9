"""Tokens: what counts, and every attack, each refused for its own reason."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.access.caller import ANONYMOUS
from shared.access.errors import InvalidToken
from shared.access.issuers import Issuer, app_issuer, user_issuers
from shared.access.key_discovery import Answer
from shared.access.token_verifier import Verified, Verifier
from shared.settings import AuthSettings
from tests.access.issuing import (
    APP_CLAIMS,
    AUTH0,
    AUTH0_CLAIMS,
    ENTRA,
    ENTRA_CLAIMS,
    FIREBASE,
    FIREBASE_CLAIMS,
    GOOGLE_CLAIMS,
    KEYCLOAK,
    KEYCLOAK_CLAIMS,
    NOW,
    ROBOT,
    Web,
    configuration,
    ec_key,
    part,
    rsa_key,
    token,
    unsigned,
)

YEAR = 365 * 24 * 3600


def app_check(web: Web) -> Issuer:
    issuer = app_issuer(FIREBASE, web.get)
    assert issuer
    return issuer


def users(auth: AuthSettings, which: int = 0) -> Callable[[Web], Issuer]:
    return lambda web: user_issuers(auth, web.get)[which]


ISSUERS: Mapping[str, tuple[Callable[[Web], Issuer], Mapping[str, Any], Mapping[str, object]]] = {
    "Firebase": (users(FIREBASE), FIREBASE_CLAIMS, {}),
    "App Check": (app_check, APP_CLAIMS, {}),
    "Google": (users(FIREBASE, 1), GOOGLE_CLAIMS, {}),
    "Auth0": (users(AUTH0), AUTH0_CLAIMS, {"typ": "at+jwt"}),
    "Keycloak": (users(KEYCLOAK), KEYCLOAK_CLAIMS, {}),
    "Entra": (users(ENTRA), ENTRA_CLAIMS, {"x5t": "one"}),
}


def verifier(name: str, now: float = NOW) -> Verifier:
    return Verifier([ISSUERS[name][0](Web())], lambda: now)


async def verified(text: str, name: str = "Firebase", now: float = NOW) -> Verified:
    return await verifier(name, now).verified(text)


async def why_refused(text: str, name: str = "Firebase", now: float = NOW) -> str:
    with pytest.raises(InvalidToken) as refused:
        await verified(text, name, now)
    assert not text or text not in str(refused.value)
    return refused.value.detail


@pytest.mark.parametrize("of", ISSUERS)
@pytest.mark.parametrize("to", ISSUERS)
async def test_a_token_counts_for_its_own_issuer_only(of: str, to: str) -> None:
    _, claims, header = ISSUERS[of]
    text = token(claims, header=header)  # All issuers have the same key.
    if of == to:
        assert (await verified(text, to)).issued_at == NOW - 600
    else:
        assert await why_refused(text, to) in {
            "the token is from another issuer",
            "the token is not from App Check of this project",
            "the token is valid for longer than tokens of its issuer are",
        }


def firebase(**changes: object) -> str:
    return token({**FIREBASE_CLAIMS, **changes})


def without(*names: str) -> str:
    return token({name: v for name, v in FIREBASE_CLAIMS.items() if name not in names})


def raw(payload: str) -> str:
    """A token whose payload is this text after the other claims."""
    return token((json.dumps(FIREBASE_CLAIMS)[:-1] + payload).encode())


def with_signature(signature: str) -> str:
    return token(FIREBASE_CLAIMS).rpartition(".")[0] + "." + signature


def headed(**header: object) -> str:
    return token(FIREBASE_CLAIMS, header=header)


def of_an_embedded_key() -> str:
    stranger = rsa_key("stranger")
    return token(FIREBASE_CLAIMS, stranger, {"kid": "one", "jwk": stranger.jwk()})


def signed_with_the_public_key() -> str:
    header = {"alg": "HS256", "kid": "one", "typ": "JWT"}
    return f"{part(header)}.{part(FIREBASE_CLAIMS)}.{part(bytes(32))}"


WRONG_FORM = "the token is not a signed JSON Web Token"
NO_JSON = "the payload of the token is not valid JSON in base64url"
WHOLE = "the {} of the token must be a whole number of seconds"
SUBJECT = "the subject of the token must be 1 to 255 visible ASCII characters"
EXPIRED = "the token has expired; get a new one"
NOT_YET = "the token is not valid yet"
TOO_LONG = "the token is valid for longer than tokens of its issuer are"
NOT_ACCEPTED = "the token is signed in a way that is not accepted"
BAD_SIGNATURE = "the signature of the token is wrong"
NO_SUCH_KEY = "the key of the token is not one of its issuer's"
TYPE = "the token is of another type than JWT"
EXTENSIONS = "the header of the token asks for extensions that are not known here"
TWICE = "the token names a member twice"
TENANT = "the token is of another tenant"
REMOVED = (
    "Google has removed the signature of the token; send the one for Cloud Run in the header"
    " X-Serverless-Authorization"
)

ATTACKS: Mapping[str, tuple[Callable[[], str], str]] = {
    # Form
    "nothing": (lambda: "", WRONG_FORM),
    "two parts": (lambda: "a.b", WRONG_FORM),
    "encrypted, in five parts": (lambda: "a.b.c.d.e", WRONG_FORM),
    "padded": (lambda: token(FIREBASE_CLAIMS) + "=", WRONG_FORM),
    "a line feed at the end": (lambda: token(FIREBASE_CLAIMS) + "\n", WRONG_FORM),
    "not ASCII": (lambda: token(FIREBASE_CLAIMS) + "é", WRONG_FORM),
    "a lone surrogate": (lambda: "\ud800.a.b", WRONG_FORM),
    "huge": (lambda: "a" * 8193, "the token is longer than 8192 characters"),
    "unused bits": (
        lambda: "e31." + part(FIREBASE_CLAIMS) + ".aa",  # "e30" is {}
        "the header of the token is not valid JSON in base64url",
    ),
    "one digit of base64url": (
        lambda: "a.b.c",
        "the header of the token is not valid JSON in base64url",
    ),
    "no JSON": (lambda: token(b"claims"), NO_JSON),
    "a list": (lambda: token([1]), "the payload of the token is not an object"),
    "UTF-16": (lambda: token(json.dumps(FIREBASE_CLAIMS).encode("utf-16-le")), NO_JSON),
    "a byte order mark": (lambda: token(b"\xef\xbb\xbf" + json.dumps({}).encode()), NO_JSON),
    "deep": (
        lambda: token(b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}"),
        "the payload of the token is nested too deeply",
    ),
    "a step too deep": (
        lambda: raw(', "a": ' + "[" * 16 + "]" * 16 + "}"),
        "the payload of the token is nested too deeply",
    ),
    "deep, unsigned and unfinished": (
        lambda: part(b"[" * 6000) + ".e30.",
        "the header of the token is nested too deeply",
    ),
    "a claim twice": (lambda: raw(', "sub": "victim"}'), TWICE),
    "a role twice, deep inside": (lambda: raw(', "a": [{"role": 1, "role": 2}]}'), TWICE),
    "a number of ten thousand digits": (lambda: raw(', "n": ' + "9" * 5000 + "}"), NO_JSON),
    # Header
    "no key": (lambda: headed(kid=None), "the token does not name its key"),
    "an empty key": (lambda: headed(kid=""), "the token does not name its key"),
    "a key that is no text": (lambda: headed(kid=1), "the kid of the token must be a short text"),
    "a key as a file": (lambda: headed(kid="file:///dev/null"), NO_SUCH_KEY),
    "a long key": (lambda: headed(kid="k" * 256), "the kid of the token must be a short text"),
    "an unknown key": (lambda: headed(kid="three"), NO_SUCH_KEY),
    "a critical extension": (lambda: headed(crit=["exp"], exp=1), EXTENSIONS),
    "no critical extension": (lambda: headed(crit=[]), EXTENSIONS),
    "a payload beside the token": (lambda: headed(b64=False, crit=["b64"]), EXTENSIONS),
    "a logout token": (lambda: headed(typ="logout+jwt"), TYPE),
    "a type that is no text": (lambda: headed(typ=["JWT"]), TYPE),
    "a header twice": (
        lambda: token(FIREBASE_CLAIMS, header=b'{"alg":"RS256","kid":"one","kid":"one"}'),
        TWICE,
    ),
    # Signature
    "unsigned": (lambda: unsigned(FIREBASE_CLAIMS), "the token is not signed"),
    "unsigned, with a key": (
        lambda: unsigned(FIREBASE_CLAIMS, {"alg": "none", "kid": "one"}),
        "the token is not signed",
    ),
    "unsigned, in capitals": (
        lambda: unsigned(FIREBASE_CLAIMS, {"alg": "NONE", "kid": "one"}),
        NOT_ACCEPTED,
    ),
    "no algorithm but a signature": (lambda: headed(alg="none"), NOT_ACCEPTED),
    "no algorithm at all": (lambda: headed(alg=None), NOT_ACCEPTED),
    "an algorithm that is no text": (
        lambda: headed(alg=["RS256"]),
        "the alg of the token must be a short text",
    ),
    "the public key as a secret": (signed_with_the_public_key, NOT_ACCEPTED),
    "another hash": (lambda: headed(alg="RS512"), NOT_ACCEPTED),
    "an algorithm that Firebase never uses": (
        lambda: token(FIREBASE_CLAIMS, ec_key()),
        NOT_ACCEPTED,
    ),
    "an elliptic key as an RSA key": (
        lambda: token(FIREBASE_CLAIMS, ec_key(), {"alg": "RS256"}),
        NOT_ACCEPTED,
    ),
    "no signature": (lambda: with_signature(""), BAD_SIGNATURE),
    "another's signature": (
        lambda: with_signature(firebase(sub="eve").rpartition(".")[2]),
        BAD_SIGNATURE,
    ),
    "a stranger's signature": (
        lambda: token(FIREBASE_CLAIMS, rsa_key("stranger"), {"kid": "one"}),
        BAD_SIGNATURE,
    ),
    "its own key": (of_an_embedded_key, BAD_SIGNATURE),
    "a signature removed by Google": (
        lambda: with_signature("SIGNATURE_REMOVED_BY_GOOGLE"),
        REMOVED,
    ),
    # Times
    "expired": (lambda: firebase(exp=NOW - 60), EXPIRED),
    "expired in 1970": (lambda: firebase(iat=1, exp=3601), EXPIRED),
    "never expires": (lambda: without("exp"), WHOLE.format("exp")),
    "expires at a text": (lambda: firebase(exp=str(NOW + 9)), WHOLE.format("exp")),
    "expires at a fraction": (lambda: firebase(exp=NOW + 0.5), WHOLE.format("exp")),
    "expires at true": (lambda: firebase(exp=True), WHOLE.format("exp")),
    "expires at null": (lambda: firebase(exp=None), WHOLE.format("exp")),
    "expires at NaN": (lambda: firebase(exp=float("nan")), NO_JSON),
    "expires at Infinity": (lambda: firebase(exp=float("inf")), NO_JSON),
    "expires at 1e999": (lambda: raw(', "nbf": 1e999}'), WHOLE.format("nbf")),
    "expires in a hundred years": (lambda: firebase(exp=NOW + 100 * YEAR), TOO_LONG),
    "expires before it was issued": (lambda: firebase(iat=NOW, exp=NOW - 1), TOO_LONG),
    "never issued": (lambda: without("iat"), WHOLE.format("iat")),
    "issued in the future": (lambda: firebase(iat=NOW + 61), NOT_YET),
    "issued in the year 10^400": (lambda: firebase(iat=10**400), NOT_YET),
    "not before tomorrow": (lambda: firebase(nbf=NOW + 61), NOT_YET),
    "not before a text": (lambda: firebase(nbf="now"), WHOLE.format("nbf")),
    "signed in in the future": (lambda: firebase(auth_time=NOW + 61), NOT_YET),
    "signed in at a text": (lambda: firebase(auth_time="now"), WHOLE.format("auth_time")),
    # Whose it is
    "another project": (
        lambda: firebase(iss="https://securetoken.google.com/other", aud="other"),
        "the token is from another issuer",
    ),
    "an issuer with more behind it": (
        lambda: firebase(iss="https://securetoken.google.com/clinic2"),
        "the token is from another issuer",
    ),
    "a part of the issuer": (
        lambda: firebase(iss="https://securetoken.google.com/"),
        "the token is from another issuer",
    ),
    "a list of issuers": (
        lambda: firebase(iss=["https://securetoken.google.com/clinic"]),
        "the token is from another issuer",
    ),
    "no issuer": (lambda: without("iss"), "the token is from another issuer"),
    "another audience": (lambda: firebase(aud="other"), "the token is for another audience"),
    "several audiences": (
        lambda: firebase(aud=["clinic", "other"]),
        "a token of Firebase is for one project",
    ),
    "no audience": (lambda: without("aud"), "a token of Firebase is for one project"),
    "no subject": (lambda: without("sub"), SUBJECT),
    "an empty subject": (lambda: firebase(sub=""), SUBJECT),
    "a number as subject": (lambda: firebase(sub=1), SUBJECT),
    "a subject with a line feed": (lambda: firebase(sub="ada\n"), SUBJECT),
    "a subject with a letter beyond ASCII": (lambda: firebase(sub="adä"), SUBJECT),
    "a subject of 256": (lambda: firebase(sub="a" * 256), SUBJECT),
    "a subject of 129 of Firebase": (
        lambda: firebase(sub="a" * 129),
        "the subject of a token of Firebase has at most 128 characters",
    ),
    "never signed in": (
        lambda: without("auth_time"),
        "a token of Firebase says when its user signed in",
    ),
    "a tenant": (lambda: firebase(firebase={"tenant": "north"}), TENANT),
    "signed in in no way": (
        lambda: without("firebase"),
        "a token of Firebase says how its user signed in",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused_for_its_own_reason(attack: str) -> None:
    text, reason = ATTACKS[attack]
    assert await why_refused(text()) == reason


async def test_every_attack_differs_from_a_token_that_counts() -> None:
    caller = (await verified(token(FIREBASE_CLAIMS))).caller
    assert (caller.kind, caller.issuer) == ("patient", "https://securetoken.google.com/clinic")
    assert caller.subject == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 59},
        {"iat": NOW + 60},
        {"nbf": NOW + 60},
        {"auth_time": NOW + 60},
        {"iat": NOW - 600, "exp": NOW - 600 + 24 * 3600},
        {"sub": "a" * 128},
        {"sub": "!~/.."},
        {"name": "[{" * 20, "deep": [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]},
        {"firebase": {"tenant": None}},
    ],
    ids=str,
)
async def test_what_is_just_right_counts(changes: dict[str, object]) -> None:
    assert (await verified(firebase(**changes))).caller.kind == "patient"


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_the_type_of_identity_and_access_tokens_counts(typ: str | None) -> None:
    assert (await verified(headed(typ=typ))).caller.kind == "patient"


async def test_a_token_is_valid_a_second_less_than_it_is_not() -> None:
    text = firebase(exp=NOW + 10)
    assert (await verified(text, now=NOW + 69)).expires_at == NOW + 10
    assert await why_refused(text, now=NOW + 70) == EXPIRED


async def test_elliptic_keys_count_where_the_issuer_may_use_them() -> None:
    text = token(AUTH0_CLAIMS, ec_key())
    assert (await verified(text, "Auth0")).kid == "two"
    turned_over = text.rpartition(".")[0] + "." + part(bytes(64))
    assert await why_refused(turned_over, "Auth0") == BAD_SIGNATURE
    other_curve = token(AUTH0_CLAIMS, ec_key("two", ec.SECP256K1), {"alg": "ES256"})
    assert await why_refused(other_curve, "Auth0") == BAD_SIGNATURE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": ["https://clinic.eu.auth0.com/userinfo"]}, "the token is for another audience"),
        ({"aud": "https://api.clinic.example/"}, "the token is for another audience"),
        ({"aud": []}, "the token does not say whom it is for"),
        ({"aud": None}, "the token does not say whom it is for"),
        ({"jti": 5}, "the token is malformed"),
    ],
    ids=str,
)
async def test_what_any_issuer_could_say_wrong_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    assert await why_refused(token({**AUTH0_CLAIMS, **changes}), "Auth0") == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["projects/123456", "projects/other"]},
        {"aud": ["projects/999", "projects/clinic"]},
        {"aud": "projects/clinic"},
        {"aud": [1, "projects/clinic"]},
        {"aud": ["projects/clinic"]},
        {"iss": "https://firebaseappcheck.googleapis.com/999"},
        {"iss": "https://firebaseappcheck.googleapis.com/"},
        {"iss": None},
        {"exp": NOW + 8 * 24 * 3600},
    ],
    ids=str,
)
async def test_app_check_vouches_for_apps_of_its_own_project(changes: dict[str, object]) -> None:
    assert await why_refused(token({**APP_CLAIMS, **changes}), "App Check")


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "eve@clinic.iam.gserviceaccount.com"},
        {"email": None},
        {"email": [ROBOT]},
        {"email_verified": False},
        {"email_verified": "true"},
    ],
    ids=str,
)
async def test_only_services_with_a_verified_address_are_services(
    changes: dict[str, object],
) -> None:
    reason = await why_refused(token({**GOOGLE_CLAIMS, **changes}), "Google")
    assert reason == "the token is of an account that is not one of the services"


async def test_a_service_is_staff_and_known_as_a_service() -> None:
    found = await verified(token(GOOGLE_CLAIMS), "Google")
    assert (found.caller.kind, found.caller.subject, found.is_service) == ("staff", "1234", True)


async def test_where_users_are_those_of_google_services_are_told_apart_by_their_address() -> None:
    google = AuthSettings(
        issuer="https://accounts.google.com",
        audiences=("appointments",),
        services=FIREBASE.services,
        service_audiences=("appointments",),
    )
    web = Web()
    page = "https://accounts.google.com/.well-known/openid-configuration"
    keys = "https://www.googleapis.com/oauth2/v3/certs"
    web.pages[page] = Answer(configuration("https://accounts.google.com", keys))
    (issuer,) = user_issuers(google, web.get)
    both = Verifier([issuer], lambda: NOW)
    assert (await both.verified(token(GOOGLE_CLAIMS))).is_service
    user = await both.verified(token({**GOOGLE_CLAIMS, "email": "ada@example.com"}))
    assert (user.caller.kind, user.is_service) == ("patient", False)


async def test_who_is_signed_in_anonymously_is_anonymous_whatever_else_the_token_says() -> None:
    text = firebase(firebase={"sign_in_provider": "anonymous"}, role="staff")
    assert (await verified(text)).caller == ANONYMOUS


async def test_a_tenant_has_users_of_its_own() -> None:
    tenant = AuthSettings(
        issuer=FIREBASE.issuer, audiences=("clinic",), project="clinic", tenant="north"
    )
    north = Verifier(user_issuers(tenant, Web().get), lambda: NOW)
    own = {"sign_in_provider": "password", "tenant": "north"}
    assert (await north.verified(firebase(firebase=own))).caller.kind == "patient"
    for other in ({}, {"tenant": "south"}, {"tenant": ["north"]}):
        with pytest.raises(InvalidToken, match=TENANT):
            await north.verified(firebase(firebase=other))


# The emulator

DEMO_CLAIMS = {
    **FIREBASE_CLAIMS,
    "iss": "https://securetoken.google.com/demo-clinic",
    "aud": "demo-clinic",
}
EMULATOR = AuthSettings(
    issuer="https://securetoken.google.com/demo-clinic",
    audiences=("demo-clinic",),
    project="demo-clinic",
    emulator="127.0.0.1:9099",
)


def emulator() -> Verifier:
    return Verifier(user_issuers(EMULATOR, Web().get), lambda: NOW)


async def test_tokens_of_the_emulator_count_without_keys() -> None:
    verifier = emulator()
    verifier.begin()
    for _ in range(2):
        user = await verifier.verified(unsigned({**DEMO_CLAIMS, "role": "staff"}))
        assert (user.caller.kind, user.kid) == ("staff", "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iat": 1, "exp": 3601}, EXPIRED),
        ({"exp": None}, WHOLE.format("exp")),
        ({"iat": NOW + 61}, NOT_YET),
        ({"auth_time": NOW + 61}, NOT_YET),
        ({"iss": FIREBASE.issuer}, "the token is from another issuer"),
        ({"aud": "clinic"}, "the token is for another audience"),
        ({"firebase": {"tenant": "north"}}, TENANT),
        ({"sub": ""}, SUBJECT),
    ],
    ids=str,
)
async def test_tokens_of_the_emulator_must_be_right_in_all_but_the_signature(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidToken) as refused:
        await emulator().verified(unsigned({**DEMO_CLAIMS, **changes}))
    assert refused.value.detail == reason


async def test_signed_tokens_do_not_count_beside_those_of_the_emulator() -> None:
    for text in (token(DEMO_CLAIMS), unsigned(DEMO_CLAIMS) + "aa"):
        with pytest.raises(InvalidToken, match="is signed, unlike those of the emulator"):
            await emulator().verified(text)
