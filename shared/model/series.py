"""Series: appointments that were booked together, by one rule."""

import re
from datetime import datetime

from msgspec import Struct

from shared.model.hold import holder_of
from shared.model.ids import DOCTOR_ID_PART, RANDOM_PART
from shared.model.patient_key import PatientKey

# No other id has `series` there.
_ID = re.compile(rf"{DOCTOR_ID_PART}\.series\.{RANDOM_PART}")


class Skipped(Struct, frozen=True):
    """An occurrence that is not booked, and the code of what stands in the way.

    `local` is its start on the doctor's wall clock, without an offset, `start` the instant of that;
    None if a change of the clocks skips it.
    """

    local: datetime
    start: datetime | None
    code: str


class Series(Struct, frozen=True):
    """Which appointments were booked together, and by what rule (RFC 5545, section 3.3.10).

    It never changes: its appointments are moved and cancelled by themselves. `doctor_id` is whom
    they were booked with. `holder` tells whose they are to whoever knows the account; only an
    erasure changes it, to an empty text, which is nobody's mark.
    """

    id: str
    doctor_id: str
    rule: str
    holder: str
    created_at: datetime
    appointment_ids: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()

    def is_of(self, account: PatientKey | None) -> bool:
        """Whether its patient is this account; None: somebody without one."""
        return self.holder == holder_of(self.id, account)


def series_id(doctor_id: str, token: str) -> str:
    """Return an id that names the doctor and that nobody can guess; `token` is random."""
    return f"{doctor_id}.series.{token}"


def is_series_id(text: str) -> bool:
    """Whether an id is one that a series can have."""
    return _ID.fullmatch(text) is not None
