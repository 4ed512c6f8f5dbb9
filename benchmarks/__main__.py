"""`make bench`: measure every part in one run, and print one table.

python -m benchmarks                 all parts
python -m benchmarks rules reads     some of them
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from time import perf_counter

from benchmarks.servers import emulator
from benchmarks.table import Row, lines, machine
from benchmarks.timing import say

PARTS = (
    *("rules", "bookings", "reads", "http", "http_searches", "hot_day", "instances", "tokens"),
    *("patients", "overrides", "series", "events", "pages"),
)


def main(chosen: Sequence[str]) -> int:
    """Measure the chosen parts, or all; return 0 if every goal is met, else 1."""
    if unknown := set(chosen) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    began = perf_counter()
    rows: list[Row] = []
    with emulator():
        for name in chosen or PARTS:
            say(f"{name}, after {perf_counter() - began:.0f} s")
            rows += import_module(f"benchmarks.{name}").rows()
    print("\n".join(["", *lines(rows), "", machine()]))
    missed = sum(row.met is False for row in rows)
    print(f"\n{missed} goals missed; {perf_counter() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
