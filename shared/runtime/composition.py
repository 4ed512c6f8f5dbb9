"""Put the dependencies together from the settings. Only here are concrete stores named."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from shared.access.authentication import Authenticator, Open
from shared.access.blocked_callers import BlockedSource
from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.http.dependencies import Dependencies
from shared.http.page_token_keys import PageTokenKeys
from shared.http.rates import Rates
from shared.http.store_health import StoreHealth
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.observability.request_log import RequestLog
from shared.observability.request_record import Observer
from shared.rules.events import Telling
from shared.runtime.sinks import open_sinks
from shared.settings import (
    FirestoreDatabase,
    PostgresqlDatabase,
    Settings,
    SettingsError,
    SqliteFile,
    read_settings,
)
from shared.store.port import Store, StoreError
from shared.transactions.coordinator import Coordinator
from shared.transactions.overrides import DEADLINES, OverrideTransactions

if TYPE_CHECKING:
    from shared.directory.clinic_file import ClinicFile


def start(environment: Mapping[str, str], *, exposed: bool) -> Dependencies:
    """Return the dependencies of a process that starts; end it with one line if it cannot work.

    `exposed` tells that it serves more than the loopback interface. Opens no connection that
    outlives the call, so the process may fork afterwards.
    """
    try:
        settings = read_settings(environment, exposed=exposed)
        embedded = isinstance(settings.store, SqliteFile)
        dependencies = open_dependencies(settings, clinic_file(settings) if embedded else None)
        open_deliverer(dependencies)
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    return dependencies


def open_deliverer(dependencies: Dependencies) -> None:
    """Open the sinks where events are delivered. Raises SettingsError for one that cannot work.

    A function that is served alone does not pay for what only `deliver_events` needs.
    """
    if dependencies.deliverer and dependencies.settings.delivers:
        dependencies.deliverer.open()


def open_dependencies(settings: Settings, file: "ClinicFile | None" = None) -> Dependencies:
    """Return the dependencies of these settings; a new SQLite file gets this clinic file.

    Raises SettingsError if the file cannot be used.
    """
    chosen = settings.store
    if isinstance(chosen, SqliteFile):
        return build_dependencies(settings, _prepared_file(chosen.path, file))

    # The imports take a while, for which nobody should wait who does not use them.
    if isinstance(chosen, PostgresqlDatabase):
        from shared.store.postgresql.store import PostgresqlStore  # noqa: PLC0415

        return build_dependencies(settings, PostgresqlStore(chosen, settings.deadline_seconds))

    from shared.store.firestore.store import FirestoreStore  # noqa: PLC0415

    return build_dependencies(settings, FirestoreStore(chosen, settings.deadline_seconds))


def _prepared_file(path: str, file: "ClinicFile | None") -> Store:
    import sqlite3  # noqa: PLC0415 - for the same reason

    from shared.store.sqlite.store import SqliteStore  # noqa: PLC0415

    store = SqliteStore(path)
    try:
        store.prepare(file.doctors if file else [], file.clinic if file else {})
    except (sqlite3.Error, StoreError) as error:
        raise SettingsError(f'STORE: cannot use the file "{path}": {error}') from None
    return store


def build_dependencies(
    settings: Settings,
    store: Store,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    authenticator: Authenticator | None = None,
) -> Dependencies:
    """Return the dependencies around a store; without an authenticator, with that of AUTH."""
    seconds = settings.deadline_seconds
    doctors, clinic = DoctorCache(store), ClinicCache(store, settings.clinic_zone)
    told = settings.notifications
    telling = Telling(told.reminders) if told.is_any else None
    return Dependencies(
        settings=settings,
        authenticator=authenticator or _authenticator(settings, store, now),
        store=store,
        doctor_cache=doctors,
        clinic_cache=clinic,
        transactions=Coordinator(store, seconds, Random(), telling),
        overrides=OverrideTransactions(store, seconds * DEADLINES, Random(), telling),
        page_token_keys=PageTokenKeys(settings.page_token_keys, store),
        store_health=StoreHealth(store, seconds),
        rates=Rates(settings.rate_per_caller),
        now=now,
        observers=_observers(settings),
        deliverer=_deliverer(settings, store, Messages(store, doctors, clinic), now),
    )


def _deliverer(
    settings: Settings, store: Store, messages: Messages, now: Callable[[], datetime]
) -> Deliverer | None:
    if not settings.notifications.is_any:
        return None
    sinks = partial(open_sinks, settings.notifications, store)
    return Deliverer(store, messages, sinks, now, Random())


def _authenticator(
    settings: Settings, blocked: BlockedSource, now: Callable[[], datetime]
) -> Authenticator:
    if settings.auth is None:
        return Open()
    # Who asks nobody should not pay for this import, either.
    from shared.access.token_authentication import token_authenticator  # noqa: PLC0415

    return token_authenticator(settings.auth, blocked, lambda: now().timestamp())


def _observers(settings: Settings) -> tuple[Observer, ...]:
    chosen = settings.store
    log = RequestLog(chosen.project if isinstance(chosen, FirestoreDatabase) else None)
    if not settings.metrics:
        return (log,)
    from shared.observability.metrics import Metrics, sending_provider  # noqa: PLC0415 - see above

    try:
        return log, Metrics(sending_provider(settings.service))
    except Exception as error:
        # Whatever may be wrong with a setting of OpenTelemetry's, or of its plug-ins.
        message = f"OTEL_...: cannot send metrics: {error}".splitlines()[0]
        raise SettingsError(message) from error


def clinic_file(settings: Settings) -> "ClinicFile":
    """Read the clinic file. Raises SettingsError with the place and the cause."""
    # Its models take 30 ms to make, and functions on Firestore read no file.
    from shared.directory.clinic_file import read_clinic_file  # noqa: PLC0415

    path = settings.doctors_file
    try:
        return read_clinic_file(Path(path).read_bytes(), settings.clinic_zone, datetime.now(UTC))
    except OSError as error:
        message = f'DOCTORS_FILE: cannot read "{path}": {error.strerror}'
    except ValueError as error:
        message = f'DOCTORS_FILE: "{path}": {error}'
    raise SettingsError(message) from None
