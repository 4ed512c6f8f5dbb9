"""A calendar that changes as the rules decide, and beside it what a model says that is in it.

The places are counted in minutes, with nothing of the code under test.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.appointment_id import appointment_id, home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.hold import Hold, holder_of
from shared.model.hold_id import hold_day, hold_id
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.holding import HoldRequest, Release, hold_time, release
from shared.rules.moving import Move, move
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments, Outcome, Released
from shared.rules.outcomes import Held as TimeHeld
from shared.rules.requested_time import RequestedTime
from shared.store.port import DayWrite, Stored
from tests.builders import at, doctor, owned, patient, to_book
from tests.reference_model import Held, conflicts

NOW, MIDNIGHT = at("2026-11-20T12:00Z"), at("2026-11-23T00:00Z")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SHIFTS = {"strange": 0, "who": -60}
"""By how many minutes each doctor's days are shifted."""

DOCTORS = {
    name: replace(doctor((("00:00", "24:00"),), doctor_id=name), day_shift=timedelta(minutes=shift))
    for name, shift in SHIFTS.items()
}
CALLERS = [ANYBODY, patient("ada"), patient("bob")]


@st.composite
def places(draw: st.DrawFn) -> Held:
    """A doctor, and some minutes around one of three midnights, so that many are in the way."""
    start = draw(st.integers(1, 3)) * 24 * 60 + draw(st.integers(-4, 3)) * 30
    when = range(start, start + draw(st.sampled_from([30, 60, 60, 90, 24 * 60])))
    before, after = draw(st.sampled_from([(0, 0), (0, 0), (0, 30), (45, 0), (90, 45)]))
    return Held(draw(st.sampled_from(sorted(DOCTORS))), when, before=before, after=after)


class Change(NamedTuple):
    """What somebody asks for, so many seconds after the change before it.

    The number chooses what it is about, among all that there is.
    """

    kind: str
    number: int
    place: Held
    seconds: int


KINDS = ["book", "move", "move", "home", "cancel", "hold", "hold", "use", "use", "release"]
SECONDS = [*[0] * 12, 1, 299, 300, 3899, 3900]
"""Between two changes. Holds last for 300 here, and are remembered for 3,600 more."""


def changes() -> st.SearchStrategy[Change]:
    """Any change."""
    numbers, waits = st.integers(0, 11), st.sampled_from(SECONDS)
    return st.builds(Change, st.sampled_from(KINDS), numbers, places(), waits)


class Kept(NamedTuple):
    """What somebody keeps until an instant."""

    place: Held
    by: Caller
    ends_at: datetime


class ChangingCalendar:
    """The documents as the rules change them, and beside them what the model holds.

    `kept` are the holds that nobody has used or released, `remembered` those in each day.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.days = dict[DayKey, DaySchedule]()
        self.elsewhere = dict[ElsewhereKey, Whereabouts]()
        self.patients = dict[PatientKey, PatientSchedule]()
        self.held: dict[str, Held] = {}
        self.born: dict[str, Held] = {}
        self.owners: dict[str, Caller] = {}
        self.kept: dict[str, Kept] = {}
        self.remembered: dict[DayKey, set[str]] = {}
        self._tried = 0

    def apply(self, change: Change) -> None:
        """Make a change on one of the appointments or holds, if there is any, else book one."""
        kind, number, place, seconds = change
        self.now += seconds * SECOND
        by, holds, appointments = CALLERS[number % 3], [*self.kept], [*self.held]
        if kind == "hold":
            self.hold(place, by)
        elif kind in ("use", "release") and holds:
            name = holds[-1 - number // 3 % len(holds)]
            who = self.kept[name].by if number % 3 else by
            if kind == "use":
                self.use(name, place, who)
            else:
                self.release(name, who)
        elif kind in ("move", "home", "cancel") and appointments:
            name = appointments[number % len(appointments)]
            if kind == "cancel":
                self.cancel(name)
            else:
                self.move(name, self.born[name] if kind == "home" else place)
        else:
            self.book(place, by)

    def book(self, place: Held, by: Caller, hold: str | None = None) -> None:
        """Book a place, maybe with a hold."""
        name = appointment_id(home_of(place), self._token())
        booking = replace(self._booking(name, place, by), hold_id=hold)
        days = {*booking.days, *([birth_of(hold)] if hold else [])}
        outcome = self._decide(lambda found: book(found, booking, self.now), *days, by=by)
        may = hold is None or self._may_use(hold, place, by)
        assert isinstance(outcome, Accepted) is (may and self._is_free(name, place, by, hold))
        if isinstance(outcome, Accepted):
            self.owners[name], self.born[name] = by, place
            self._note(name, place, outcome)
            self._forget(hold)

    def move(self, name: str, place: Held) -> None:
        """Move an appointment, which keeps its buffers."""
        becomes = self.held[name]._replace(doctor=place.doctor, when=place.when)
        request = Move(sought(name), RequestedTime(*interval_of(place)), place.doctor)
        outcome = self._decide(lambda found: move(found, request, self.now), birth_of(name))
        is_free = self._is_free(name, becomes, self.owners[name])
        assert isinstance(outcome, Accepted) is (becomes.booked and is_free)
        if isinstance(outcome, Accepted):
            self._note(name, becomes, outcome)

    def cancel(self, name: str) -> None:
        """Cancel an appointment."""
        request = Cancellation(sought(name))
        outcome = self._decide(lambda found: cancel(found, request, self.now), birth_of(name))
        assert isinstance(outcome, Accepted) is self.held[name].booked
        if isinstance(outcome, Accepted):
            self._note(name, self.held[name]._replace(booked=False), outcome)

    def hold(self, place: Held, by: Caller) -> None:
        """Hold a place for five minutes."""
        name, ends_at = hold_id(home_of(place), self._token()), self.now + 300 * SECOND
        new = Hold(
            name,
            place.doctor,
            interval_of(place),
            ends_at,
            holder_of(name, by.account),
            place.before * MINUTE,
            place.after * MINUTE,
        )
        request = HoldRequest(new, self._booking(name, place, by))
        days = days_of(place)
        outcome = self._decide(lambda found: hold_time(found, request, self.now), *days, by=by)
        may = by is ANYBODY or all(len(self._live(by, day)) < 3 for day in days)
        assert isinstance(outcome, TimeHeld) is (may and self._is_free(name, place, by))
        if isinstance(outcome, TimeHeld):
            self.kept[name] = Kept(place, by, ends_at)
            for key in days:
                self.remembered.setdefault(key, set()).add(name)

    def use(self, name: str, like: Held, by: Caller) -> None:
        """Book with a hold all that it keeps, or a part, or more; or with another doctor."""
        kept = self.kept[name].place
        parts = {30: range(kept.when.start, kept.when.start + 30), 24 * 60: like.when}
        doctor_id = like.doctor if len(like.when) == 90 else kept.doctor
        when = parts.get(len(like.when), kept.when)
        self.book(like._replace(doctor=doctor_id, when=when), by, name)

    def release(self, name: str, by: Caller) -> None:
        """Release a hold."""
        home, kept = birth_of(name), self.kept[name]
        request = Release(name, home, DOCTORS[home.doctor_id], by, self.now)
        outcome = self._decide(lambda found: release(found, request, self.now), home)
        is_theirs = by is kept.by and self.now < kept.ends_at
        assert isinstance(outcome, Released) is is_theirs
        if is_theirs:
            self._forget(name)

    def documents(self, needed: NeedsDocuments) -> Documents:
        """What a store would load."""
        return Documents(
            {key: self.days.get(key, DaySchedule(key)) for key in needed.days},
            {key: self.elsewhere.get(key) for key in needed.elsewhere},
            {key: self.patients.get(key, PatientSchedule(key)) for key in needed.patients},
        )

    def decided(
        self, decision: Callable[[Documents], Decision], *days: DayKey, by: Caller = ANYBODY
    ) -> tuple[Documents, Documents, Outcome]:
        """Decide on these days alone, then on all that turns out to be needed as well.

        Returns what was given, what changes, and the outcome.
        """
        own = frozenset({by.patient} if by.patient else ())
        needed = NeedsDocuments(frozenset(days), patients=own)
        for _ in range(5):
            given = self.documents(needed)
            changes, outcome = decision(given)
            if not isinstance(outcome, NeedsDocuments):
                break
            assert changes == Documents()
            assert not (
                outcome.days <= needed.days
                and outcome.elsewhere <= needed.elsewhere
                and outcome.patients <= needed.patients
            )
            needed = replace(outcome, patients=outcome.patients | needed.patients)
        return given, changes, outcome

    def _decide(
        self, decision: Callable[[Documents], Decision], *days: DayKey, by: Caller = ANYBODY
    ) -> Outcome:
        """Decide, and write what changes."""
        given, changes, outcome = self.decided(decision, *days, by=by)
        granted = isinstance(outcome, Accepted | TimeHeld | Released)
        assert granted is bool(changes.days)
        if granted:
            self._commit(given, changes)
        return outcome

    def _commit(self, given: Documents, changes: Documents) -> None:
        """Write what changes; what was not loaded can only be written where nothing is."""
        assert changes.days.keys() <= given.days.keys()
        assert all(DayWrite(Stored(given.days[k], 1), d).changed() for k, d in changes.days.items())
        assert all(self.elsewhere.get(k) != to for k, to in changes.elsewhere.items())
        assert self.elsewhere.keys() & changes.elsewhere.keys() <= given.elsewhere.keys()
        assert changes.patients.keys() <= given.patients.keys()
        self.days.update(changes.days)
        self.patients.update(changes.patients)
        there = {**self.elsewhere, **changes.elsewhere}
        self.elsewhere = {key: found for key, found in there.items() if found}
        old = {name for name, kept in self.kept.items() if kept.ends_at + HOUR <= self.now}
        for key in changes.days:
            self.remembered[key] = self.remembered.get(key, set()) - old

    def _booking(self, name: str, place: Held, by: Caller) -> Booking:
        booking = to_book(name, DOCTORS[place.doctor], interval_of(place), self.now)
        plain = booking.appointment._replace(
            before=place.before * MINUTE, after=place.after * MINUTE
        )
        appointment = owned(plain, by) if by.patient else plain
        return replace(booking, appointment=appointment, caller=by)

    def _token(self) -> str:
        self._tried += 1
        return f"n{self._tried:02}"

    def _note(self, name: str, becomes: Held, outcome: Accepted) -> None:
        """Note what an appointment holds now, which is what it was to hold."""
        self.held[name] = held(outcome.appointment)
        assert (outcome.appointment.id, self.held[name]) == (name, becomes)

    def _forget(self, name: str | None) -> None:
        """Forget a hold that is used or given up."""
        self.kept.pop(name or "", None)
        for names in self.remembered.values():
            names.discard(name or "")

    def _is_free(self, name: str, place: Held, owner: Caller, hold: str | None = None) -> bool:
        """Whether nobody is in the way of an appointment, or hold, of an owner."""
        live = {each: kept.place for each, kept in self.kept.items() if self.now < kept.ends_at}
        there = {each: place for each, place in (self.held | live).items() if each != hold}
        buffers = place.before, place.after
        if conflicts(there, place.doctor, place.when, but=name, buffers=buffers):
            return False
        mine = [self.held[each] for each in self.held if self.owners[each] is owner]
        others = [each for each in mine if each is not self.held.get(name) and each.booked]
        return owner is ANYBODY or not any({*each.when} & {*place.when} for each in others)

    def _may_use(self, hold: str, place: Held, by: Caller) -> bool:
        """Whether a hold is live, and somebody's own, and keeps a place."""
        kept = self.kept[hold]
        is_within = kept.place.doctor == place.doctor and {*place.when} <= {*kept.place.when}
        return is_within and by is kept.by and self.now < kept.ends_at

    def _live(self, by: Caller, day: DayKey) -> list[Kept]:
        """What somebody keeps on a day."""
        own = [self.kept[name] for name in self.remembered.get(day, ()) if name in self.kept]
        return [kept for kept in own if kept.by is by and self.now < kept.ends_at]


def interval_of(place: Held) -> Interval:
    """The instants of a place."""
    start, end = (MIDNIGHT + timedelta(minutes=m) for m in (place.when.start, place.when.stop))
    return Interval(start, end)


def days_of(place: Held) -> list[DayKey]:
    """The doctor-days of each minute of a place and its buffers."""
    reach = range(place.when.start - place.before, place.when.stop + place.after)
    numbers = sorted({(minute + SHIFTS[place.doctor]) // (24 * 60) for minute in reach})
    return [DayKey(place.doctor, date(2026, 11, 23 + number)) for number in numbers]


def home_of(place: Held) -> DayKey:
    """The doctor-day on which a place starts, without its buffer."""
    return days_of(Held(place.doctor, place.when[:1]))[0]


def held(a: Appointment) -> Held:
    """What an appointment holds."""
    start, end = ((t - MIDNIGHT) // MINUTE for t in a.interval)
    buffers = a.before // MINUTE, a.after // MINUTE
    return Held(a.doctor_id, range(start, end), a.status != "cancelled", *buffers)


def birth_of(name: str) -> DayKey:
    """The doctor-day that the id of an appointment or a hold names."""
    home = hold_day(name) or home_day(name)
    assert home is not None
    return home


def sought(name: str, by: Caller = ANYBODY) -> Sought:
    """An appointment that somebody asks for."""
    return Sought(name, birth_of(name), DOCTORS, by)
