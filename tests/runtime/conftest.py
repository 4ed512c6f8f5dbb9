"""What the tests of operators' commands share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.store.port import Store
from tests.conftest import STORES, start_server_of
from tests.runtime.clinic import Clinic
from tests.store.contract.conftest import OPENERS


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each store, empty."""
    start_server_of(request.param, request)
    opened = OPENERS[request.param](tmp_path)
    yield opened
    await opened.close()
