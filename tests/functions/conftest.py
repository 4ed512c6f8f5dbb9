"""A store and a client for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.directory.clinic_file import read_clinic_file
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from tests.firestore_emulator import emulated_store
from tests.functions.api import DOCTORS, NOW, SETTINGS, Api, prepare, serving


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store that nobody has used; to be copied, which is faster."""
    return prepare(tmp_path_factory.mktemp("store"))


@pytest.fixture
async def api(
    request: pytest.FixtureRequest, new_store: Path, tmp_path: Path
) -> AsyncIterator[Api]:
    """A client with a store of its own: SQLite, unless a test names another."""
    if getattr(request, "param", "sqlite") == "firestore":
        request.getfixturevalue("emulator")
        store: Store = await _firestore()
    else:
        store = SqliteStore(str(shutil.copy(new_store, tmp_path)))
    async with serving(store) as api:
        yield api


async def _firestore() -> Store:
    # To import it costs half a second, which the tests without an emulator should not pay.

    # A project is a database of its own: the emulator makes it when it is first used.
    store = emulated_store(f"demo-{uuid4()}", seconds=10)
    await store.put_doctors(read_clinic_file(DOCTORS, SETTINGS.clinic_zone, NOW).doctors)
    return store
