"""Histories that have to be looked at again, in files that outlive the run.

    python -m tests.proof.kept_histories FILE            judge it again
    python -m tests.proof.kept_histories FILE 10000000   with so many steps at most

A file is a Python program that says what happened: to look at it, to shorten it, to make it a test.
"""

import runpy
import sys
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

from tests.proof.checker import judge
from tests.proof.history import Call, History, Things
from tests.proof.search import LIMIT


def kept(folder: Path, name: str, history: History) -> Path:
    """The file that a history is written to."""
    calls, hours, before, after, allowed = history
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    lines = [
        "from tests.proof.history import *",
        *("", "CALLS = [", *_each(sorted(calls, key=lambda call: call.invoked)), "]"),
        *("", f"HOURS = {hours!r}", f"ALLOWED = {allowed!r}"),
        *("", "BEFORE = {", *_each_of(before), "}"),
        *("", "AFTER = {", *_each_of(after), "}"),
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


def _each(calls: Iterable[Call]) -> list[str]:
    return [f"    {call!r}," for call in calls]


def _each_of(things: Things) -> list[str]:
    return [f"    {name!r}: {thing!r}," for name, thing in things.items()]


def history_in(file: Path) -> History:
    """The history that was written to a file."""
    found = runpy.run_path(str(file))
    return History(*(found[name] for name in ("CALLS", "HOURS", "BEFORE", "AFTER", "ALLOWED")))


if __name__ == "__main__":
    path, *steps = sys.argv[1:]
    verdict = judge(history_in(Path(path)), limit=int(steps[0]) if steps else LIMIT)
    found = [sentence for kind in astuple(verdict) for sentence in kind]
    print("\n".join(found) or "An order explains it.")
    sys.exit(1 if found else 0)
