"""How many random examples tests try: so many each time, and several times as many in the proof."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("EXAMPLES_FACTOR", "1"))


def examples(count: int) -> settings:
    """So many, the same in every run, however long they take."""
    return settings(max_examples=count * FACTOR, deadline=None, derandomize=True)
