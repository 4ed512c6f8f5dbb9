"""What is true of a whole clinic, as the store keeps it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest
from msgspec.structs import replace

from shared.directory.clinic_cache import ClinicCache
from shared.directory.stored_clinic import read_clinic
from shared.model.clinic import Clinic
from shared.model.policy import Policy
from shared.model.service import Service
from shared.model.time_zones import time_zone
from shared.store.port import Store, StoreError, StoreRefused, StoreUnavailable
from tests.builders import span

BERLIN = time_zone("Europe/Berlin")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def closed(*times: tuple[str, str], zone: str = "Europe/Berlin") -> Clinic:
    entries = [{"start": start, "end": end, "name": "Works"} for start, end in times]
    return read_clinic({"closed": entries}, time_zone(zone))


def test_a_clinic_that_nobody_has_described_has_the_policy_of_one_that_says_nothing() -> None:
    assert read_clinic({}, BERLIN) == Clinic(
        Policy(timedelta(), 1826 * DAY, timedelta(), 20, 60, 1440 * MINUTE), {}, ()
    )


def test_a_policy_is_what_it_says_over_what_it_does_not() -> None:
    members = {"notice_minutes": 90, "horizon_days": 30, "service_required": True}
    assert read_clinic({"policy": members}, BERLIN).policy == Policy(
        notice=90 * MINUTE, horizon=30 * DAY, service_required=True
    )
    members = {"cancel_notice_minutes": 5, "open_appointments": 1, "changes_per_day": 2}
    assert read_clinic({"policy": {**members, "longest_minutes": 60}}, BERLIN).policy == Policy(
        cancel_notice=5 * MINUTE, open_appointments=1, changes_per_day=2, longest=60 * MINUTE
    )


def test_the_policy_of_a_service_is_the_clinics_with_what_differs() -> None:
    scan = {
        "id": "scan",
        "name": "Scan",
        "duration_minutes": 20,
        "buffer_before_minutes": 5,
        "buffer_after_minutes": 10,
        "description": "an image",
        "policy": {"notice_minutes": 0},
    }
    members = {
        "policy": {"notice_minutes": 60, "horizon_days": 10},
        "services": [scan, {"id": "talk", "name": "Talk"}],
    }
    policy = Policy(notice=60 * MINUTE, horizon=10 * DAY)
    found = read_clinic(members, BERLIN)
    own = replace(policy, notice=timedelta())
    assert found.services == {
        "scan": Service("scan", "Scan", 20 * MINUTE, 5 * MINUTE, 10 * MINUTE, "an image", own),
        "talk": Service("talk", "Talk", policy=policy),
    }
    assert [found.policy_of(name) for name in ("scan", "talk", "gone", None)] == [
        own,
        policy,
        policy,
        policy,
    ]


@pytest.mark.parametrize(
    ("start", "end", "instants"),
    [
        ("2026-12-24", "2026-12-26", ("2026-12-23T23:00Z", "2026-12-26T23:00Z")),
        ("2026-12-24T12:00", "2026-12-24", ("2026-12-24T11:00Z", "2026-12-24T23:00Z")),
        ("2026-12-24T12:00Z", "2026-12-24T14:00+01:00", ("2026-12-24T12:00Z", "2026-12-24T13:00Z")),
        # Skipped: the change. Repeated: the earlier as a start, the later as an end.
        ("2026-03-29T02:30", "2026-03-29T04:00", ("2026-03-29T01:00Z", "2026-03-29T02:00Z")),
        ("2026-10-25T02:30", "2026-10-25T02:30", ("2026-10-25T00:30Z", "2026-10-25T01:30Z")),
        ("2026-12-24T12:00:01", "2026-12-24T13:00:01", ("2026-12-24T11:00Z", "2026-12-24T12:01Z")),
    ],
    ids=["dates", "mixed", "instants", "skipped", "repeated", "whole-minutes"],
)
def test_the_bounds_of_a_closed_time_are_those_of_a_window_on_the_clock_of_the_clinic(
    start: str, end: str, instants: tuple[str, str]
) -> None:
    assert closed((start, end)).closed == (span(*instants),)


def test_closed_times_are_in_order_and_merged() -> None:
    days = [
        ("2026-12-26", "2026-12-26"),
        ("2026-12-24", "2026-12-24"),
        ("2026-12-25", "2026-12-25"),
    ]
    assert closed(*days, ("2027-01-01", "2027-01-01"), zone="UTC").closed == (
        span("2026-12-24T00:00Z", "2026-12-27T00:00Z"),
        span("2027-01-01T00:00Z", "2027-01-02T00:00Z"),
    )


def test_a_closed_time_of_which_another_zone_leaves_nothing_is_none() -> None:
    skipped = ("2026-03-29T02:00", "2026-03-29T02:59")
    assert closed(skipped).closed == ()
    assert len(closed(skipped, zone="UTC").closed) == 1


def test_what_a_newer_version_says_is_ignored() -> None:
    service = {"id": "scan", "name": "Scan", "color": "red", "policy": {"color": "red"}}
    members = {"color": "red", "policy": {"color": 1}, "services": [service]}
    found = read_clinic(members, BERLIN)
    assert found == Clinic(services={"scan": Service("scan", "Scan")})


@pytest.mark.parametrize(
    "members",
    [
        {"policy": {"notice_minutes": "60"}},
        {"policy": {"horizon_days": 10**10}},
        {"services": [{"id": "scan"}]},
        {"services": {}},
        {"closed": [{"start": "2026-12-24", "end": "never"}]},
    ],
)
def test_what_cannot_be_understood_is_refused(members: Mapping[str, Any]) -> None:
    with pytest.raises(StoreRefused, match="the clinic is damaged: "):
        read_clinic(members, BERLIN)


# The cache


class Kept:
    """The part of a store that the cache needs, a clock that tests move, and a count."""

    def __init__(self) -> None:
        self.members: Mapping[str, Any] = {"policy": {"notice_minutes": 60}}
        self.error: StoreError | None = None
        self.asked = 0
        self.seconds = 0.0
        self.cache = ClinicCache(cast("Store", self), BERLIN, lambda: self.seconds)

    async def clinic(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.error:
            raise self.error
        return self.members

    async def notice(self) -> timedelta:
        return (await self.cache.clinic()).policy.notice


@pytest.mark.parametrize(("seconds", "minutes", "asked"), [(59.9, 60, 1), (60.0, 5, 2)])
async def test_a_change_is_seen_after_a_minute(seconds: float, minutes: int, asked: int) -> None:
    store = Kept()
    assert await store.notice() == 60 * MINUTE
    store.seconds, store.members = seconds, {"policy": {"notice_minutes": 5}}
    assert await store.notice() == minutes * MINUTE
    assert store.asked == asked


async def test_while_the_store_is_down_what_was_known_holds_but_nothing_is_made_up() -> None:
    store = Kept()
    store.error = StoreUnavailable("no answer")
    with pytest.raises(StoreUnavailable):
        await store.notice()
    store.error = None
    await store.notice()
    store.seconds, store.error = 60.0, StoreUnavailable("no answer")
    assert await store.notice() == 60 * MINUTE


async def test_a_clinic_that_cannot_be_understood_is_refused_though_one_was_known() -> None:
    store = Kept()
    await store.notice()
    store.seconds, store.members = 60.0, {"policy": 1}
    with pytest.raises(StoreRefused, match="the clinic is damaged"):
        await store.notice()
