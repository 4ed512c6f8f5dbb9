"""What the functions work with, put together in one place from the settings."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from msgspec import Struct

from shared.doctors import read_doctors
from shared.logs import RequestLog, log_bug
from shared.models import Doctor
from shared.roster import Roster
from shared.served import Observer, Served
from shared.settings import (
    Settings,
    SettingsError,
    SqliteFile,
    read_settings,
)
from shared.store import Store
from shared.transactions import Transactions


class Clinic(Struct, frozen=True):
    """The dependencies of every function. `now` gives the present instant in UTC."""

    settings: Settings
    store: Store
    roster: Roster
    transactions: Transactions
    now: Callable[[], datetime]
    observers: tuple[Observer, ...]

    def tell(self, served: Served) -> None:
        """Let the log, and whoever else wants to know, note a request that was answered."""
        for observer in self.observers:
            try:
                observer(served)
            except Exception as error:  # noqa: BLE001 - the answer must not be lost for it
                log_bug("a request was answered, but not noted", error)

    async def close(self) -> None:
        """Let go of the store, once nobody asks any more."""
        try:
            await self.store.close()
        finally:
            for observer in self.observers:
                observer.close()


def start(environment: Mapping[str, str]) -> Clinic:
    """The clinic of a process that is starting; ends it with one line if it cannot work.

    Opens no connection that outlives the call, so the process may fork afterwards.
    """
    try:
        settings = read_settings(environment)
        embedded = isinstance(settings.store, SqliteFile)
        return open_clinic(settings, doctors_of_file(settings) if embedded else ())
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def open_clinic(settings: Settings, doctors: Collection[Doctor] = ()) -> Clinic:
    """The clinic of these settings; a new file gets these doctors.

    Raises SettingsError where the file cannot be used.
    """
    chosen = settings.store
    if isinstance(chosen, SqliteFile):
        return build_clinic(settings, _prepared_file(chosen.path, doctors))

    # To import it costs half a second, which nobody should pay who does not use it.
    from shared.firestore_store import FirestoreStore  # noqa: PLC0415

    store = FirestoreStore(chosen.project, chosen.database, settings.deadline_seconds)
    return build_clinic(settings, store)


def _prepared_file(path: str, doctors: Collection[Doctor]) -> Store:
    import sqlite3  # noqa: PLC0415 - for the same reason

    from shared.sqlite_store import SqliteStore  # noqa: PLC0415

    store = SqliteStore(path)
    try:
        store.prepare(doctors)
    except sqlite3.Error as error:
        raise SettingsError(f'STORE: cannot use the file "{path}": {error}') from None
    return store


def build_clinic(
    settings: Settings,
    store: Store,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Clinic:
    """The clinic around a store."""
    transactions = Transactions(store, settings.deadline_seconds, Random())
    return Clinic(settings, store, Roster(store), transactions, now, _observers(settings))


def _observers(settings: Settings) -> tuple[Observer, ...]:
    chosen = settings.store
    log = RequestLog(None if isinstance(chosen, SqliteFile) else chosen.project)
    if not settings.metrics:
        return (log,)
    from shared.metrics import Metrics, sending_provider  # noqa: PLC0415 - see above

    try:
        return log, Metrics(sending_provider())
    except Exception as error:
        # Whatever may be wrong with a setting of OpenTelemetry's, or of its plug-ins.
        message = f"OTEL_...: cannot send metrics: {error}".splitlines()[0]
        raise SettingsError(message) from error


def doctors_of_file(settings: Settings) -> list[Doctor]:
    """The doctors of the doctors file, by id; SettingsError with the place and the cause."""
    path = settings.doctors_file
    try:
        return read_doctors(Path(path).read_bytes(), settings.clinic_zone)
    except OSError as error:
        message = f'DOCTORS_FILE: cannot read "{path}": {error.strerror}'
    except ValueError as error:
        message = f'DOCTORS_FILE: "{path}": {error}'
    raise SettingsError(message) from None
