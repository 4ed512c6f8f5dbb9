"""What must hold after every single commit: a look at all days that there are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.hold import Hold
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.rules.events import Telling
from shared.store.port import (
    Stored,
    Versions,
    Writes,
)
from shared.transactions.idempotency_keys import RECORD_LIFETIME
from tests.simulated_store import SimulatedStore

Unread: TypeAlias = Any

TELLING = Telling((timedelta(days=1),))
"""Others are told of everything, and reminded the day before."""


class Broken(AssertionError):
    """A promise was not kept."""


class WatchedStore(SimulatedStore):
    """A store whose every state is looked at as it arises."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, Appointment] = {}
        self.held: dict[str, Hold] = {}
        self.ever_held: dict[str, Hold] = {}
        self.tells = True
        """Whether others are told of what changes."""
        self.changed_at = set[object]()

    def put(self, *days: DaySchedule) -> None:
        """Replace days, as if nobody had ever written any."""
        super().put(*days)
        self.there = all_appointments(self.days, self.elsewhere, strict=False)
        self.held = {hold.id: hold for day in days for hold in day.holds}
        self.ever_held = self.held

    def write(self, writes: Writes) -> Versions:
        """Write, and look at what there is then."""
        for write in writes.records:
            used = self.records.get(write.record.key)
            # Every `now` is later than what a record from before the run was good for.
            if used and used.value.expires_at > write.record.expires_at - RECORD_LIFETIME:
                raise Broken("a key took effect twice")
        told = {*self.outbox}
        versions = super().write(writes)
        self._look([stored.value for name, stored in self.outbox.items() if name not in told])
        return versions

    def _look(self, told: Sequence[OutboxRecord]) -> None:
        before, self.there = self.there, all_appointments(self.days, self.elsewhere)
        check_patients(self.there.values(), self.patients)
        if not before.keys() <= self.there.keys():
            raise Broken(f"{before.keys() - self.there.keys()} lie nowhere")
        changed = [a for name, a in self.there.items() if _is_another(a, before.get(name))]
        placed = [a for a in changed if a.id not in before or a.held != before[a.id].held]
        for appointment in changed:
            # Every request has a `now` of its own, so this tells whose change it is.
            if appointment.updated_at in self.changed_at:
                raise Broken(f"a request has changed {appointment.id} twice")
        self.changed_at.update(appointment.updated_at for appointment in changed)
        self._look_at_holds(placed)
        self._look_at_series()
        if self.tells:
            check_events(changed, before, told)

    def _look_at_holds(self, placed: Sequence[Appointment]) -> None:
        """A hold stands whole, and nothing was put there before it ended by whoever's clock."""
        self.held = all_holds(self.days)
        self.ever_held = {**self.ever_held, **self.held}
        for appointment in placed:
            for hold in self.held.values():
                same = hold.doctor_id == appointment.doctor_id
                taken = same and hold.held.overlaps(appointment.held)
                if taken and appointment.held.length and hold.is_live(appointment.updated_at):
                    raise Broken(f"{appointment.id} has the time that {hold.id} holds")

    def _look_at_series(self) -> None:
        """A series is there with all that was booked, and nothing is of one that is not."""
        booked: dict[str, set[str]] = {}
        for appointment in self.there.values():
            if appointment.series_id:
                booked.setdefault(appointment.series_id, set()).add(appointment.id)
        told = {name: {*series.appointment_ids} for name, series in self.series.items()}
        if booked != told:
            raise Broken(f"of series there are {booked}, and not {told}")


def _is_another(appointment: Appointment, before: Appointment | None) -> bool:
    """Whether it is new or has changed; a move to where it is may only tell its start anew."""
    if appointment is before or before is None:
        return before is None
    return appointment != before._replace(told_start=appointment.told_start)


Days = Mapping[DayKey, Stored[DaySchedule]]
Elsewhere = Mapping[ElsewhereKey, Stored[Whereabouts | None]]
Patients = Mapping[PatientKey, Stored[PatientSchedule]]

_home_day = cache(home_day)


def all_appointments(
    days: Days, elsewhere: Elsewhere, *, strict: bool = True
) -> dict[str, Appointment]:
    """All appointments, of which no two of a doctor hold the same time.

    Strictly, a booked one stands on every day that it touches and on no other, and what is kept
    beside the days leads to each that does not touch the day of its birth, and to nothing else.
    """
    booked: dict[str, Appointment] = {}
    stands: dict[str, list[DayKey]] = {}
    for key, stored in days.items():
        for appointment in stored.value.appointments:
            if booked.setdefault(appointment.id, appointment) is not appointment:
                raise Broken(f"{appointment.id} is not the same on two days")
            stands.setdefault(appointment.id, []).append(key)
    _check_overlaps(booked.values())
    ended = {
        key.appointment_id: stored.value
        for key, stored in elsewhere.items()
        if isinstance(stored.value, Appointment)
    }
    if booked.keys() & ended.keys():
        raise Broken(f"{booked.keys() & ended.keys()} have ended, and lie on a day")
    if strict:
        for name, keys in stands.items():
            _check_days(booked[name], keys)
        _check_elsewhere(booked, stands, ended, elsewhere)
    return {**booked, **ended}


def all_holds(days: Days) -> dict[str, Hold]:
    """All holds, each of which stands on every day that it touches, and on no other."""
    holds: dict[str, Hold] = {}
    stands: dict[str, list[DayKey]] = {}
    for key, stored in days.items():
        for hold in stored.value.holds:
            if holds.setdefault(hold.id, hold) != hold:
                raise Broken(f"{hold.id} is not the same on two days")
            stands.setdefault(hold.id, []).append(key)
    for name, keys in stands.items():
        _check_days(holds[name], keys)
    return holds


def check_events(
    changed: Iterable[Appointment],
    before: Mapping[str, Appointment],
    told: Iterable[OutboxRecord],
) -> None:
    """Every change has one event of its own, and there is none without a change.

    One commit may change an appointment more than once, for several clients.
    """
    versions = {a.id: before[a.id].version if a.id in before else 0 for a in changed}
    wanted = {(a.id, v) for a in changed for v in range(versions[a.id] + 1, a.version + 1)}
    found = {
        (record.event.appointment_id, record.event.version): record.event.appointment
        for record in told
        if record.event.type not in {"affected", "reminder"}
    }
    right = found.keys() == wanted and not any(
        _is_another(a, found[a.id, a.version]) for a in changed
    )
    if not right:
        raise Broken(f"others are told of {sorted(found)}, and not of {sorted(wanted)}")


def check_patients(there: Iterable[Appointment], patients: Patients) -> None:
    """Every booked appointment of an account stands in its schedule, and nothing else does.

    No two of them overlap.
    """
    booked: dict[PatientKey, list[Appointment]] = {key: [] for key in patients}
    for appointment in sorted(there, key=lambda a: a.position):
        if appointment.owner and appointment.status != "cancelled":
            booked.setdefault(appointment.owner, []).append(appointment)
    for key, wanted in booked.items():
        for before, after in pairwise(a for a in wanted if a.held.length):
            if before.held.overlaps(after.held):
                raise Broken(f"{after.id} and {before.id} of one patient overlap")
        found = patients[key].value.appointments if key in patients else ()
        if [*found] != wanted:
            has, knows = ([a.id for a in some] for some in (wanted, found))
            raise Broken(f"a patient has {has}, and knows of {knows}")


def _check_overlaps(booked: Iterable[Appointment]) -> None:
    held = (a for a in booked if a.held.length)
    ordered = sorted(held, key=lambda a: (a.doctor_id, a.held))
    for before, after in pairwise(ordered):
        if before.doctor_id == after.doctor_id and after.held.start < before.held.end:
            raise Broken(f"{after.id} overlaps {before.id}")


def _check_days(appointment: Appointment | Hold, keys: Collection[DayKey]) -> None:
    interval, doctor_id = appointment.interval, appointment.doctor_id
    touched = {interval.start.date(), (interval.end - timedelta.resolution).date()}
    if {*keys} != {DayKey(doctor_id, day) for day in touched}:
        raise Broken(f"{appointment.id} lies on {keys}")


def _check_elsewhere(
    booked: Mapping[str, Appointment],
    stands: Mapping[str, Collection[DayKey]],
    ended: Mapping[str, Appointment],
    elsewhere: Elsewhere,
) -> None:
    wanted: dict[ElsewhereKey, Whereabouts] = {}
    for name, appointment in {**booked, **ended}.items():
        home = _home_day(name)
        assert home
        birth = ElsewhereKey(home.doctor_id, name)
        own = ElsewhereKey(appointment.doctor_id, name)
        if name in ended:
            wanted[birth] = Pointer(own, appointment.owner)
            wanted[own] = appointment
        elif home not in stands[name]:
            wanted[birth] = Pointer(min(stands[name]), appointment.owner)
    if {key: stored.value for key, stored in elsewhere.items()} != wanted:
        raise Broken(f"beside the days there is {dict(elsewhere)}, and not {wanted}")
