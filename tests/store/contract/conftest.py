"""Every store that the contract holds for. A new one adds its opener to `OPENERS`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4, uuid5

import pytest

from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from tests.conftest import STORES, start_server_of
from tests.firestore_emulator import emulated_store
from tests.postgresql_server import database_of, opened

Opener = Callable[[Path], Store]
RUN = uuid4()


def _sqlite(folder: Path) -> Store:
    return SqliteStore(str(folder / "appointments.db"))


def _firestore(folder: Path) -> Store:
    # A project is a database of its own: the emulator makes it when it is first used.
    return emulated_store(f"demo-{uuid5(RUN, str(folder))}", seconds=10)


def _postgresql(folder: Path) -> Store:
    return opened(database_of(f"test_{uuid5(RUN, str(folder)).hex}"))


OPENERS: dict[str, Opener] = {
    "sqlite": _sqlite,
    "firestore": _firestore,
    "postgresql": _postgresql,
}


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest) -> Opener:
    start_server_of(request.param, request)
    return OPENERS[request.param]


@pytest.fixture
async def store(opener: Opener, tmp_path: Path) -> AsyncIterator[Store]:
    opened = opener(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def rival(opener: Opener, tmp_path: Path) -> AsyncIterator[Store]:
    """Another instance on the same data."""
    opened = opener(tmp_path)
    yield opened
    await opened.close()
