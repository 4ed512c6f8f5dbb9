"""An outcome that nobody thought of is a bug that says so, never a wrong answer."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from shared.outcomes import Made, Outcome, Refusal
from shared.proposals import Proposal
from shared.wire.answers import refusal_answer
from tests.functions.api import MONDAY_AT_NINE, Api, opened, prepare, problem

if TYPE_CHECKING:
    from shared.transactions import Transactions


class Strange:
    """Comes to an outcome of its own."""

    async def run(self, _proposal: Proposal) -> Outcome:
        return Made()


async def test_an_outcome_that_is_not_known_is_a_failure_of_ours(tmp_path: Path) -> None:
    async with opened(prepare(tmp_path)) as api:
        clinic = replace(api.clinic, transactions=cast("Transactions", Strange()))
        response = await Api(clinic, api.clock).create(MONDAY_AT_NINE)
    problem(response, 500, "internal_error")


def test_a_refusal_that_is_not_known_is_no_answer() -> None:
    with pytest.raises(KeyError, match="Refusal"):
        refusal_answer(Refusal())
