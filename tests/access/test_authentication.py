"""Who calls, from the headers of a request: tokens, App Check, services, and who is blocked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from shared.access.authentication import Open
from shared.access.caller import ANONYMOUS, ANYBODY, Caller
from shared.access.errors import AppNotVerified, KeysUnavailable, Unauthenticated
from shared.access.issuers import APP_CHECK_KEYS, FIREBASE_KEYS, GOOGLE_KEYS
from shared.access.key_discovery import Answer
from shared.access.token_authentication import TokenAuthenticator, token_authenticator
from shared.model.patient_key import patient_key
from shared.store.port import StoreUnavailable
from tests.access.issuing import (
    APP_CLAIMS,
    FIREBASE,
    FIREBASE_CLAIMS,
    GOOGLE_CLAIMS,
    NOW,
    Blocked,
    Web,
    token,
)

ROOT = Path(__file__).parents[2]
WITHOUT_APP_CHECK = msgspec.structs.replace(FIREBASE, app_check=False)
ADA = Caller("patient", "https://securetoken.google.com/clinic", "ada")
APP = [token(APP_CLAIMS)]


def authenticator(*, app_check: bool = False, web: Web | None = None) -> TokenAuthenticator:
    auth = FIREBASE if app_check else WITHOUT_APP_CHECK
    return token_authenticator(auth, Blocked(), lambda: NOW, (web or Web()).get)


def bearer(**changes: object) -> list[str]:
    return [f"Bearer {token({**FIREBASE_CLAIMS, **changes})}"]


async def caller(*authorization: str) -> Caller:
    return await authenticator().caller(authorization, [], app_check_needed=True)


async def test_without_a_token_the_caller_is_anonymous() -> None:
    assert await caller() == ANONYMOUS


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
async def test_with_a_token_the_caller_is_who_it_says(scheme: str) -> None:
    assert await caller(scheme + token(FIREBASE_CLAIMS)) == ADA


@pytest.mark.parametrize(
    "values",
    [
        [""],
        ["Basic YWRhOnB3"],
        [token(FIREBASE_CLAIMS)],
        [f"{token(FIREBASE_CLAIMS)} Bearer"],
        bearer() * 2,
    ],
    ids=range(5),
)
async def test_a_header_of_another_form_is_refused(values: list[str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await caller(*values)
    assert refused.value.detail == 'send one header Authorization, with "Bearer" and a token'


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        f"Bearer {token(FIREBASE_CLAIMS)} x",
        f"Bearer {token(FIREBASE_CLAIMS)}, Bearer x",
        f"Bearer\t{token(FIREBASE_CLAIMS)}",
    ],
    ids=range(5),
)
async def test_a_header_with_more_or_less_than_a_token_is_refused(value: str) -> None:
    with pytest.raises(Unauthenticated):
        await caller(value)


async def test_an_expired_token_says_so_and_never_counts_as_none() -> None:
    with pytest.raises(Unauthenticated) as refused:
        await caller(*bearer(exp=NOW - 60))
    assert refused.value.detail == "the token has expired; get a new one"
    assert (refused.value.code, refused.value.status) == ("unauthenticated", 401)


# App Check


async def test_the_app_is_verified_where_that_is_needed() -> None:
    calling = authenticator(app_check=True)
    for authorization, expected in ((bearer(), ADA), ([], ANONYMOUS)):
        assert await calling.caller(authorization, APP, app_check_needed=True) == expected
        assert await calling.caller(authorization, [], app_check_needed=False) == expected


@pytest.mark.parametrize(
    ("app_check", "detail"),
    [
        ([], "send one header X-Firebase-AppCheck, with a token of App Check"),
        (APP * 2, "send one header X-Firebase-AppCheck, with a token of App Check"),
        ([""], "App Check: the token is not a signed JSON Web Token"),
        (["Bearer " + APP[0]], "App Check: the token is not a signed JSON Web Token"),
        (
            [token({**APP_CLAIMS, "exp": NOW - 60})],
            "App Check: the token has expired; get a new one",
        ),
        (
            [token(FIREBASE_CLAIMS)],
            "App Check: the token is not from App Check of this project",
        ),
    ],
    ids=["none", "two", "empty", "bearer", "expired", "a user's"],
)
async def test_an_app_that_is_not_verified_is_refused(
    app_check: Sequence[str], detail: str
) -> None:
    for authorization in ([], bearer()):
        with pytest.raises(AppNotVerified) as refused:
            await authenticator(app_check=True).caller(
                authorization, app_check, app_check_needed=True
            )
        assert refused.value.detail == detail
        assert (refused.value.code, refused.value.status) == ("app_not_verified", 401)


async def test_a_token_that_was_verified_as_one_kind_does_not_count_as_the_other() -> None:
    calling, user = authenticator(app_check=True), bearer()
    await calling.caller(user, APP, app_check_needed=True)
    with pytest.raises(Unauthenticated, match="from another issuer"):
        await calling.caller([f"Bearer {APP[0]}"], APP, app_check_needed=True)
    with pytest.raises(AppNotVerified, match="not from App Check"):
        await calling.caller([], [user[0].removeprefix("Bearer ")], app_check_needed=True)


async def test_the_token_is_looked_at_before_the_app() -> None:
    with pytest.raises(Unauthenticated):
        await authenticator(app_check=True).caller(["Bearer x"], [], app_check_needed=True)


async def test_where_app_check_is_off_its_header_means_nothing() -> None:
    assert await authenticator().caller([], ["rubbish"], app_check_needed=True) == ANONYMOUS


async def test_a_service_needs_no_app() -> None:
    service = [f"Bearer {token(GOOGLE_CLAIMS)}"]
    found = await authenticator(app_check=True).caller(service, [], app_check_needed=True)
    assert found == Caller("staff", "https://accounts.google.com", "1234")
    staff = bearer(role="staff")
    with pytest.raises(AppNotVerified):
        await authenticator(app_check=True).caller(staff, [], app_check_needed=True)


# Keys


async def test_while_keys_cannot_be_fetched_nobody_can_tell() -> None:
    web = Web()
    web.pages[FIREBASE_KEYS] = Answer(b"down")
    with pytest.raises(KeysUnavailable):
        await authenticator(web=web).caller(bearer(), [], app_check_needed=True)
    web.pages[APP_CHECK_KEYS] = Answer(b"down")
    with pytest.raises(KeysUnavailable):
        await authenticator(app_check=True, web=web).caller([], APP, app_check_needed=True)


async def test_all_keys_that_will_be_needed_are_fetched_at_the_start() -> None:
    web = Web()
    calling = authenticator(app_check=True, web=web)
    calling.begin()
    await calling.caller(bearer(), APP, app_check_needed=True)
    assert sorted(web.asked) == sorted([FIREBASE_KEYS, GOOGLE_KEYS, APP_CHECK_KEYS])
    web.asked.clear()
    authenticator(web=web).begin()


# Blocked callers


async def test_tokens_from_before_a_block_count_no_longer() -> None:
    source = Blocked()
    issuer, issued_at = FIREBASE.issuer, NOW - 600
    source.since[patient_key(issuer, "before")] = datetime.fromtimestamp(issued_at, UTC)
    source.since[patient_key(issuer, "after")] = datetime.fromtimestamp(issued_at + 0.5, UTC)
    source.since[patient_key("https://other.example", "ada")] = datetime.fromtimestamp(NOW, UTC)
    calling = token_authenticator(WITHOUT_APP_CHECK, source, lambda: NOW, Web().get)
    for _ in range(2):
        for subject in ("before", "ada"):
            found = await calling.caller(bearer(sub=subject), [], app_check_needed=True)
            assert found.subject == subject
        with pytest.raises(Unauthenticated) as refused:
            await calling.caller(bearer(sub="after"), [], app_check_needed=True)
        assert refused.value.detail == "the token has been revoked; sign in again"


async def test_who_is_signed_in_anonymously_can_be_blocked_too() -> None:
    source = Blocked()
    source.since[patient_key(FIREBASE.issuer, "ada")] = datetime.fromtimestamp(NOW, UTC)
    calling = token_authenticator(WITHOUT_APP_CHECK, source, lambda: NOW, Web().get)
    with pytest.raises(Unauthenticated, match="has been revoked"):
        await calling.caller(
            bearer(firebase={"sign_in_provider": "anonymous"}), [], app_check_needed=True
        )


async def test_while_nobody_knows_who_is_blocked_nobody_is_let_in() -> None:
    source = Blocked()
    source.failure = StoreUnavailable("no answer")
    calling = token_authenticator(WITHOUT_APP_CHECK, source, lambda: NOW, Web().get)
    with pytest.raises(StoreUnavailable):
        await calling.caller(bearer(), [], app_check_needed=True)
    assert await calling.caller([], [], app_check_needed=True) == ANONYMOUS


# Nobody is asked


async def test_where_nobody_is_asked_everybody_is_anybody() -> None:
    open_to_all = Open()
    open_to_all.begin()
    assert await open_to_all.caller(["rubbish"], ["rubbish"], app_check_needed=True) == ANYBODY
