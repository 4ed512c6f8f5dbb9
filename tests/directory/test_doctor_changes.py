"""What loading a clinic file would change."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.directory.doctor_changes import as_stored, change, changes_clock
from tests.builders import NEW_YORK, doctor

STORED = replace(doctor(zone=NEW_YORK), day_shift=timedelta(hours=3))


def test_a_doctor_keeps_the_day_shift_of_the_store_and_a_new_one_gets_that_of_the_file() -> None:
    new = doctor(doctor_id="who", zone="Asia/Kolkata")
    wanted = as_stored([doctor(zone=NEW_YORK), new], {"strange": STORED})
    assert wanted == [STORED, new]
    assert [change({"strange": STORED}.get(d.id), d) for d in wanted] == ["unchanged", "added"]


def test_other_hours_change_a_doctor() -> None:
    assert change(STORED, replace(STORED, week=doctor((("09:00", "12:00"),)).week)) == "changed"


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (NEW_YORK, NEW_YORK, False),
        ("Europe/Kiev", "Europe/Kyiv", False),
        (NEW_YORK, "America/Chicago", True),
        ("Europe/Berlin", "Europe/Paris", True),
        (None, NEW_YORK, False),
    ],
    ids=["same", "renamed", "other-offset", "same-offset-other-history", "new-doctor"],
)
def test_a_clock_changes_only_with_the_rules_of_the_zone(
    before: str | None, after: str, *, changes: bool
) -> None:
    stored = doctor(zone=before) if before else None
    assert changes_clock(stored, doctor(zone=after)) == changes
