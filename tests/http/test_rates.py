"""How often one caller may call an instance."""

import httpx
import pytest
from msgspec.structs import replace

from shared.access.caller import ANONYMOUS, ANYBODY, Caller
from shared.http import rates
from shared.http.application import application
from shared.http.caller_errors import CallsTooOften
from shared.http.dependencies import Dependencies
from shared.http.rates import Rates
from shared.http.store_health import StoreHealth
from shared.observability.request_log import write_readable
from shared.runtime.combined_application import function_routes
from tests.functions.api import problem
from tests.functions.callers import ADA, BOB, Known
from tests.http.clocks import Seconds
from tests.http_messages import dependencies
from tests.scripted_store import ScriptedStore

HERE, THERE, ELSEWHERE = "127.0.0.1", "203.0.113.7", "2001:db8::7"


def granted(rates: Rates, *name: str) -> int | str:
    """0, or how many seconds a caller has to wait."""
    try:
        rates.count(name)
    except CallsTooOften as error:
        return (error.headers or {})["Retry-After"]
    return 0


def test_a_caller_may_send_four_seconds_requests_at_once_and_then_as_many_as_time_goes_by() -> None:
    seconds = Seconds()
    rates = Rates(50, seconds)
    assert [granted(rates, "a") for _ in range(201)] == [*[0] * 200, "1"]
    seconds.now += 0.021
    assert [granted(rates, "a") for _ in range(2)] == [0, "1"]
    seconds.now += 3600
    assert [granted(rates, "a") for _ in range(201)] == [*[0] * 200, "1"]


def test_a_refusal_says_when_the_next_request_is_taken() -> None:
    seconds = Seconds()
    rates = Rates(1, seconds)
    assert [granted(rates, "a") for _ in range(6)] == [0, 0, 0, 0, "1", "1"]
    seconds.now += 0.9
    assert granted(rates, "a") == "1"
    seconds.now += 0.1
    assert granted(rates, "a") == 0


def test_callers_are_counted_apart_and_whoever_has_no_name_is_not() -> None:
    rates = Rates(1, Seconds())
    assert [granted(rates, "a") for _ in range(5)][-1] == "1"
    assert granted(rates, "a", "b") == granted(rates, "b") == 0
    for _ in range(9):
        rates.count(None)


def test_a_rate_of_zero_counts_nobody() -> None:
    rates = Rates(0, Seconds())
    assert [granted(rates, "a") for _ in range(999)] == [0] * 999


def test_of_too_many_callers_the_one_that_was_silent_longest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "MOST_CALLERS", 2)
    counted = Rates(1, Seconds())
    for name in ("a", "b", "a", "a", "a", "b", "b", "b", "a", "c"):
        granted(counted, name)
    assert granted(counted, "a") == "1"
    assert granted(counted, "b") == 0


# By HTTP


async def statuses(
    caller: Caller,
    peer: str,
    *sent: tuple[str, dict[str, str]],
    known: Dependencies | None = None,
) -> list[int]:
    """The answers to requests, of which each caller may send four."""
    counting = replace(
        known or dependencies(), authenticator=Known(caller), rates=Rates(1, Seconds())
    )
    app = application(counting, function_routes(counting), write_readable)
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        return [(await client.get(path, headers=headers)).status_code for path, headers in sent]


BAD: tuple[str, dict[str, str]] = ("/first_available?count=", {})


@pytest.mark.parametrize("caller", [ADA, ANONYMOUS, ANYBODY], ids=["known", "unknown", "open"])
async def test_who_calls_too_often_is_told_when_to_come_back(caller: Caller) -> None:
    assert await statuses(caller, THERE, *[BAD] * 6) == [400, 400, 400, 400, 429, 429]


async def test_the_refusal_is_a_problem_with_retry_after() -> None:
    counting = replace(dependencies(), authenticator=Known(ADA), rates=Rates(1, Seconds()))
    app = application(counting, function_routes(counting), write_readable)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://clinic.test"
    ) as client:
        for _ in range(4):
            await client.get("/first_available?count=")
        response = await client.get("/first_available?count=")
        options = await client.options("/first_available")
        alive = await client.get("/health")
    assert problem(response, 429, "too_many_requests").keys() == {"detail"}
    assert response.headers["retry-after"] == "1"
    assert (options.status_code, alive.status_code) == (204, 200)


@pytest.mark.parametrize("caller", [ANONYMOUS, ANYBODY], ids=["unknown", "open"])
async def test_nobody_counts_what_comes_from_this_machine_without_a_token(caller: Caller) -> None:
    assert await statuses(caller, HERE, *[BAD] * 9) == [400] * 9
    assert await statuses(caller, "::1", *[BAD] * 9) == [400] * 9


async def test_an_address_that_a_client_claims_does_not_count() -> None:
    forged = [("/first_available?count=", {"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(5)]
    assert (await statuses(ANONYMOUS, THERE, *forged))[-1] == 429


async def test_behind_a_proxy_the_address_that_it_appended_counts() -> None:
    known = dependencies()
    proxied = replace(known, settings=replace(known.settings, proxied=True))

    def sent(*addresses: str) -> tuple[str, dict[str, str]]:
        return ("/first_available?count=", {"X-Forwarded-For": ", ".join(addresses)})

    claimed = [sent(f"198.51.100.{n}", THERE) for n in range(5)]
    answers = await statuses(ANONYMOUS, HERE, *claimed, sent(THERE, ELSEWHERE), known=proxied)
    assert answers == [400, 400, 400, 400, 429, 400]


async def test_a_store_s_health_is_not_counted() -> None:
    known = replace(dependencies(), store_health=StoreHealth(ScriptedStore(), 10))
    assert await statuses(BOB, THERE, *[("/health/store", {})] * 9, known=known) == [200] * 9
