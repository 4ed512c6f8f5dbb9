"""`make proof`: everything that is claimed, tried in front of the reader."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.firestore_emulator import NoEmulatorError
from tests.proof.control import CONTROLS as WRONG_STORES
from tests.proof.run import TRIES_OF_A_CONTROL, Plan, Report, lines, prove
from tests.proof.simulation import simulate_everything

STORES = ("sqlite", "firestore", "postgresql")
SEEDS = 100_000
FAULTS = 500
HISTORIES = Path("proof-histories")
# The emulator answers one request after the other, and a server that stands still or is killed
# leaves all processes without an answer: more at once overlap in ever more orders that the search
# has to try.
WHOLE = {
    store: Plan(operations=50_000, faults=520, grace=2, rounds_at_once=at_once)
    for store, at_once in zip(STORES, (8, 4, 4), strict=True)
}
CONTROLS = {name: Plan(operations=1_900, faults=0, grace=2, control=name) for name in WRONG_STORES}


def main() -> int:
    """0 if every claim held and the control was caught; 1 if not."""
    wrong: list[str] = []
    print("1. Simulation: one instance after the other meets the store at the worst moment.")
    simulated = simulate_everything(SEEDS, os.cpu_count() or 1, _tell)
    print("\n2. The controls: a store that writes without a precondition, one that writes only")
    print("   patients' schedules so, those that remember overrides or holds for a while, and")
    print("   one that names doctor-days by the time-zone data of each instance.")
    for store in STORES:
        for name in CONTROLS:
            wrong += _control(store, name)
    print("\n3. Real processes, real stores, real faults.")
    reports = [report for store in STORES if (report := _run(store, WHOLE[store]))]
    print("\n" + "\n".join([*(f"- {line}" for line in simulated), "", *lines(reports)]))
    wrong += [sentence for report in reports for sentence in report.wrong()]
    wrong += [f"{store}: not tested" for store in STORES if store not in {r.store for r in reports}]
    wrong += [sentence for report in reports for sentence in _too_little(report)]
    print("\n" + ("\n".join(wrong) or "Every claim held."))
    return 1 if wrong else 0


def _tell(line: str) -> None:
    print(f"   {line}", flush=True)


def _control(store: str, name: str) -> list[str]:
    for _ in range(TRIES_OF_A_CONTROL):
        began = monotonic()
        report = _run(store, CONTROLS[name])
        if report is None:
            return []
        if found := report.found_out():
            seconds = monotonic() - began
            print(
                f"\n   {name}, caught: {len(found)} wrong bookings, {seconds:.0f} s after its start"
            )
            print(f"   {found[0]}")
            return []
    return [f"{store}: the control {name} was not caught in {TRIES_OF_A_CONTROL} runs"]


def _run(store: str, plan: Plan) -> Report | None:
    try:
        with TemporaryDirectory() as folder:
            # That the control is wrong is known, and needs no record.
            histories = Path(folder) if plan.control else HISTORIES / store
            return asyncio.run(prove(store, plan, Path(folder), histories, _progress))
    except NoEmulatorError as error:
        print(f"   {store}: {error}")
        return None


def _too_little(report: Report) -> list[str]:
    done, faults = report.tally.operations, report.faults.total()
    enough = done >= WHOLE[report.store].operations and faults >= FAULTS
    return [] if enough else [f"{report.store}: only {done:,} operations and {faults:,} faults"]


def _printer() -> Callable[[str], None]:
    """On a terminal one line that changes; elsewhere a line every few seconds."""
    printed_at = 0.0

    def show(line: str) -> None:
        nonlocal printed_at
        if sys.stdout.isatty():
            print(f"\r   {line:<110}", end="", flush=True)
        elif monotonic() - printed_at > 5:
            print(f"   {line}", flush=True)
            printed_at = monotonic()

    return show


_progress = _printer()

if __name__ == "__main__":
    sys.exit(main())
