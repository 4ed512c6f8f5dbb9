"""What must hold after every single commit: a look at all days that there are."""

from collections.abc import Mapping, Sequence
from functools import cache

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey, DaySchedule
from shared.store.port import DayWrite, RecordWrite, Stored, Version
from shared.transactions.idempotency import RECORD_LIFETIME
from tests.simulated_store import SimulatedStore


class Broken(AssertionError):
    """A promise was not kept."""


class WatchedStore(SimulatedStore):
    """A store whose every state is looked at as it arises."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, Appointment] = {}
        self.changed_at = set[object]()

    def put(self, *days: DaySchedule) -> None:
        """Replace days, as if nobody had ever written any."""
        super().put(*days)
        self.there = all_appointments(self.days)

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write, and look at what there is then."""
        for write in records:
            used = self.records.get(write.record.key)
            # Every `now` is later than what a record from before the run was good for.
            if used and used.value.expires_at > write.record.expires_at - RECORD_LIFETIME:
                raise Broken("a key took effect twice")
        versions = super().write(days, records)
        self._look()
        return versions

    def _look(self) -> None:
        before, self.there = self.there, all_appointments(self.days)
        if not before.keys() <= self.there.keys():
            raise Broken(f"{before.keys() - self.there.keys()} lie nowhere")
        for name, appointment in self.there.items():
            if appointment is not before.get(name):
                # Every request has a `now` of its own, so this tells whose change it is.
                if appointment.updated_at in self.changed_at:
                    raise Broken(f"a request has changed {name} twice")
                self.changed_at.add(appointment.updated_at)


_home_day = cache(home_day)


def all_appointments(days: Mapping[DayKey, Stored[DaySchedule]]) -> dict[str, Appointment]:
    """All appointments, of which no two overlap; each on one day, which its home day names."""
    there: dict[str, Appointment] = {}
    moved: dict[str, DayKey] = {}
    for key, stored in days.items():
        busy_until = None
        for appointment in stored.value.appointments:
            name, interval = appointment.id, appointment.interval
            if name in there:
                raise Broken(f"{name} lies on two days")
            there[name] = appointment
            if appointment.doctor_id != key.doctor_id or interval.start.date() != key.day:
                raise Broken(f"{name} lies on a wrong day")
            if _home_day(name) != key:
                moved[name] = key
            if appointment.cancelled_at is None:
                if busy_until and interval.start < busy_until:
                    raise Broken(f"{name} overlaps the one before")
                busy_until = interval.end
    _check_forwarding(days, moved)
    return there


def _check_forwarding(
    days: Mapping[DayKey, Stored[DaySchedule]], moved: Mapping[str, DayKey]
) -> None:
    """Each that moved to another day is forwarded there by its home day, and nothing else is."""
    forwarded = 0
    for key, stored in days.items():
        for name, place in stored.value.forwarded.items():
            forwarded += 1
            if moved.get(name) != place or _home_day(name) != key:
                raise Broken(f"{name} is said to lie on {place}, and does not")
    if forwarded != len(moved):
        raise Broken("the home day of an appointment does not know where it lies")
