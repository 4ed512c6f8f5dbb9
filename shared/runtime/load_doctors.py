"""Load the doctors of the clinic file into the store: `python -m shared.runtime.load_doctors`.

Safe to run again: only what differs is written. Doctors who are only in the store stay there.
"""

import asyncio
import os
from datetime import date

from shared.http.dependencies import Dependencies
from shared.model.doctor import Doctor
from shared.runtime.composition import doctors_of_file, open_dependencies
from shared.settings import SettingsError, read_settings
from shared.store.port import Snapshot, StoreError


def main() -> None:
    """Load, and print what changed. Ends with one line and status 1 if that fails."""
    try:
        settings = read_settings(os.environ)
        asyncio.run(load(open_dependencies(settings)))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except StoreError as error:
        raise SystemExit(f"STORE: cannot use {settings.store}: {error}") from None


async def load(dependencies: Dependencies) -> None:
    """Load the doctors, print what changed, and close the dependencies."""
    try:
        wanted = doctors_of_file(dependencies.settings)
        stored = {doctor.id: doctor for doctor in await dependencies.store.doctors()}
        async with dependencies.store.snapshot() as snapshot:
            for doctor in wanted:
                await _check_zone(snapshot, stored.get(doctor.id, doctor), doctor)
        if changed := [doctor for doctor in wanted if stored.get(doctor.id) != doctor]:
            await dependencies.store.put_doctors(changed)
        for doctor in wanted:
            print(f"{doctor.id}: {_change(stored.get(doctor.id), doctor)}")
    finally:
        await dependencies.close()


async def _check_zone(snapshot: Snapshot, before: Doctor, after: Doctor) -> None:
    """Refuse to change the zone of a doctor with appointments: their days would be others."""
    if before.zone == after.zone:
        return
    if await anext(snapshot.scan(after.id, date.min, date.max, 1), None) is not None:
        raise SettingsError(
            f"DOCTORS_FILE: {after.id} has appointments in the time zone {before.zone.key}, which"
            f" therefore cannot become {after.zone.key}"
        )


def _change(before: Doctor | None, after: Doctor) -> str:
    if before is None:
        return "added"
    return "unchanged" if before == after else "changed"


if __name__ == "__main__":
    main()
