"""What the measurements by HTTP share: how long they load, and what several loads come to."""

import secrets
from collections.abc import Sequence
from statistics import median

from benchmarks.table import Figure
from benchmarks.timing import Load

RIVALS = "benchmarks/rivals/main.py"
PEER = "Easy!Appointments, recorded"

ROUNDS = 3
SECONDS = 1
WARM_UP_SECONDS = 2


def on_firestore(emulator: str) -> dict[str, str]:
    """The settings of a database of its own: in the emulator, each project has one."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{secrets.token_hex(6)}",
        "FIRESTORE_EMULATOR_HOST": emulator,
    }


def rate(loads: Sequence[Load], name: str = "") -> Figure:
    """The median of requests per second."""
    return Figure(median(seen.rate for seen in loads), "/s", name)


def latency(loads: Sequence[Load], name: str = "") -> Figure:
    """The median of the median latencies."""
    return Figure(median(seen.milliseconds for seen in loads), "ms", name)
