"""An outcome that nobody thought of is a bug that says so, never a wrong answer."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from shared.http.problems import refusal_response
from shared.rules.outcomes import AlreadyApplied, Outcome, Refusal
from shared.transactions.command import Command
from tests.functions.api import MONDAY_AT_NINE, Api, opened, prepare, problem

if TYPE_CHECKING:
    from shared.transactions.coordinator import Coordinator


class Strange:
    """Comes to an outcome of its own."""

    async def run(self, _command: Command) -> Outcome:
        return AlreadyApplied()


async def test_an_outcome_that_is_not_known_is_a_failure_of_ours(tmp_path: Path) -> None:
    async with opened(prepare(tmp_path)) as api:
        dependencies = replace(api.dependencies, transactions=cast("Coordinator", Strange()))
        response = await Api(dependencies, api.clock).create(MONDAY_AT_NINE)
    problem(response, 500, "internal_error")


def test_a_refusal_that_is_not_known_is_no_answer() -> None:
    with pytest.raises(AttributeError, match="code"):
        refusal_response(Refusal())
