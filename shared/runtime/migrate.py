"""Bring a store of an earlier release over: `python -m shared.runtime.migrate`.

Firestore only; a SQLite file is brought over when it is opened. Safe to stop, and to run again.
"""

import asyncio
import os
import sys

from shared.settings import FirestoreDatabase, SettingsError, read_settings
from shared.store.port import StoreError


def main() -> None:
    """Migrate, and print how far it is. Ends with one line and status 1 if that fails."""
    try:
        settings = read_settings(os.environ)
        if not isinstance(settings.store, FirestoreDatabase):
            raise SystemExit("STORE: a SQLite file is brought over when it is opened")
        left = asyncio.run(_migrate(settings.store, settings.deadline_seconds))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None
    for entry in left:
        print(f"NOT BROUGHT OVER, still in the old collection: {entry}", file=sys.stderr)
    sys.exit(1 if left else 0)


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
