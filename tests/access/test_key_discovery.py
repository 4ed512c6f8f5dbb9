"""Where keys are found: at an address that is known, or by discovery."""

import json

import pytest

from shared.access.errors import KeysUnavailable
from shared.access.key_discovery import Answer, discovered_keys, published_keys
from tests.access.issuing import AUTH0, Web, configuration, key_set, rsa_key, well_known

ADDRESS = "https://keys.example/jwks"
LOCAL = "http://127.0.0.1:8080/realms/clinic"


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", 0.0),
        ("public, max-age=19302, must-revalidate, no-transform", 19302.0),
        ("Max-Age=600", 600.0),
        ("max-age=600,s-maxage=5", 600.0),
        ("s-maxage=600", 0.0),
        ("no-store", 0.0),
        ("max-age=-1", 0.0),
        ("max-age=1e9", 0.0),
        ("max-age=" + "9" * 400, 0.0),
    ],
)
async def test_the_issuer_says_how_long_its_keys_are_fresh(
    cache_control: str, seconds: float
) -> None:
    web = Web()
    web.pages[ADDRESS] = Answer(key_set(rsa_key()), cache_control)
    fetched = await published_keys(ADDRESS, web.get)
    assert (list(fetched.keys), fetched.max_age) == (["one"], seconds)


async def test_keys_are_found_by_discovery() -> None:
    web = Web()
    fetched = await discovered_keys(AUTH0.issuer, web.get)
    assert list(fetched.keys) == ["one", "two"]
    assert web.asked == [
        "https://clinic.eu.auth0.com/.well-known/openid-configuration",
        "https://clinic.eu.auth0.com/keys",
    ]


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        (AUTH0.issuer, "https://elsewhere.example:8443/keys?p=sign_in"),
        (LOCAL, f"{LOCAL}/keys"),
        (LOCAL, "https://clinic.example/keys"),
    ],
)
async def test_keys_may_be_elsewhere(issuer: str, address: str) -> None:
    web = Web()
    web.pages[well_known(issuer)] = Answer(configuration(issuer, address))
    web.pages[address] = Answer(key_set(rsa_key()))
    assert list((await discovered_keys(issuer, web.get)).keys) == ["one"]


@pytest.mark.parametrize(
    "address",
    ["http://clinic.eu.auth0.com/keys", LOCAL, "file:///etc/keys", "keys", "https://", "", 5, None],
)
async def test_keys_are_not_taken_from_where_others_can_change_them(address: object) -> None:
    web = Web()
    body = json.dumps({"issuer": AUTH0.issuer, "jwks_uri": address}).encode()
    web.pages[well_known(AUTH0.issuer)] = Answer(body)
    with pytest.raises(KeysUnavailable, match="not at an https address"):
        await discovered_keys(AUTH0.issuer, web.get)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"issuer": "a"}', b"[" * 100_000]
)
async def test_rubbish_is_no_configuration(body: bytes) -> None:
    web = Web()
    web.pages[well_known(AUTH0.issuer)] = Answer(body)
    with pytest.raises(KeysUnavailable, match="names no issuer or no keys"):
        await discovered_keys(AUTH0.issuer, web.get)


async def test_the_configuration_must_be_that_of_the_issuer() -> None:
    web = Web()
    tenant = "https://login.microsoftonline.com/{tenantid}/v2.0"
    for other in (tenant, "https://clinic.eu.auth0.com"):
        web.pages[well_known(AUTH0.issuer)] = Answer(configuration(other, ADDRESS))
        with pytest.raises(KeysUnavailable, match="of another issuer"):
            await discovered_keys(AUTH0.issuer, web.get)
