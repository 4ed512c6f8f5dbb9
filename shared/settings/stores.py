"""The settings that say where everything is kept: STORE, and what goes with it."""

import re
from collections.abc import Mapping

from msgspec import Struct

from shared.settings.errors import SettingsError
from shared.settings.values import whole_number

FEWEST_CONNECTIONS = 2
"""A read may need a second one while it has one."""
MOST_CONNECTIONS = 100

_KINDS = (
    '"firestore", "sqlite:" and a file, as in "sqlite:a.db", or the address of a PostgreSQL '
    'database, as in "postgresql://user@host/clinic"'
)


class SqliteFile(Struct, frozen=True):
    """The embedded store: a file on this machine."""

    path: str

    def __str__(self) -> str:
        """Return the file as people would look for it."""
        return self.path


class FirestoreDatabase(Struct, frozen=True):
    """The production store. Without a project it is that of the credentials.

    `emulator` is the address of an emulator to use in its place.
    """

    project: str | None
    database: str
    emulator: str | None = None

    def __str__(self) -> str:
        """Return the database as people would look for it."""
        return f"Firestore, project {self.project}, database {self.database}"


class PostgresqlDatabase(Struct, frozen=True):
    """A database of a PostgreSQL server, also Cloud SQL's.

    `address` is a URL as libpq reads it, maybe with a password. `connections` is how many a process
    opens at most; `iam` tells that it logs in by tokens of Google's.
    """

    address: str
    connections: int = 5
    iam: bool = False

    def __str__(self) -> str:
        """Return the database as people would look for it, without its password."""
        return _without_passwords(self.address)


AnyStore = SqliteFile | FirestoreDatabase | PostgresqlDatabase


def read_store(given: Mapping[str, str]) -> AnyStore:
    """Read where everything is kept. Raises SettingsError for what cannot be used."""
    in_cloud = "K_SERVICE" in given  # Set by Cloud Run and Cloud Functions.
    text = given.get("STORE", "firestore" if in_cloud else "sqlite:appointments.db")
    kind, _, path = text.partition(":")
    if text == "firestore":
        return _firestore(given, in_cloud=in_cloud)
    if kind in {"postgresql", "postgres"} and path.startswith("//"):
        return _postgresql(text, given)
    if kind != "sqlite" or not path or path.startswith(":"):
        raise SettingsError(f'STORE: must be {_KINDS}, not "{_without_passwords(text)}"')
    if in_cloud:
        message = "sqlite would be lost with this instance's disk; use firestore or postgresql"
        raise SettingsError(f"STORE: {message}")
    return SqliteFile(path)


def _firestore(given: Mapping[str, str], *, in_cloud: bool) -> FirestoreDatabase:
    project = given.get("GOOGLE_CLOUD_PROJECT")
    if project is None and not in_cloud:
        raise SettingsError("GOOGLE_CLOUD_PROJECT: must be set for the store firestore")
    database = given.get("FIRESTORE_DATABASE", "(default)")
    return FirestoreDatabase(project, database, given.get("FIRESTORE_EMULATOR_HOST"))


def _postgresql(address: str, given: Mapping[str, str]) -> PostgresqlDatabase:
    # Its import takes a while, for which nobody should wait who does not use it.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        conninfo_to_dict(address)
    except ProgrammingError:  # Its message may repeat a password.
        example = "postgresql://user:password@host:5432/clinic, special characters as %40"
        raise SettingsError(
            f"STORE: is no address that PostgreSQL reads, as in {example}"
        ) from None
    log_in = given.get("STORE_LOGIN", "password")
    if log_in not in {"password", "iam"}:
        raise SettingsError(f'STORE_LOGIN: must be "password" or "iam", not "{log_in}"')
    connections = whole_number(
        "STORE_CONNECTIONS",
        given.get("STORE_CONNECTIONS", "5"),
        FEWEST_CONNECTIONS,
        MOST_CONNECTIONS,
    )
    return PostgresqlDatabase(address, connections, log_in == "iam")


def _without_passwords(address: str) -> str:
    """Return an address without what may be a password, however badly it is written."""
    shown = re.sub(r"^((?:[^/?]*//|\w+:)?[^:@/?]*):(?!//).*@", r"\1@", address)
    # In a URL something else may follow; in other forms, anything may be part of a password.
    value = "[^&]*" if "://" in address else ".*"
    return re.sub(rf"(password\s*=){value}", r"\1...", shown, flags=re.IGNORECASE)
