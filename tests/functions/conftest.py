"""One clinic for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.functions.api import Api, opened, prepare


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store that nobody has used; to be copied, which is faster than made."""
    return prepare(tmp_path_factory.mktemp("store"))


@pytest.fixture
async def api(new_store: Path, tmp_path: Path) -> AsyncIterator[Api]:
    """A client of a clinic with a store of its own."""
    async with opened(Path(shutil.copy(new_store, tmp_path))) as api:
        yield api
