"""create_calendar_link and doctor_calendar: a calendar that other calendars subscribe to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANONYMOUS
from shared.model.appointment import Patient
from shared.observability.request_record import RequestRecord
from tests.builders import appointment, at, schedule
from tests.functions.api import NOW, ON_BOTH_STORES, Api, Clock, calling, problem
from tests.functions.calendars import check_form, feed, link_to, read
from tests.functions.callers import ADA, CLERK, STEPHEN
from tests.functions.clinics import CLINIC
from tests.functions.described import change_doctor
from tests.functions.reads import fresh

pytestmark = ON_BOTH_STORES


def naming(api: Api) -> Api:
    """The same instance, where calendars name patients."""
    settings = replace(api.dependencies.settings, calendar_names=True)
    return Api(replace(api.dependencies, settings=settings), api.clock)


# The link


async def test_a_link_is_made_once_and_shown_again(api: Api) -> None:
    first = await api.post("create_calendar_link", {"doctor_id": "strange"})
    again = await api.post("create_calendar_link", {"doctor_id": "strange"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    token = first.json()["token"]
    path = f"doctor_calendar?token={token}"
    assert first.json() == {"doctor_id": "strange", "token": token, "path": path}
    assert (await api.client.get(f"/{path}")).status_code == 200
    assert await link_to(api, "who") != token


async def test_a_renewed_link_opens_the_calendar_and_the_old_one_nothing_at_once(api: Api) -> None:
    old = await link_to(api)
    async with calling(api.dependencies.store, api.clock) as other:
        assert (await feed(other, old)).status_code == 200
        renewed = await api.post("create_calendar_link", {"doctor_id": "strange", "renew": True})
        assert renewed.status_code == 201
        problem(await feed(other, old), 404, "unknown_calendar")
        assert (await feed(other, renewed.json()["token"])).status_code == 200
        assert await link_to(other) == renewed.json()["token"]


async def test_the_first_link_may_be_asked_for_as_a_renewed_one(api: Api) -> None:
    first = await api.post("create_calendar_link", {"doctor_id": "strange", "renew": True})
    assert first.status_code == 201
    assert await link_to(api) == first.json()["token"]


async def test_there_is_no_link_to_the_calendar_of_nobody(api: Api) -> None:
    problem(await api.post("create_calendar_link", {"doctor_id": "doom"}), 404, "unknown_doctor")


async def test_whoever_has_the_link_needs_no_token(api: Api) -> None:
    token = await link_to(api.by(STEPHEN))
    assert (await feed(api.by(ANONYMOUS), token)).status_code == 200
    assert (await feed(api.by(ADA), token)).status_code == 200


HOSTILE = [
    *("", ".", "strange", "strange.", ".x", "strange.x", "who.{secret}", "doom.{secret}"),
    *(
        "{secret}",
        "{token}x",
        "{token}.",
        " {token}",
        "{token}\n",
        "STRANGE.{secret}",
        "-.{secret}",
    ),
    *("strange/../who.{secret}", "../strange.{secret}", "__x__.{secret}", "%2e%2e.{secret}"),
    *(
        "strange\0.{secret}",
        "str\u00e5nge.{secret}",
        "\ud7ff.x",
        "strange.\U0001f512",
        "*.{secret}",
    ),
    *("strange'--.{secret}", "a" * 10_000, "strange." + "x" * 10_000, "." * 5_000, "a.b.c.d"),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=[repr(each[:20]) for each in HOSTILE])
async def test_any_other_token_is_answered_in_the_same_words_after_the_same_reads(
    api: Api, hostile: str
) -> None:
    token = await link_to(api)
    answers, reads = [], list[int]()
    for wrong in ("strange.guessed", hostile.format(token=token, secret=token.rpartition(".")[2])):
        async with fresh(api, ANONYMOUS, reads) as instance:
            response = await feed(instance, wrong)
        assert problem(response, 404, "unknown_calendar").keys() == {"detail"}
        answers.append({**response.json(), "instance": ""})
    assert answers[0] == answers[1]
    assert reads == [1, 1]


async def test_a_calendar_of_a_doctor_who_was_deleted_is_none(api: Api) -> None:
    secret = await api.dependencies.store.replace_calendar_link("doom", None, "s3cret")
    problem(await feed(api, f"doom.{secret}"), 404, "unknown_calendar")


# What it shows


async def test_it_shows_what_is_booked_and_names_nobody(api: Api) -> None:
    clinic = api.of(CLINIC)
    token = await link_to(clinic)
    patient = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "555-0199"}
    plain = (await clinic.ask(patient=patient, reason="a secret reason")).json()
    check_up = {"service_id": "check-up", "duration_minutes": None, "start": "2050-11-21T10:00"}
    other = (await clinic.ask(**check_up, patient=patient)).json()
    gone = await clinic.book("2050-11-21T12:00")
    await clinic.cancel(gone)
    await clinic.book("2050-11-21T12:00Z", doctor_id="who")
    events = read(response := await feed(clinic, token))
    assert [(e["uid"], e["summary"], e["status"]) for e in events] == [
        (plain["id"], "Booked", "CONFIRMED"),
        (other["id"], "Check-up", "CONFIRMED"),
    ]
    assert [e["dtstart"] for e in events] == [at("2050-11-21T14:00Z"), at("2050-11-21T15:00Z")]
    assert not any(part in response.text for part in ("Ada", "ada@", "555-0199", "secret"))
    assert response.headers["content-disposition"] == 'attachment; filename="calendar.ics"'
    for line in ("NAME:Doctor Strange", "X-WR-CALNAME:Doctor Strange", "X-PUBLISHED-TTL:PT15M"):
        assert f"\r\n{line}\r\n" in response.text
    assert "\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n" in response.text


async def test_where_the_clinic_wants_it_patients_are_named_and_nothing_more(api: Api) -> None:
    clinic = naming(api.of(CLINIC))
    await clinic.ask(reason="a secret reason")
    check_up = {"service_id": "check-up", "duration_minutes": None, "start": "2050-11-21T10:00"}
    await clinic.ask(**check_up, patient={"name": "Lovelace, Ada; \\N\u00e9e", "phone": "555-0199"})
    events = read(response := await feed(clinic, await link_to(clinic)))
    names = [e["summary"] for e in events]
    assert names == ["Ada Lovelace", "Lovelace, Ada; \\N\u00e9e, Check-up"]
    assert not any(part in response.text for part in ("secret", "555-0199"))


async def test_a_calendar_without_appointments_is_a_calendar(api: Api) -> None:
    response = await feed(api, await link_to(api))
    assert read(response) == []
    assert response.text.startswith("BEGIN:VCALENDAR\r\n")


async def test_it_reaches_from_thirty_days_ago_to_a_year_ahead(api: Api) -> None:
    starts = {
        "before": "2050-10-18T12:00Z",
        "first": "2050-10-19T12:00Z",
        "last": "2051-11-19T12:00Z",
        "behind": "2051-11-20T12:00Z",
    }
    for name, start in starts.items():
        end = (at(start) + timedelta(minutes=30)).isoformat()
        await api.put(schedule(start[:10], appointment(start, end, f"strange.{name}")))
    events = read(await feed(api, await link_to(api)))
    assert [e["uid"] for e in events] == ["strange.first", "strange.last"]
    api.clock.now = NOW + timedelta(days=1)
    events = read(await feed(api, await link_to(api)))
    assert [e["uid"] for e in events] == ["strange.last", "strange.behind"]


async def test_a_year_of_appointments_is_there_in_order_each_once(api: Api) -> None:
    days = [NOW + timedelta(days=n) for n in range(300)]
    for day in days:
        start = day.replace(hour=15)
        text, end = start.isoformat(), (start + timedelta(hours=1)).isoformat()
        there = appointment(text, end, f"strange.{day:%Y%m%d}")
        await api.put(schedule(f"{day:%Y-%m-%d}", there))
    events = read(await feed(api, await link_to(api)))
    assert [e["uid"] for e in events] == [f"strange.{day:%Y%m%d}" for day in days]


async def test_names_of_an_earlier_release_never_make_a_line_of_their_own(api: Api) -> None:
    there = appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z", "strange.20501121.x")
    hostile = "a\r\nDTSTART:19700101T000000Z\rb\x0b\x1d\x00\x7fc\u2028d"
    await api.put(schedule("2050-11-21", there._replace(patient=Patient(hostile))))
    response = await feed(naming(api), await link_to(api))
    check_form(response.content)
    (event,) = read(response)
    assert event["summary"] == "a DTSTART:19700101T000000Z b  c d"


# What it costs, and when it is another one


@asynccontextmanager
async def counted(api: Api) -> AsyncIterator[tuple[Api, list[int]]]:
    """The same instance, and what each of its requests reads."""
    reads: list[int] = []

    class Reads:
        def __call__(self, record: RequestRecord) -> None:
            reads.append(record.usage.reads)

        def close(self) -> None:
            """Nothing."""

    yield api.by(ANONYMOUS, Reads()), reads


async def test_a_look_at_what_has_not_changed_is_two_reads_and_else_its_days_more(api: Api) -> None:
    for day in ("21", "22", "23"):
        await api.book(f"2050-11-{day}T09:00")
    token = await link_to(api)
    tag = (await feed(api, token)).headers["etag"]
    async with counted(api) as (instance, reads):
        known = await feed(instance, token, tag)
        head = await instance.client.head(
            "/doctor_calendar", params={"token": token}, headers={"If-None-Match": tag}
        )
        assert (known.status_code, head.status_code, known.content) == (304, 304, b"")
        assert known.headers["etag"] == tag
        assert known.headers["cache-control"] == "no-store"
        await api.book("2050-11-23T10:00")
        changed = await feed(instance, token, tag)
    assert len(read(changed)) == 4
    assert changed.headers["etag"] != tag
    assert reads == [2, 2, 5]


async def test_no_change_of_what_it_shows_is_ever_missed(api: Api) -> None:
    token = await link_to(api)
    seen: dict[str, list[str]] = {}

    async def look() -> None:
        response = await feed(api, token)
        tag = response.headers["etag"]
        shown = [f"{e['uid']} {e['dtstart']} {e['sequence']}" for e in read(response)]
        assert seen.setdefault(tag, shown) == shown
        for known, was in seen.items():
            assert ((await feed(api, token, known)).status_code == 304) is (was == shown), known

    await look()
    first = await api.book("2050-11-21T09:00")
    await look()
    second = await api.book("2050-11-21T10:00")
    await look()
    await api.cancel(first)
    await look()
    await api.move(second, "2050-11-22T09:00")
    await look()
    await api.update(second, reason="well again")
    await look()
    await api.move(second, "2050-11-22T09:00Z", doctor_id="who")
    assert read(await feed(api, token)) == []
    assert (await feed(api, token, [*seen][-1])).status_code == 200
    await api.move(second, "2050-11-23T09:00", doctor_id="strange")
    await look()
    await api.mark(second, "no_show")
    await look()
    assert len(seen) == 7


async def test_it_changes_with_the_day_the_names_and_the_setting(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    token = await link_to(api)
    tag = (await feed(api, token)).headers["etag"]
    assert (await feed(api, token, tag)).status_code == 304
    assert (await feed(naming(api), token, tag)).status_code == 200
    assert (await feed(api.of(CLINIC), token, tag)).status_code == 200
    await change_doctor(api, "strange", name="Doctor Stephen Strange")
    async with calling(api.dependencies.store, api.clock) as other:
        assert "X-WR-CALNAME:Doctor Stephen Strange" in (await feed(other, token, tag)).text
    assert (await feed(api, token, tag)).status_code == 304  # Cached for a minute.
    api.clock.now = at("2050-11-18T23:59:59Z")
    assert (await feed(api, token, tag)).status_code == 304
    api.clock.now = at("2050-11-19T00:00Z")
    assert (await feed(api, token, tag)).status_code == 200


async def test_another_instance_gives_the_same_tag_and_the_same_bytes(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    token = await link_to(api)
    first = await feed(api, token)
    async with calling(api.dependencies.store, Clock(NOW + timedelta(minutes=1))) as other:
        second = await feed(other, token)
        assert (second.content, second.headers["etag"]) == (
            first.content,
            first.headers["etag"],
        )
        assert (await feed(other, token, first.headers["etag"])).status_code == 304


async def test_the_calendar_of_who_has_retired_shows_what_stays_booked(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    await change_doctor(api, "strange", retired=True)
    async with calling(api.dependencies.store, api.clock) as other:
        token = await link_to(other.by(CLERK))
        assert len(read(await feed(other, token))) == 1
