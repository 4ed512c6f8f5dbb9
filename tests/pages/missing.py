"""What a machine may lack for tests of the pages."""

import os
from typing import NoReturn

import pytest


def not_tested(why: str) -> NoReturn:
    """Skip what needs something that is missing, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"the pages: {why}")
    pytest.skip(f"NOT TESTED: the pages; {why}")
