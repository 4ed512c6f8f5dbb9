"""Load the clinic file into the store: `python -m shared.runtime.load_doctors`.

Safe to run again: only what differs is written. Doctors who are only in the store stay there.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from shared.directory.doctor_changes import as_stored, change, changes_clock
from shared.directory.stored_clinic import read_clinic
from shared.http.dependencies import Dependencies
from shared.model.doctor import Doctor
from shared.queries.ahead import count_ahead
from shared.queries.doctors import all_doctors
from shared.runtime.appointment_report import AppointmentReport
from shared.runtime.composition import clinic_file
from shared.runtime.operator_commands import run
from shared.settings import SettingsError
from shared.store.port import Store

ANY_SERVICE = "?"
"""No service has this id, so only who offers all of them is found by it."""


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Load, and print what changed. Ends with one line and status 1 if that fails."""
    run(environment, load)


async def load(dependencies: Dependencies) -> None:
    """Load the file, print what changed, and what is now wrong with appointments."""
    settings, store = dependencies.settings, dependencies.store
    file = clinic_file(settings)
    stored = await store.doctors([doctor.id for doctor in file.doctors])
    wanted = as_stored(file.doctors, stored)
    for doctor in wanted:
        if changes_clock(stored.get(doctor.id), doctor):
            await _check_that_none_lies_ahead(dependencies, stored[doctor.id], doctor)
    # The clinic first, as doctors name its services.
    await _load_clinic(store, file.clinic)
    if changed := [doctor for doctor in wanted if stored.get(doctor.id) != doctor]:
        await store.put_doctors(changed)
    if unlisted := await _unlisted(store):
        await store.put_doctors(unlisted)
    for doctor in wanted:
        print(f"{doctor.id}: {change(stored.get(doctor.id), doctor)}")
    clinic = read_clinic(file.clinic, settings.clinic_zone)
    report = AppointmentReport(wanted, clinic, dependencies.now(), brief=True)
    async for line in report.lines(store, all_doctors(store)):
        print(line)


async def _load_clinic(store: Store, wanted: Mapping[str, Any]) -> None:
    """Replace what is stored of the whole clinic if the file says something else."""
    stored = await store.clinic()
    if stored != wanted:
        await store.put_clinic(wanted)
    word = "unchanged" if stored == wanted else "changed" if stored else "added"
    print(f"the clinic: {word}")


async def _unlisted(store: Store) -> Sequence[Doctor]:
    """Return the doctors who offer all services, but whom a search by service does not find.

    An earlier version stored them without what they are to be found by.
    """
    listed = {doctor.id async for doctor in all_doctors(store, ANY_SERVICE)}
    doctors = [doctor async for doctor in all_doctors(store)]
    return [d for d in doctors if d.services is None and not d.retired and d.id not in listed]


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
