"""The table of results: rows, most of them with a goal."""

import math
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

LIBRARIES = ("google-cloud-firestore", "grpcio", "functions-framework", "pydantic", "uvloop")


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and what it is compared with; `met` is None where there is no goal."""

    what: str
    ours: str
    against: str
    result: str
    goal: str
    met: bool | None


class Figure(NamedTuple):
    """A measured number with its unit, and the name of what was measured if it is not ours."""

    value: float
    unit: str
    name: str = ""

    def __str__(self) -> str:
        """Return it with about three significant digits."""
        return f"{self.name} {_short(self.value)} {self.unit}".strip()


def _short(value: float) -> str:
    if math.isinf(value):
        return "inf"
    digits = max(0, 2 - int(math.log10(max(value, 1))))
    return f"{value:,.{digits}f}"


def at_most(what: str, ours: Figure, rival: Figure, limit: float) -> Row:
    """Return a row that is met if ours is at most so many times the rival's."""
    ratio = ours.value / rival.value
    cells = str(ours), str(rival), f"{ratio:.2f} x", f"at most {limit:g} x"
    return Row(what, *cells, met=ratio <= limit)


def at_least(what: str, ours: Figure, rival: Figure, limit: float) -> Row:
    """Return a row that is met if ours is at least so many times the rival's."""
    ratio = ours.value / rival.value
    cells = str(ours), str(rival), f"{_short(ratio)} x", f"at least {limit:g} x"
    return Row(what, *cells, met=ratio >= limit)


def beside(what: str, ours: Figure, rival: Figure) -> Row:
    """Return a row without a goal that says how many times the rival's ours is."""
    return Row(what, str(ours), str(rival), f"{ours.value / rival.value:.2f} x", "", met=None)


def faster(what: str, ours: Figure, rival: Figure, limit: float) -> Row:
    """Return a row that is met if the rival takes at least so many times as long."""
    ratio = rival.value / ours.value
    cells = str(ours), str(rival), f"{_short(ratio)} x faster", f"at least {limit:g} x faster"
    return Row(what, *cells, met=ratio >= limit)


def within(what: str, ours: Figure, limit: Figure) -> Row:
    """Return a row that is met if ours is at most a fixed figure."""
    return Row(what, str(ours), "", "", f"at most {limit}", met=ours.value <= limit.value)


def plain(what: str, ours: Figure, rival: Figure | None = None) -> Row:
    """Return a row without a goal."""
    return Row(what, str(ours), str(rival or ""), "", "", met=None)


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Return the table in Markdown, line by line."""
    yield "| what | ours | against | result | goal | |"
    yield "|---|---:|---:|---:|---:|---|"
    for row in rows:
        verdict = {True: "met", False: "**missed**", None: ""}[row.met]
        cells = (row.what, row.ours, row.against, row.result, row.goal, verdict)
        yield "| " + " | ".join(cells) + " |"


def machine() -> str:
    """Return the machine and the versions of libraries, in one line."""
    cpus = [line for line in _lines_of("/proc/cpuinfo") if line.startswith("model name")]
    model = cpus[0].partition(":")[2].strip() if cpus else platform.processor()
    memory = next((int(line.split()[1]) for line in _lines_of("/proc/meminfo")), 0) / 2**20
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    system = f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}"
    return f"{system}, Python {platform.python_version()}, {versions}"


def _lines_of(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
