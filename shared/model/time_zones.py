"""IANA time zones, always from the pinned `tzdata` package, never from the machine."""

import zoneinfo

# Two machines must not disagree about a working window because one has an older zone file.
zoneinfo.reset_tzpath(())


def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the zone of this name; ValueError, with a message for people, if there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f'"{name}" is not an IANA time zone; use one such as "America/New_York" or "UTC"'
        raise ValueError(message) from None
