"""The clock that tests set: a header that says what time it is to the rules."""

from datetime import UTC, datetime

from starlette.requests import Request

from shared.http.request_errors import invalid
from shared.http.times import parse_instant

HEADER = "Test-Now"
LAST_YEAR = 9000  # So that no notice, horizon or search of a test leaves the calendar.


def read_test_now(request: Request) -> datetime | None:
    """Return the instant in UTC that a request says it is: 400 if it names none."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    instant = parse_instant(given[0]) if len(given) == 1 else None
    if instant is None or instant.year > LAST_YEAR:
        text = (
            "must be one RFC 3339 time with an offset, such as 2026-11-23T09:00:00-05:00, in a "
            f"year up to {LAST_YEAR}"
        )
        raise invalid(HEADER, "time", text)
    return instant.astimezone(UTC)
