"""Report what is wrong with the booked appointments that lie ahead.

`python -m shared.runtime.report_appointments`, or `make report`. Changes nothing. Ends with status
0 if nothing is wrong, and otherwise 1.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from shared.http.dependencies import Dependencies
from shared.queries.doctors import all_doctors
from shared.runtime.appointment_report import AppointmentReport
from shared.runtime.composition import clinic_file
from shared.runtime.operator_commands import run
from shared.settings import Settings, SettingsError, SqliteFile


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Print the report, and end with its status; with one line and status 1 if that fails."""
    clean = run(environment, report, _check_that_there_is_a_store)
    raise SystemExit(0 if clean else 1)


async def report(dependencies: Dependencies) -> bool:
    """Print what is wrong; return whether that is nothing."""
    store = dependencies.store
    clinic = await dependencies.clinic_cache.clinic()
    named = clinic_file(dependencies.settings).doctors
    found = AppointmentReport(named, clinic, dependencies.now())
    async for line in found.lines(store, all_doctors(store)):
        print(line)
    return found.is_clean


def _check_that_there_is_a_store(settings: Settings) -> None:
    """Refuse a file that does not exist, because opening it would create it: all would be well."""
    if isinstance(settings.store, SqliteFile) and not Path(settings.store.path).exists():
        raise SettingsError(f'STORE: there is no file "{settings.store.path}"')


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # So `| head` ends it without a traceback.
    main()
