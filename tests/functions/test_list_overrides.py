"""list_overrides: those that stand in a window, page by page."""

import httpx
import pytest

from shared.access.caller import ANONYMOUS, Caller
from shared.transactions.forgetting import forget_overrides
from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem
from tests.functions.callers import ADA, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.ended_views import ending_views
from tests.functions.test_create_override import make

pytestmark = ON_BOTH_STORES

WEEK = {"doctor_id": "strange", "start": "2050-11-21", "end": "2050-11-27"}


async def ask(api: Api, **changes: str) -> httpx.Response:
    return await api.client.get("/list_overrides", params={**WEEK, **changes})


async def listed(api: Api, **changes: str) -> list[str]:
    """The notes of those that are listed."""
    overrides: list[Json] = (await ask(api, **changes)).json()["overrides"]
    return [each["note"] for each in overrides]


async def test_overrides_are_listed_as_they_were_made_by_start_then_id(api: Api) -> None:
    late = await make(api, start="2050-11-23", end="2050-11-23", note="ill")
    early = await make(api, kind="extra_hours", start="2050-11-21T17:00", end="2050-11-21T18:00")
    also = await make(api, start="2050-11-23", end="2050-11-24")
    rest = sorted([late, also], key=lambda made: str(made["override_id"]))
    for made in (early, *rest):
        del made["affected"], made["affected_count"]
    response = await ask(api)
    assert response.json() == {"overrides": [early, *rest], "next_page_token": None}


async def test_those_are_listed_that_share_time_with_the_window(api: Api) -> None:
    await make(api, start="2050-11-20", end="2050-11-20", note="ends at its start")
    await make(api, start="2050-11-28", end="2050-11-28", note="starts at its end")
    await make(api, start="2050-11-27T23:59", end="2050-11-28", note="its last minute")
    await make(api, start="2050-11-20", end="2050-11-21T00:01", note="its first minute")
    await make(api, start="2050-11-01", end="2050-12-31", note="all of it")
    assert await listed(api) == ["all of it", "its first minute", "its last minute"]
    assert await listed(api, doctor_id="who") == []


async def test_one_that_began_a_year_before_is_listed(api: Api) -> None:
    await make(api, start="2050-11-05", end="2051-11-05", note="a year")
    window = {"start": "2051-11-05T23:59", "end": "2051-11-06"}
    assert await listed(api, **window) == ["a year"]
    assert await listed(api, start="2051-11-06", end="2051-11-06") == []


async def test_the_window_may_be_366_days_long(api: Api) -> None:
    await make(api, start="2051-11-20", end="2051-11-20", note="late")
    assert await listed(api, start="2050-11-21", end="2051-11-21") == ["late"]


async def test_what_was_deleted_is_not_listed(api: Api) -> None:
    made = await make(api, note="a")
    await make(api, start="2050-11-22", end="2050-11-22", note="b")
    await api.post("delete_override", {"override_id": made["override_id"]})
    assert await listed(api) == ["b"]


async def test_what_is_forgotten_is_not_listed_and_is_unknown_to_who_deletes_it(api: Api) -> None:
    old = await make(api, start="2050-11-21", end="2050-11-22", note="old")
    await make(api, start="2050-11-22", end="2050-11-23", note="late")
    store, later = api.dependencies.store, at("2050-12-24T12:00Z")
    assert await forget_overrides(store, "strange", at("2050-11-23T05:00Z"), later) == 1
    assert await listed(api) == ["late"]
    response = await api.post("delete_override", {"override_id": old["override_id"]})
    problem(response, 404, "unknown_override")


async def test_pages_together_hold_each_override_once(api: Api) -> None:
    for number in range(5):
        # Two of each start, so that the id decides.
        date = f"2050-11-2{1 + number // 2}"
        await make(api, start=date, end=date, note=f"{number}")
    found, token = list[str](), ""
    async with calling(api.dependencies.store, api.clock) as other:
        for instance in (api, other, api):
            paging = {"page_token": token} if token else {}
            page = (await ask(instance, page_size="2", **paging)).json()
            found += [each["override_id"] for each in page["overrides"]]
            token = page["next_page_token"]
    assert token is None
    all_ = (await ask(api)).json()["overrides"]
    assert found == [each["override_id"] for each in all_]
    assert len(set(found)) == 5


async def test_a_later_page_shows_what_is_there_by_then(api: Api) -> None:
    for day in ("21", "23", "25"):
        await make(api, start=f"2050-11-{day}", end=f"2050-11-{day}", note=day)
    first = (await ask(api, page_size="1")).json()
    last = (await ask(api)).json()["overrides"][-1]
    await api.post("delete_override", {"override_id": last["override_id"]})
    await make(api, start="2050-11-22", end="2050-11-22", note="22")
    await make(api, start="2050-11-20", end="2050-11-21", note="20")
    assert await listed(api, page_token=first["next_page_token"]) == ["22", "23"]


async def test_no_page_needs_its_view_to_be_kept(api: Api) -> None:
    for day in ("21", "23"):
        await make(api, start=f"2050-11-{day}", end=f"2050-11-{day}", note=day)
    async with calling(ending_views(api.dependencies.store), api.clock) as erasing:
        first = (await ask(erasing, page_size="1")).json()
        assert await listed(erasing, page_token=first["next_page_token"]) == ["23"]


async def test_a_token_is_good_for_its_window_its_doctor_and_its_caller(api: Api) -> None:
    for day in ("21", "23"):
        await make(api, start=f"2050-11-{day}", end=f"2050-11-{day}")
    clerk = api.by(CLERK)
    token = (await ask(clerk, page_size="1")).json()["next_page_token"]
    assert len((await ask(clerk, page_token=token)).json()["overrides"]) == 1
    for refused in (
        await ask(clerk, page_token=token, end="2050-11-28"),
        await ask(clerk, page_token=token, doctor_id="who"),
        await ask(api.by(STEPHEN), page_token=token),
        await ask(api, page_token=token),
        await ask(clerk, page_token=f"A{token}"),
        await api.by(CLERK).page({**WEEK, "page_token": token}),
    ):
        assert field_errors(refused) == [("page_token", "page_token")]


async def test_a_doctor_whom_nobody_knows_is_404(api: Api) -> None:
    problem(await ask(api, doctor_id="doom"), 404, "unknown_doctor")


@pytest.mark.parametrize(
    ("caller", "status"),
    [(ANONYMOUS, 401), (ADA, 403), (OTHER_DOCTOR, 403), (STEPHEN, 200), (CLERK, 200)],
    ids=["anonymous", "patient", "another doctor", "doctor", "staff"],
)
async def test_who_may_list(api: Api, caller: Caller, status: int) -> None:
    assert (await ask(api.by(caller))).status_code == status


async def test_a_list_answers_head_too(api: Api) -> None:
    response = await api.client.head("/list_overrides", params=WEEK)
    assert (response.status_code, response.content) == (200, b"")
