"""What the measurements by HTTP share: how long loads last, and the medians of several."""

from collections.abc import Sequence
from statistics import median

from benchmarks.table import Figure
from benchmarks.timing import Load

PEER = "Easy!Appointments, recorded"

ROUNDS = 3
SECONDS = 1
WARM_UP_SECONDS = 2


def rate(loads: Sequence[Load], name: str = "") -> Figure:
    """Return the median of the requests per second."""
    return Figure(median(seen.rate for seen in loads), "/s", name)


def latency(loads: Sequence[Load], name: str = "") -> Figure:
    """Return the median of the median latencies."""
    return Figure(median(seen.milliseconds for seen in loads), "ms", name)
