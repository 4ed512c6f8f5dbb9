"""IANA time zones, always of the pinned `tzdata` package, never of the machine."""

import zoneinfo

# Two machines must not disagree about a working window because one has an older zone file.
zoneinfo.reset_tzpath(())


def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of this name; ValueError, in words for a person, where there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f'"{name}" is not an IANA time zone; a right one is "America/New_York" or "UTC"'
        raise ValueError(message) from None
