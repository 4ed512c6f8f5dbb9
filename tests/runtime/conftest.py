"""What the tests of operators' commands share."""

from pathlib import Path

import pytest

from tests.runtime.clinic import Clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)
