"""Page tokens: only what was issued for the same scope, with a key of the deployment, is read."""

import base64
import hmac
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from shared.http.page_tokens import Bookmark, Scope, page_token, read_page_token
from shared.model.interval import Interval
from tests.builders import at
from tests.examples import examples

KEY, OLD_KEY, OTHER_KEY = b"a key of this deployment, the new", b"the old one", b"of another"
START, INSTANT = at("2050-11-21T14:00Z"), at("2050-11-18T12:00:00.000001Z")
BOOKMARK = Bookmark((START, "strange.20501121.x"), INSTANT)
WINDOW = Interval(at("2050-11-21T05:00Z"), at("2050-11-22T05:00Z"))
SCOPE = Scope("list_appointments", ("strange", WINDOW, "booked"))
TOKEN = page_token(BOOKMARK, SCOPE, [KEY])
SCOPE_IN_JSON = (
    '{"function":"list_appointments","parameters":'
    '["strange",["2050-11-21T05:00:00Z","2050-11-22T05:00:00Z"],"booked"]}'
)
"""In this form it is signed: another one would break the tokens that are about."""


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "==")


def signed(content: object, scope: str = SCOPE_IN_JSON, key: bytes = KEY) -> str:
    """Whatever it is, with a signature that is right."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return encoded(hmac.digest(key, scope.encode() + b"\n" + text, "sha256") + text)


def refused(token: str, scope: Scope = SCOPE, *keys: bytes) -> bool:
    try:
        read_page_token(token, scope, keys or [KEY])
    except PydanticCustomError as error:
        message = "is not a token for these parameters; start again without one"
        return (error.type, error.message()) == ("page_token", message)
    return False


CONTENT = [2, "2050-11-21T14:00:00Z", "strange.20501121.x", "2050-11-18T12:00:00.000001Z"]


def test_a_token_is_read_as_it_was_issued_and_has_a_form_that_stays() -> None:
    assert read_page_token(TOKEN, SCOPE, [KEY]) == BOOKMARK
    assert read_page_token(signed(CONTENT), SCOPE, [KEY]) == BOOKMARK


def test_the_longest_token_is_one_that_a_request_may_send() -> None:
    bookmark = Bookmark((START, "x" * 128), INSTANT)
    assert len(page_token(bookmark, SCOPE, [KEY])) < 500


# Keys


def test_keys_are_changed_in_three_steps_that_break_no_token() -> None:
    steps = [[OLD_KEY], [OLD_KEY, KEY], [KEY, OLD_KEY], [KEY]]
    issued = [page_token(BOOKMARK, SCOPE, keys) for keys in steps]
    # While instances of two steps run, each reads what the other one issues.
    for before, after in ((0, 1), (1, 2), (2, 3)):
        assert read_page_token(issued[before], SCOPE, steps[after]) == BOOKMARK
        assert read_page_token(issued[after], SCOPE, steps[before]) == BOOKMARK


def test_a_token_of_a_key_that_is_gone_is_refused() -> None:
    assert refused(page_token(BOOKMARK, SCOPE, [OLD_KEY]), SCOPE, KEY)


@pytest.mark.parametrize("key", [OTHER_KEY, b"", KEY[:-1], KEY + b"x"])
def test_a_token_of_another_key_is_refused(key: bytes) -> None:
    assert refused(page_token(BOOKMARK, SCOPE, [key]), SCOPE, KEY, OLD_KEY)


# Scopes


@pytest.mark.parametrize(
    "scope",
    [
        Scope("list_overrides", SCOPE.parameters),
        Scope("list_appointments", ("who", WINDOW, "booked")),
        Scope("list_appointments", ("strange", WINDOW, "all")),
        Scope(
            "list_appointments",
            ("strange", WINDOW._replace(end=WINDOW.end + timedelta(microseconds=1)), "booked"),
        ),
        Scope(
            "list_appointments",
            ("strange", WINDOW._replace(start=WINDOW.start - timedelta(microseconds=1)), "booked"),
        ),
        Scope("list_appointments", (*SCOPE.parameters, None)),
        Scope("list_appointments", SCOPE.parameters[:-1]),
        Scope("list_appointments", ()),
    ],
    ids=["function", "doctor", "status", "end", "start", "one more", "one less", "none"],
)
def test_a_token_of_another_scope_is_refused(scope: Scope) -> None:
    assert refused(TOKEN, scope)
    assert refused(page_token(BOOKMARK, scope, [KEY]))


# Made-up tokens


@pytest.mark.parametrize(
    "offset", [timedelta(days=-400), timedelta(hours=-2), timedelta(seconds=1)]
)
def test_a_client_cannot_choose_the_instant(offset: timedelta) -> None:
    signature = decoded(TOKEN)[:32]
    told = (INSTANT + offset).isoformat().replace("+00:00", "Z")
    assert refused(encoded(signature + json.dumps([*CONTENT[:3], told]).encode()))
    assert refused(encoded(json.dumps([*CONTENT[:3], told]).encode()))


def test_a_token_of_which_anything_is_changed_added_or_left_out_is_refused() -> None:
    content = decoded(TOKEN)
    assert encoded(content) == TOKEN
    for place in range(len(content)):
        for bit in range(8):
            changed = bytes([content[place] ^ 1 << bit])
            assert refused(encoded(content[:place] + changed + content[place + 1 :]))
        assert refused(encoded(content[:place] + content[place + 1 :]))
        assert refused(encoded(content[:place]))
    for place in range(len(TOKEN)):
        assert refused(TOKEN[:place])
        assert refused(TOKEN[:place] + "\n" * 4 + TOKEN[place:])
    assert refused(TOKEN + "AAAA")


def test_a_token_of_release_1_0_which_was_not_signed_is_refused() -> None:
    old = ["71f178c7ddfcf1f1", 2552652000000000, 2552385600000000, "strange.20501121.x"]
    assert refused(encoded(json.dumps(old, separators=(",", ":")).encode()))
    assert refused(signed(old))


STARTS: tuple[object, ...] = (
    None,
    7,
    "",
    "nine",
    "2050-11-21",
    "2050-11-21T14:00:00",
    [],
    {},
    "9" * 99,
)


@pytest.mark.parametrize(
    "content",
    [
        *([version, *CONTENT[1:]] for version in (1, 3, 0, -2, "2", 2.5, None, True, 10**30)),
        *([2, start, *CONTENT[2:]] for start in STARTS),
        *([*CONTENT[:2], name, CONTENT[3]] for name in (None, 7, ["a"], {"a": 1}, False)),
        *([*CONTENT[:3], instant] for instant in (None, 1.5, "", "soon", "10000-01-01T00:00:00Z")),
        *(
            [],
            {},
            None,
            0,
            "text",
            True,
            CONTENT[:3],
            [*CONTENT, 1],
            [CONTENT],
            dict.fromkeys("ab"),
        ),
        *(b"", b"\xff\xfe", b"[", b"[" * 10_000, b"9" * 5000, b"NaN", b'"\\ud800"', b"\0" * 64),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_content_of_another_form_or_version_is_refused_even_if_it_is_signed(
    content: object,
) -> None:
    assert refused(signed(content))


@examples(100)
@given(st.text(max_size=500) | st.binary(max_size=300).map(encoded))
def test_whatever_nobody_issued_is_refused(token: str) -> None:
    assert refused(token)
