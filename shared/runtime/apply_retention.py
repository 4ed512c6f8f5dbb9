"""Erase patients from old appointments, and forget old overrides.

    python -m shared.runtime.apply_retention

Concerns the appointments of all doctors that ended more than RETENTION_DAYS days ago. They stay,
without name, contact, account and texts, as if `erase_patient` had been asked for them, and leave
the histories of accounts. Overrides that ended so long ago are forgotten, with their notes. What
limits have kept of erased accounts goes once it counts no more. Safe to stop, and to run again:
what is erased is left alone.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from random import Random

from shared.http.dependencies import Dependencies
from shared.queries.doctors import all_doctors
from shared.queries.past import ended_before
from shared.rules.erasing import erased
from shared.runtime.operator_commands import run
from shared.settings import Settings, SettingsError
from shared.transactions.erasure import Erasure
from shared.transactions.forgetting import forget_overrides


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Erase, and print how much. Ends with one line and status 1 if that fails."""
    run(environment, apply, _check_that_there_is_a_limit)


async def apply(dependencies: Dependencies) -> None:
    """Erase patients and forget overrides, and print for each doctor how many of both."""
    days, now, store = dependencies.settings.retention_days, dependencies.now(), dependencies.store
    if days is None:
        return
    limit = now - timedelta(days=days)
    erasure = Erasure(store, dependencies.transactions, dependencies.doctor_cache, Random())
    async for doctor in all_doctors(store):
        count = 0
        async for page in ended_before(store, doctor, limit):
            ids = [a.id for a in page if erased(a, now) != a]
            count += await erasure.erase_past(ids, now) if ids else 0
        gone = await forget_overrides(store, doctor.id, limit, now)
        done = f"erased from {count} appointments, forgot {gone} overrides"
        print(f"{doctor.id}: {done}", flush=True)
    for patient in await store.erased_patients(now):
        await erasure.forget_erased(patient, now)
    # Also where nothing was erased now: a run that was cut off may have left it to this one.
    await store.end_views()


def _check_that_there_is_a_limit(settings: Settings) -> None:
    if settings.retention_days is None:
        raise SettingsError("RETENTION_DAYS: must be set: after how many days patients are erased")


if __name__ == "__main__":
    main()
