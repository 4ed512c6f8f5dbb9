"""Load the doctors of the clinic file into the store: `python -m shared.runtime.load_doctors`.

Safe to run again: only what differs is written. Doctors who are only in the store stay there.
"""

import os
from collections.abc import Mapping

from shared.directory.doctor_changes import as_stored, change, changes_clock
from shared.http.dependencies import Dependencies
from shared.model.doctor import Doctor
from shared.queries.ahead import count_ahead
from shared.queries.doctors import all_doctors
from shared.runtime.appointment_report import AppointmentReport
from shared.runtime.composition import clinic_file
from shared.runtime.operator_commands import run
from shared.settings import SettingsError


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Load, and print what changed. Ends with one line and status 1 if that fails."""
    run(environment, load)


async def load(dependencies: Dependencies) -> None:
    """Load the doctors, print what changed, and what is now wrong with appointments."""
    settings, store = dependencies.settings, dependencies.store
    of_file = clinic_file(settings).doctors
    stored = await store.doctors([doctor.id for doctor in of_file])
    wanted = as_stored(of_file, stored)
    for doctor in wanted:
        if changes_clock(stored.get(doctor.id), doctor):
            await _check_that_none_lies_ahead(dependencies, stored[doctor.id], doctor)
    if changed := [doctor for doctor in wanted if stored.get(doctor.id) != doctor]:
        await store.put_doctors(changed)
    for doctor in wanted:
        print(f"{doctor.id}: {change(stored.get(doctor.id), doctor)}")
    report = AppointmentReport(wanted, dependencies.now(), brief=True)
    async for line in report.lines(store, all_doctors(store)):
        print(line)


async def _check_that_none_lies_ahead(
    dependencies: Dependencies, before: Doctor, after: Doctor
) -> None:
    """Refuse another clock for a doctor while patients expect appointments on the old one."""
    async with dependencies.store.snapshot() as snapshot:
        ahead = await count_ahead(snapshot, before, dependencies.now())
    if ahead:
        raise SettingsError(
            f"DOCTORS_FILE: the time zone of {after.id} cannot change from {before.zone.key} to "
            f"{after.zone.key}, whose clock differs, while appointments lie ahead ({ahead} "
            "booked): move or cancel them first, or give the doctor a new id"
        )


if __name__ == "__main__":
    main()
