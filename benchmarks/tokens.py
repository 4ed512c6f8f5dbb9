"""What it costs to know who calls: a token seen before, a new one, and the start of an instance."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import mean, median
from typing import Final

import jwt
import uvloop

from benchmarks.instances import Request, start
from benchmarks.servers import load_doctors, on_firestore
from benchmarks.table import Figure, Row, plain, within
from benchmarks.timing import Way, medians, say
from shared.access.token_authentication import TokenAuthenticator, token_authenticator
from tests.access.issuing import FIREBASE, FIREBASE_CLAIMS, Blocked, Web, rsa_key, token

TOKENS: Final = 200
TIMES: Final = 15
STARTS: Final = 15
PICTURE: Final = "https://pictures.example/" + "a" * 300
MICROSECONDS: Final = Figure(10, "us")
MILLISECONDS: Final = Figure(40, "ms")


def rows() -> list[Row]:
    """Measure tokens in process, and cold starts with and without them."""
    return [*uvloop.run(_token_rows()), *_start_rows()]


# Tokens


async def _token_rows() -> Sequence[Row]:
    say("tokens")
    texts = _tokens()
    remembering = _authenticator()

    async def verify_first(_number: int) -> None:
        await _all(_authenticator(), texts)

    async def verify_again(_number: int) -> None:
        await _all(remembering, texts)

    async def verify_by_library(_number: int) -> None:
        key = rsa_key().private.public_key()
        for text in texts:
            jwt.decode(text, key, ["RS256"], audience="clinic", issuer=FIREBASE.issuer)

    ways: Mapping[str, Way] = {
        "first": verify_first,
        "again": verify_again,
        "PyJWT": verify_by_library,
    }
    taken = await medians(ways, TIMES, warm_up=1)
    again, first, library = (
        Figure(taken[way] * 1e6 / TOKENS, "us", name)
        for way, name in (("again", ""), ("first", ""), ("PyJWT", "PyJWT"))
    )
    return [
        within("a token that was verified before", again, MICROSECONDS),
        plain("a token that is verified for the first time", first, library),
    ]


def _tokens() -> Sequence[str]:
    """Return tokens of different users, each as long as those of Firebase are (1.1 KB)."""
    seconds = int(time.time())
    times = {"iat": seconds, "auth_time": seconds, "exp": seconds + 3600}
    claims = {**FIREBASE_CLAIMS, **times, "picture": PICTURE}
    return [token({**claims, "sub": f"user-{n}"}) for n in range(TOKENS)]


def _authenticator() -> TokenAuthenticator:
    return token_authenticator(
        FIREBASE, Blocked(), lambda: datetime.now(UTC).timestamp(), Web().get
    )


async def _all(authenticator: TokenAuthenticator, texts: Sequence[str]) -> None:
    for text in texts:
        await authenticator.caller([f"Bearer {text}"], [], app_check_needed=False)


# Starts


def _start_rows() -> Sequence[Row]:
    """Measure starts in pairs, one with and one without AUTH, so that load disturbs both alike.

    The first pair does not count: Python may compile modules in it.
    """
    settings = on_firestore()
    load_doctors(settings)
    pairs = []
    for turn in range(STARTS + 1):
        say(f"cold starts with and without AUTH, turn {turn} of {STARTS}")
        without, with_auth = (
            start("first_available", Request(), {**settings, "AUTH": auth})
            for auth in ("none", "firebase")
        )
        pairs.append((without, with_auth))
    del pairs[0]
    what = "cold start with AUTH=firebase instead of none, longer by"
    longer = Figure(median(b.elapsed - a.elapsed for a, b in pairs), "ms")
    # A processor's clock has ticks of 10 ms.
    processor = Figure(mean(b.processor - a.processor for a, b in pairs), "ms")
    return [within(what, longer, MILLISECONDS), plain(f"{what}, processor time", processor)]
