"""Whatever is sent, there is a well-formed answer, and never a failure of ours."""

import string
from datetime import timedelta, timezone
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.functions.api import MONDAY_AT_NINE, Api, Json
from tests.functions.bad_requests import GOOD_BODIES, SOME_ID

JSON = {"Content-Type": "application/json"}
# One store is there for all examples; what some of them book may refuse others.
ONE_STORE = [HealthCheck.function_scoped_fixture]
ANY = settings(examples(50), suppress_health_check=ONE_STORE)

BODY_FIELDS = (
    *(*MONDAY_AT_NINE, "end", "reason", "name", "email", "phone"),
    *("rule", "if_unavailable", "seconds", "hold_id", "series_id", "after"),
)
# Local mean time has seconds.
OFFSETS = [timedelta(seconds=s) for s in (0, -75, 20_700, -86_340, 86_340)]
ZONES = st.sampled_from([timezone(offset) for offset in OFFSETS])
TIMES = st.datetimes(timezones=st.none() | ZONES).map(lambda time: time.isoformat())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
    | TIMES
    | st.sampled_from(["strange", "who", SOME_ID, "who.20501121.x"])
)
NAMES = st.sampled_from(BODY_FIELDS) | st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20
)
CHANGES = st.dictionaries(st.sampled_from((*BODY_FIELDS, "appointment_id")), VALUES, max_size=3)

LISTING = st.sampled_from(["doctor_id", "start", "end", "status", "page_size", "page_token"])
LOOKING = st.just("appointment_id")
SEARCHING = st.sampled_from(["after", "until", "duration_minutes", "count", "step_minutes"])
QUERY_VALUES = (
    st.text(st.characters(codec="utf-8"), max_size=20)
    | TIMES
    | st.integers().map(str)
    | st.sampled_from(["strange", "who", "all", "2050-11-21T00:00", "2050-11-22T00:00Z", SOME_ID])
)
QUERIES = st.lists(st.tuples(LISTING | SEARCHING | LOOKING, QUERY_VALUES), max_size=6).map(
    urlencode
)
# All that may stand in a request line without being escaped, and "%" itself.
RAW_QUERIES = st.text(string.ascii_letters + string.digits + "%&=+;:-._~!$'()*,/?@")

ALMOST_IDS = st.from_regex(
    r"(strange|who|[A-Za-z0-9._-]{1,9})\.([0-9]{8}(\.hold)?|series)\.[A-Za-z0-9]{1,9}",
    fullmatch=True,
)
NUMBERS = st.integers(-1, 400).map(str) | st.text(max_size=3)
DAYS = st.lists(st.from_regex(r"[+-]?[0-6]?(MO|TU|SU)", fullmatch=True) | NUMBERS).map(",".join)
UNTILS = st.from_regex(r"(2050|2051|0000|9999)[0-9]{4}(T[0-9]{6}Z?)?", fullmatch=True) | NUMBERS
PARTS = (
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "WKST=SU", "BYSETPOS=1"])
    | NUMBERS.map("COUNT={}".format)
    | NUMBERS.map("INTERVAL={}".format)
    | DAYS.map("BYDAY={}".format)
    | UNTILS.map("UNTIL={}".format)
)
RULES = st.lists(PARTS, max_size=5).map(";".join) | st.text(max_size=300)


def check(response: httpx.Response) -> None:
    """A problem, if it is one, is a whole problem; and the fault is never ours."""
    assert response.status_code < 500, response.text
    if response.status_code < 400:
        assert response.headers["content-type"] == "application/json"
        return
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:appointments:problem:{document['code']}"
    assert document["title"]
    assert document["detail"]
    assert document["detail"].isprintable()
    assert "Traceback" not in response.text
    if response.status_code == 400:
        assert document["errors"]
        for error in document["errors"]:
            assert error.keys() == {"field", "message", "type"}
            assert not error["message"][0].isupper()
            assert f"{error['field']} {error['message']}".isprintable()


@pytest.fixture(autouse=True)
async def some_appointment(api: Api) -> None:
    """There is one, until an example moves or cancels it."""
    await api.put_some_appointment()


@pytest.mark.parametrize("function", GOOD_BODIES)
@settings(examples(30), suppress_health_check=ONE_STORE)
@given(body=VALUES, changes=CHANGES)
async def test_any_json_gets_an_answer(
    api: Api, function: str, body: object, changes: Json
) -> None:
    check(await api.post(function, body))
    check(await api.post(function, {**GOOD_BODIES[function], **changes}))


@ANY
@given(appointment_id=st.text(string.ascii_letters + string.digits + "._-") | ALMOST_IDS)
async def test_any_id_gets_an_answer(api: Api, appointment_id: str) -> None:
    check(await api.get({"appointment_id": appointment_id}))
    check(await api.cancel({"id": appointment_id}))
    check(await api.reschedule({"id": appointment_id}, "2050-11-22T09:00"))
    check(await api.ask(hold_id=appointment_id))
    check(await api.release({"hold_id": appointment_id}))
    check(await api.cancel_series({"series_id": appointment_id}))


@ANY
@given(rule=RULES)
async def test_any_rule_gets_an_answer(api: Api, rule: str) -> None:
    check(await api.ask_series(rule, if_unavailable="skip"))


@ANY
@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
async def test_any_bytes_get_an_answer(api: Api, content: bytes) -> None:
    for function in GOOD_BODIES:
        check(await api.client.post(f"/{function}", content=content, headers=JSON))


@ANY
@given(query=QUERIES | RAW_QUERIES)
async def test_any_query_string_gets_an_answer(api: Api, query: str) -> None:
    check(await api.page(query))
    check(await api.first(query))
    check(await api.get(query))
