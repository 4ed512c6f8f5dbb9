"""A patient's schedule that is not as the doctors' days say is found, whatever is wrong with it."""

from pathlib import Path

import pytest

from shared.access.caller import Caller
from shared.model.day import DaySchedule
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import DayWrite, PatientWrite, Stored, Writes
from tests.builders import appointment, doctor, owned, schedule
from tests.proof.accounts import ISSUER, account_key
from tests.proof.schedules import opened, wrong_schedules

MON = "2026-11-23"
ADA = Caller("patient", ISSUER, "ada")
HERS = owned(appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", "hers"), ADA)
EMPTY = PatientSchedule(account_key("ada"))
LONGER = owned(appointment(f"{MON}T09:00Z", f"{MON}T09:45Z", "hers"), ADA)
AT_NINE = "hers at 2026-11-23T09:00"


@pytest.mark.parametrize(
    ("day", "hers", "found"),
    [
        (schedule(MON, HERS), EMPTY.with_appointment(HERS), []),
        (schedule(MON), EMPTY, []),
        (schedule(MON, HERS), EMPTY, [f"{AT_NINE}, and holds nothing"]),
        (schedule(MON), EMPTY.with_appointment(HERS), [f"nothing, and holds {AT_NINE}"]),
        (schedule(MON, HERS), EMPTY.with_appointment(LONGER), [f"{AT_NINE}, and holds {AT_NINE}"]),
    ],
)
async def test_a_wrong_schedule_is_found(
    tmp_path: Path, day: DaySchedule, hers: PatientSchedule, found: list[str]
) -> None:
    async with opened(tmp_path / "appointments.db") as store:
        await store.put_doctors([doctor()])
        before = Stored(DaySchedule(day.key), None)
        write = PatientWrite(Stored(EMPTY, None), hers)
        await store.commit(
            Writes([DayWrite(before, day)], patients=[write] if hers.appointments else ())
        )
        sentences = await wrong_schedules(store, ["ada", "bob"])
    assert [sentence.partition(" lacks ")[2] for sentence in sentences] == found
