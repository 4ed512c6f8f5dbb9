"""`make bench`: measure every part in one run, and print one table.

python -m benchmarks                 all parts
python -m benchmarks rules reads     some of them

Before and after each part a computation tells whether the machine does anything else. A part that
was disturbed is measured once more, and its rows say so if that was disturbed, too.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from time import perf_counter

from benchmarks import needs
from benchmarks.quiet import ENOUGH, disturbance
from benchmarks.table import Row, lines, machine
from benchmarks.timing import say
from shared.runtime import cold_start

PARTS = (
    *("rules", "bookings", "postgresql", "reads", "http", "http_searches", "hot_day", "instances"),
    *("tokens", "patients", "overrides", "series", "events", "pages"),
)


def main(chosen: Sequence[str]) -> int:
    """Measure the chosen parts, or all; return 0 if every goal is met, else 1."""
    if unknown := set(chosen) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    began = perf_counter()
    parts = chosen or PARTS
    rows: list[Row] = []
    with needs.met(parts):
        for name in parts:
            say(f"{name}, after {perf_counter() - began:.0f} s")
            rows += _measured(name)
    print("\n".join(["", *lines(rows), "", machine()]))
    missed = sum(row.met is False for row in rows)
    print(f"\n{missed} goals missed; {perf_counter() - began:.0f} s")
    return 1 if missed else 0


def _measured(name: str) -> list[Row]:
    """Measure a part, and once more if the machine was busy with something else."""
    part = import_module(f"benchmarks.{name}")
    cold_start.finish()  # Garbage is collected as in the functions.
    for is_last in (False, True):
        before = disturbance()
        rows: list[Row] = part.rows()
        worst = max(before, disturbance())
        if worst <= ENOUGH:
            return rows
        say(f"{name} was disturbed: a computation took {worst:.2f} times as long as it needs")
        if is_last:
            rows = [replace(row, what=f"{row.what} (disturbed)") for row in rows]
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
