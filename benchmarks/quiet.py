"""Whether the machine was quiet enough for figures to be believed."""

import subprocess
import sys

ENOUGH = 1.1
"""By how much other work may draw a computation out."""

# Prints how much longer it takes than the processor works on it.
_COMPUTE = """
from time import perf_counter, process_time
wall, worked = perf_counter(), process_time()
sum(range(20_000_000))
print((perf_counter() - wall) / (process_time() - worked))
"""
_AT_ONCE = 2  # A server and what asks it.


def disturbance() -> float:
    """Return by how much a computation is drawn out now: 1.0 if nothing else wants the cores.

    As many run at once as a benchmark needs cores, and the one that fares worst counts.
    """
    started = [
        subprocess.Popen([sys.executable, "-c", _COMPUTE], stdout=subprocess.PIPE, text=True)
        for _ in range(_AT_ONCE)
    ]
    return max(float(process.communicate()[0]) for process in started)
