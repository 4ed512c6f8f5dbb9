"""The settings of an instance, and how they are read."""

import math
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.time_zones import time_zone
from shared.public_headers import NOBODY, read_ancestors
from shared.settings.auth import AuthSettings, read_auth
from shared.settings.errors import SettingsError
from shared.settings.notifications import NotificationSettings, read_notifications
from shared.settings.stores import AnyStore, read_store
from shared.settings.values import listed, switch, whole_number

HIGHEST_PORT = 65535
LONGEST_DEADLINE = 300
HIGHEST_RATE = 10_000
MOST_DAYS = 36_500
SHORTEST_KEY = 32
DELIVERING = "deliver_events"
"""The function that delivers events; the runtime of functions names theirs in FUNCTION_TARGET."""
STORED_KEY = "stored"
"""In the place of a page token key: the one that the store keeps."""
METRICS_ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Settings(Struct, frozen=True):
    """What an instance runs with.

    `auth` is None where everybody may do everything. `rate_per_caller` is the requests that a
    caller may send in a second, 0 if nobody counts. `proxied` tells that Google's front end passes
    requests on, and appends the addresses that they come from. `retention_days` is how long after
    its end an appointment names its patient, and an override is kept, None if for ever.
    `test_clock` tells that a request may say what time it is to the rules, `calendar_names` that
    the calendars of doctors name patients, and `delivers` that the process may be asked to deliver
    events: it serves no other function alone. `frame_ancestors` says who may show the
    booking page in a frame, in the words of a Content-Security-Policy.
    """

    port: int
    store: AnyStore
    clinic_zone: ZoneInfo
    doctors_file: str
    allowed_origins: tuple[str, ...]
    deadline_seconds: float
    page_token_keys: tuple[str, ...]
    metrics: bool
    service: str
    auth: AuthSettings | None
    rate_per_caller: int
    proxied: bool
    retention_days: int | None = None
    test_clock: bool = False
    calendar_names: bool = False
    notifications: NotificationSettings = NotificationSettings()
    delivers: bool = True
    frame_ancestors: str = NOBODY


def read_settings(
    environment: Mapping[str, str], default_origins: str = "", *, exposed: bool = False
) -> Settings:
    """Read the settings from an environment. An empty variable counts as unset.

    `exposed` tells that the process serves more than the loopback interface: then, as in the
    cloud, AUTH has no default. Raises SettingsError for the first value that cannot be used.
    """
    given = {name: value for name, value in environment.items() if value}
    return Settings(
        port=whole_number("PORT", given.get("PORT", "8080"), 1, HIGHEST_PORT),
        store=read_store(given),
        clinic_zone=_zone(given.get("CLINIC_TIME_ZONE", "UTC")),
        doctors_file=given.get("DOCTORS_FILE", "doctors.json"),
        allowed_origins=_origins(given.get("ALLOWED_ORIGINS", default_origins)),
        deadline_seconds=_seconds(given.get("DEADLINE_SECONDS", "10")),
        page_token_keys=_keys(given.get("PAGE_TOKEN_KEYS", STORED_KEY)),
        metrics=_metrics(given),
        service=given.get("K_SERVICE", "appointments"),
        auth=read_auth(given, exposed=exposed),
        rate_per_caller=whole_number(
            "RATE_PER_CALLER", given.get("RATE_PER_CALLER", "50"), 0, HIGHEST_RATE
        ),
        proxied="K_SERVICE" in given,
        retention_days=_retention_days(given.get("RETENTION_DAYS")),
        test_clock=_test_clock(given),
        calendar_names=switch(given, "CALENDAR_NAMES"),
        notifications=read_notifications(given, exposed=exposed),
        delivers=given.get("FUNCTION_TARGET", DELIVERING) == DELIVERING,
        frame_ancestors=_ancestors(given.get("FRAME_ANCESTORS", NOBODY)),
    )


def _zone(text: str) -> ZoneInfo:
    try:
        return time_zone(text)
    except ValueError as error:
        raise SettingsError(f"CLINIC_TIME_ZONE: {error}") from None


def _origins(text: str) -> tuple[str, ...]:
    origins = listed(text)
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin):
            message = (
                'ALLOWED_ORIGINS: must be "*" or origins such as "https://clinic.example",'
                f' separated by commas, without a path; "{origin}" is not one'
            )
            raise SettingsError(message)
    return origins


def _ancestors(text: str) -> str:
    try:
        return read_ancestors(text)
    except ValueError as error:
        raise SettingsError(f"FRAME_ANCESTORS: {error}") from None


def _keys(text: str) -> tuple[str, ...]:
    """Return the keys of page tokens. What is wrong with one is told without repeating it."""
    keys = tuple(part.strip() for part in text.split(","))
    for number, key in enumerate(keys, start=1):
        if key != STORED_KEY and len(key) < SHORTEST_KEY:
            message = (
                f"PAGE_TOKEN_KEYS: every key must be at least {SHORTEST_KEY} random characters,"
                f' or the word "{STORED_KEY}"; number {number} has {len(key)}'
            )
            raise SettingsError(message)
    return keys


def _retention_days(text: str | None) -> int | None:
    return None if text is None else whole_number("RETENTION_DAYS", text, 1, MOST_DAYS)


def _test_clock(given: Mapping[str, str]) -> bool:
    test_clock = switch(given, "TEST_CLOCK")
    if test_clock and "K_SERVICE" in given:
        raise SettingsError("TEST_CLOCK: must not be on in the cloud: callers would set the time")
    return test_clock


def _metrics(given: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry is told where to send metrics; it reads its settings itself."""
    disabled = given.get("OTEL_SDK_DISABLED", "").lower() == "true"
    disabled |= given.get("OTEL_METRICS_EXPORTER") == "none"
    return not disabled and any(name in given for name in METRICS_ENDPOINTS)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_DEADLINE:
        limits = f"a number above 0 and at most {LONGEST_DEADLINE}"
        raise SettingsError(f'DEADLINE_SECONDS: must be {limits}, not "{text}"')
    return seconds
