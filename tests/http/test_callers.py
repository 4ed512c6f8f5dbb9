"""Who calls, as every function finds it out, and in which order it checks."""

from collections.abc import Sequence

import httpx
import pytest
from msgspec.structs import replace

from shared.access import errors as access
from shared.access.caller import ANONYMOUS, Caller
from shared.http.application import application
from shared.http.rates import Rates
from shared.observability.request_log import write_readable
from shared.runtime.combined_application import function_routes
from tests.functions.api import field_errors, problem
from tests.functions.bad_requests import SOME_ID
from tests.functions.callers import ADA, Known
from tests.http.clocks import Seconds
from tests.http_messages import dependencies

Headers = list[tuple[str, str]]


class Asked:
    """An authenticator that notes what it is asked, and answers with a caller or an error."""

    def __init__(self, answer: Caller | Exception) -> None:
        self._answer = answer
        self.asked: list[tuple[Sequence[str], Sequence[str], bool]] = []

    def begin(self) -> None:
        """There is nothing to fetch."""

    async def caller(
        self, authorization: Sequence[str], app_check: Sequence[str], *, app_check_needed: bool
    ) -> Caller:
        self.asked.append((authorization, app_check, app_check_needed))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def client(authenticator: Asked | Known, rate: int = 0) -> httpx.AsyncClient:
    """A client of all functions, whose store is never opened."""
    used = replace(dependencies(), authenticator=authenticator, rates=Rates(rate, Seconds()))
    app = application(used, function_routes(used), write_readable)
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://clinic.test")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (access.Unauthenticated("the token has expired"), "unauthenticated"),
        (access.AppNotVerified("the app is not verified"), "app_not_verified"),
    ],
)
@pytest.mark.parametrize("path", ["/first_available", "/get_appointment", "/health/store"])
async def test_a_token_that_does_not_count_is_refused_everywhere_on_public_functions_too(
    error: access.AccessRefused, code: str, path: str
) -> None:
    response = await client(Asked(error)).get(path)
    assert problem(response, 401, code) == {"detail": error.detail}
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/first_available", "/get_appointment", "/health/store"])
@pytest.mark.parametrize(
    "error", [access.Unauthenticated("it has expired"), access.AppNotVerified("not verified")]
)
async def test_who_is_refused_counts_by_address_so_that_nobody_guesses_faster(
    error: access.AccessRefused, path: str
) -> None:
    guessing = client(Asked(error), rate=1)
    answers = [(await guessing.get(path)).status_code for _ in range(6)]
    assert answers == [401, 401, 401, 401, 429, 429]


async def test_who_is_not_signed_in_where_one_must_be_counts_too() -> None:
    nobody = client(Known(ANONYMOUS), rate=1)
    answers = [(await nobody.get("/get_appointment")).status_code for _ in range(6)]
    assert answers == [401, 401, 401, 401, 429, 429]


async def test_where_nobody_can_tell_whether_a_token_counts_the_client_may_try_again() -> None:
    response = await client(Asked(access.KeysUnavailable("no answer"))).get("/first_available")
    told = problem(response, 503, "try_again")["detail"]
    assert told.startswith("the keys that tokens are checked with could not be fetched; send")
    assert response.headers["retry-after"] == "1"


async def test_all_that_was_sent_is_checked_and_the_app_not_of_those_who_ask_for_health() -> None:
    known = Asked(ANONYMOUS)
    sent: Headers = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    sent += [("X-Firebase-AppCheck", "c")]
    caller = client(known)
    await caller.get("/first_available?count=", headers=sent)
    await caller.post("/create_appointment", headers=[("Content-Type", "application/json")])
    assert known.asked == [(["Bearer a", "Bearer b"], ["c"], True), ([], [], True)]
    for path in ("/health", "/first_available"):
        await caller.request("OPTIONS" if path != "/health" else "GET", path)
    assert len(known.asked) == 2


async def test_a_health_check_needs_no_app() -> None:
    refusing = Asked(access.Unauthenticated("the token has expired"))
    await client(refusing).get("/health/store")
    assert refusing.asked == [([], [], False)]


JSON = {"Content-Type": "application/json"}
OF_BOB = (
    '{"doctor_id": "strange", "start": "2050-11-21T09:00", "duration_minutes": 30,'
    ' "patient": {"name": "Ada", "id": "bob"}}'
)


async def test_the_form_is_checked_before_the_token_that_before_the_body_and_the_role_last() -> (
    None
):
    nobody, ada = client(Known(ANONYMOUS)), client(Known(ADA), rate=1)
    url = "/create_appointment"
    problem(await nobody.post(url, content="{"), 415, "unsupported_media_type")
    problem(await nobody.post(url, content="{", headers=JSON), 401, "unauthenticated")
    assert field_errors(await ada.post(url, content="{", headers=JSON)) == [
        ("body", "json_invalid")
    ]
    key = {**JSON, "Idempotency-Key": "a b"}
    assert field_errors(await ada.post(url, content=OF_BOB, headers=key)) == [
        ("Idempotency-Key", "idempotency_key")
    ]
    for _ in range(2):
        problem(await ada.post(url, content=OF_BOB, headers=JSON), 403, "forbidden")
    problem(await ada.post(url, content="{", headers=JSON), 429, "too_many_requests")
    problem(await ada.post(url, content="{"), 415, "unsupported_media_type")


async def test_who_is_not_signed_in_is_told_how_to_be() -> None:
    response = await client(Known(ANONYMOUS)).get(f"/get_appointment?appointment_id={SOME_ID}")
    assert "Authorization: Bearer" in problem(response, 401, "unauthenticated")["detail"]
