"""What the store keeps of a whole clinic: members of the clinic file, as JSON holds them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from shared.model.clinic import Clinic
from shared.model.doctor_days import DAY
from shared.model.interval import Interval, merged
from shared.model.policy import POLICY, Policy
from shared.model.service import Service
from shared.model.time_zones import MINUTE
from shared.rules.wall_clock import round_down_to_minute, round_up_to_minute
from shared.rules.window_bounds import WindowBound
from shared.store.port import StoreRefused
from shared.time_texts import parse_time_or_date


class _Policy(msgspec.Struct):
    notice_minutes: int | UnsetType = UNSET
    horizon_days: int | UnsetType = UNSET
    cancel_notice_minutes: int | UnsetType = UNSET
    open_appointments: int | UnsetType = UNSET
    changes_per_day: int | UnsetType = UNSET
    longest_minutes: int | UnsetType = UNSET
    service_required: bool | UnsetType = UNSET


class _Closed(msgspec.Struct):
    start: str
    end: str


class _Service(msgspec.Struct):
    id: str
    name: str
    duration_minutes: int | None = None
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    description: str | None = None
    policy: _Policy = msgspec.field(default_factory=_Policy)


class _Members(msgspec.Struct):
    policy: _Policy = msgspec.field(default_factory=_Policy)
    closed: list[_Closed] = msgspec.field(default_factory=list)
    services: list[_Service] = msgspec.field(default_factory=list)


# The field of a policy that a member says, and its unit if it is a time.
_FIELDS: Mapping[str, tuple[str, timedelta | None]] = {
    "notice_minutes": ("notice", MINUTE),
    "horizon_days": ("horizon", DAY),
    "cancel_notice_minutes": ("cancel_notice", MINUTE),
    "open_appointments": ("open_appointments", None),
    "changes_per_day": ("changes_per_day", None),
    "longest_minutes": ("longest", MINUTE),
    "service_required": ("service_required", None),
}


def read_clinic(members: Mapping[str, Any], zone: ZoneInfo) -> Clinic:
    """Return what is true of a whole clinic, as the store keeps it, with `zone` as that of dates.

    `members` has the members `policy`, `closed` and `services` of the clinic file, or fewer; what
    this version does not know of them is ignored. Raises StoreRefused if they are damaged.
    """
    try:
        stored = msgspec.convert(members, _Members)
        closed = closed_times(((each.start, each.end) for each in stored.closed), zone)
        policy = over(POLICY, msgspec.to_builtins(stored.policy))
        services = {each.id: _service(each, policy) for each in stored.services}
    except (ValueError, OverflowError) as error:
        raise StoreRefused(f"the clinic is damaged: {error}") from None
    return Clinic(policy, services, closed)


def over(policy: Policy, members: Mapping[str, Any]) -> Policy:
    """Return a policy with what members of the clinic file say over it."""
    said = ((*_FIELDS[name], value) for name, value in members.items())
    return replace(
        policy, **{field: value * unit if unit else value for field, unit, value in said}
    )


def bound(text: str) -> WindowBound:
    """Return the bound of a closed time. Raises PydanticCustomError if it is none."""
    return WindowBound(*parse_time_or_date(text))


def closed_times(texts: Iterable[tuple[str, str]], zone: ZoneInfo) -> tuple[Interval, ...]:
    """Return the times between starts and ends, in whole minutes, in order, merged.

    Openings begin where a closed time ends, and they begin on whole minutes.
    """
    times = (
        Interval(
            round_down_to_minute(bound(start).as_start(zone)),
            round_up_to_minute(bound(end).as_end(zone)),
        )
        for start, end in texts
    )
    # Another zone, or other clock rules, may have left nothing of one.
    return tuple(merged(time for time in times if time.start < time.end))


def _service(stored: _Service, policy: Policy) -> Service:
    minutes = stored.duration_minutes
    return Service(
        id=stored.id,
        name=stored.name,
        length=None if minutes is None else minutes * MINUTE,
        before=stored.buffer_before_minutes * MINUTE,
        after=stored.buffer_after_minutes * MINUTE,
        description=stored.description,
        policy=over(policy, msgspec.to_builtins(stored.policy)),
    )
