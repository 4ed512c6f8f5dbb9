"""Make a store's tables, or bring it over to this release: `python -m shared.runtime.migrate`.

For PostgreSQL and Firestore; a SQLite file is brought over when it is opened. Safe to stop, to run
again, and to run while others do.
"""

import asyncio
import os
import sys

from shared.runtime.command_line import usable_settings
from shared.settings import FirestoreDatabase, PostgresqlDatabase, Settings


def main() -> None:
    """Migrate, and print how far it is. Ends with one line and status 1 if that fails."""
    with usable_settings(os.environ) as settings:
        left = _migrated(settings)
    for entry in left:
        print(f"NOT BROUGHT OVER, still in the old collection: {entry}", file=sys.stderr)
    sys.exit(1 if left else 0)


def _migrated(settings: Settings) -> list[str]:
    """Return what could not be brought over."""
    store = settings.store
    if isinstance(store, FirestoreDatabase):
        return asyncio.run(_migrate(store, settings.deadline_seconds))
    if isinstance(store, PostgresqlDatabase):
        print(_told(asyncio.run(_prepare(store))))
        return []
    raise SystemExit("STORE: a SQLite file is brought over when it is opened")


async def _prepare(database: PostgresqlDatabase) -> int:
    from shared.store.postgresql.schema import prepare  # noqa: PLC0415 - takes a while

    return await prepare(database)


def _told(steps: int) -> str:
    return f"The tables are up to date; steps taken: {steps}"


async def _migrate(database: FirestoreDatabase, seconds: float) -> list[str]:
    from shared.store.firestore.calls import Calls  # noqa: PLC0415 - takes a while
    from shared.store.firestore.migration import Migration  # noqa: PLC0415

    calls = Calls(database, seconds)
    try:
        migration = Migration(calls, print)
        await migration.run()
        return migration.left
    finally:
        await calls.close()


if __name__ == "__main__":
    main()
