"""Holds: a time that a caller keeps for a few minutes, to book it."""

import hashlib
import json
from datetime import datetime, timedelta

from msgspec import Struct

from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.service import NO_TIME

KEPT_FOR = timedelta(hours=1)
"""How long a hold that has ended stays in its day, for requests that arrived before its end."""

HOLDER_DIGITS = 40


class Hold(Struct, frozen=True):
    """A time that a caller keeps with a doctor until `ends_at`, a whole second.

    It stands, like an appointment, in every doctor-day that it touches with the buffers `before`
    and `after`. `holder` tells whose it is to whoever knows the caller, and nobody else. The clinic
    wanted, and was given, so much `notice` of it.
    """

    id: str
    doctor_id: str
    interval: Interval
    ends_at: datetime
    holder: str
    before: timedelta = NO_TIME
    after: timedelta = NO_TIME
    notice: timedelta = NO_TIME

    @property
    def held(self) -> Interval:
        """The time that it keeps."""
        return self.interval

    @property
    def reach(self) -> Interval:
        """Its time with both buffers; it stands in every doctor-day that this touches."""
        return Interval(self.interval.start - self.before, self.interval.end + self.after)

    @property
    def position(self) -> tuple[datetime, str]:
        """The sort key of every list: start, then id."""
        return (self.interval.start, self.id)

    def is_live(self, now: datetime) -> bool:
        """Whether it still keeps its time; at its very end it does not."""
        return now < self.ends_at

    def is_of(self, account: PatientKey | None) -> bool:
        """Whether it is a hold of this account; None: of those who are not asked for a token."""
        return self.holder == holder_of(self.id, account)


def holder_of(name: str, account: PatientKey | None) -> str:
    """Return a mark that tells whose a hold or a series is: `name` is its id.

    It differs for each, so that what outlives an account does not tell what else was its.
    """
    text = json.dumps([name, account.digits if account else None]).encode()
    return hashlib.sha256(text).hexdigest()[:HOLDER_DIGITS]
