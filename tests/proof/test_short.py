"""The proof in short, for every run of the tests; `make proof` is the whole of it."""

import os
from pathlib import Path

import pytest

from tests.conftest import STORES
from tests.firestore_emulator import NoEmulatorError
from tests.proof.run import TRIES_OF_A_CONTROL, Plan, Report, lines, prove
from tests.proof.workload import PATIENCE_SECONDS

# A machine that is busy answers late: here an answer has to come at all. How late at the most is
# what the simulation asserts, in simulated time, and the whole proof, on a machine of its own.
SHORT = Plan(operations=320, faults=8, grace=PATIENCE_SECONDS, rounds_at_once=1)


async def report_of(store: str, plan: Plan, folder: Path) -> Report:
    try:
        return await prove(store, plan, folder, folder / "proof-histories", lambda _: None)
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON FIRESTORE: {error}")


@pytest.mark.parametrize("store", STORES)
async def test_every_claim_holds_while_things_fail(store: str, tmp_path: Path) -> None:
    report = await report_of(store, SHORT, tmp_path)
    assert report.wrong() == []
    assert report.tally.operations >= SHORT.operations, "\n".join(lines([report]))
    assert report.faults.total() >= SHORT.faults


async def test_a_store_that_breaks_the_promise_is_found_out(tmp_path: Path) -> None:
    """The plainest one, on SQLite; `make proof` tries every control on both stores."""
    plan = Plan(operations=1_900, faults=0, grace=PATIENCE_SECONDS, control="unchecked")
    for number in range(TRIES_OF_A_CONTROL):  # Whether clients collide is a matter of luck.
        folder = tmp_path / str(number)
        folder.mkdir()
        report = await report_of("sqlite", plan, folder)
        if report.found_out():
            break
    assert report.found_out()
    assert report.verdict.unexplained or report.verdict.undecided
