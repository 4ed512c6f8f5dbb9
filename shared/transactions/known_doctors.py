"""Commands about appointments whose doctors are known only once they were found."""

from collections.abc import Callable, Collection

from shared.directory.doctor_cache import DoctorCache
from shared.rules.existing_appointment import Doctors
from shared.rules.outcomes import NeedsDoctor, Outcome
from shared.store.port import StoreUnavailable
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator


async def run_with_doctors(
    coordinator: Coordinator,
    cache: DoctorCache,
    doctor_ids: Collection[str],
    command: Callable[[Doctors], Command],
) -> Outcome:
    """Run a command with these doctors, and again with each further one that it turns out to need.

    Raises StoreError, also if an appointment is with a doctor who is not in the store.
    """
    known = await cache.find(doctor_ids)
    while isinstance(outcome := await coordinator.run(command(known)), NeedsDoctor):
        missing = outcome.doctor_id
        found = {} if missing in known else await cache.find([missing])
        if not found:
            raise StoreUnavailable(f"the doctor {missing} is new, or was deleted by hand")
        known = {**known, **found}
    return outcome
