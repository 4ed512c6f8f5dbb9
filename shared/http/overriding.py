"""What the functions that change overrides work with."""

from random import Random

from shared.http.dependencies import Dependencies
from shared.transactions.overrides import DEADLINES, OverrideTransactions


def override_transactions(dependencies: Dependencies) -> OverrideTransactions:
    """Return the transactions of overrides, which may take longer than others."""
    seconds = dependencies.settings.deadline_seconds * DEADLINES
    jitter = Random()  # noqa: S311 - jitter is no secret
    return OverrideTransactions(dependencies.store, seconds, jitter)
