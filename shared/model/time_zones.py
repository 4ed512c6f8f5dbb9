"""IANA time zones, always from the pinned `tzdata` package, never from the machine."""

import zoneinfo
from datetime import datetime, timedelta
from importlib import resources

MINUTE = timedelta(minutes=1)

# Two machines must not disagree about a working window because one has an older zone file.
zoneinfo.reset_tzpath(())


def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the zone of this name; ValueError, with a message for people, if there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f'"{name}" is not an IANA time zone; use one such as "America/New_York" or "UTC"'
        raise ValueError(message) from None


def standard_offset(zone: zoneinfo.ZoneInfo, instant: datetime) -> timedelta:
    """Return how far a zone is ahead of UTC without daylight saving time, in whole minutes."""
    local = instant.astimezone(zone)
    offset = local.replace(tzinfo=None) - instant.replace(tzinfo=None)
    return (offset - (local.dst() or timedelta())) // MINUTE * MINUTE


def same_rules(one: zoneinfo.ZoneInfo, other: zoneinfo.ZoneInfo) -> bool:
    """Whether two zones are one under two names, such as Europe/Kiev and Europe/Kyiv."""
    return one.key == other.key or _rules(one.key) == _rules(other.key)


def _rules(name: str) -> bytes:
    return resources.files("tzdata.zoneinfo").joinpath(name).read_bytes()
