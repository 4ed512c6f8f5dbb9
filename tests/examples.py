"""How many random examples tests try: several times as many in the proof, fewer in a hurry."""

import os

from hypothesis import settings

_FACTOR = float(os.environ.get("EXAMPLES_FACTOR", "1"))
FACTOR = max(1, round(_FACTOR))
"""How many times as many seeds are tried, where it is not Hypothesis that makes up examples."""


def examples(count: int) -> settings:
    """So many, the same in every run, however long they take."""
    return settings(max_examples=max(1, round(count * _FACTOR)), deadline=None, derandomize=True)


def seeds(count: int) -> range:
    """So many, where it is not Hypothesis that makes up examples."""
    return range(max(1, round(count * _FACTOR)))
