"""The doctor-day, the unit of consistency."""

import re
from bisect import insort
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from shared.model.appointment import POSITION, Appointment
from shared.model.busy_day import BusyDay, BusyTime
from shared.model.hold import KEPT_FOR, Hold
from shared.model.override import OverrideEntry

Entry = Appointment | OverrideEntry | Hold
"""What a doctor-day holds, each under its id."""


_held = attrgetter("held")


class DayKey(NamedTuple):
    """The name of a doctor-day; `day` is the UTC date of an instant plus the doctor's shift."""

    doctor_id: str
    day: date

    @classmethod
    def in_id(cls, pattern: re.Pattern[str], text: str) -> Self | None:
        """Return the doctor-day that an id of this form names; None if the text is none."""
        parts = pattern.fullmatch(text)
        if parts is None:
            return None
        try:
            return cls(parts["doctor"], date.fromisoformat(parts["day"]))
        except ValueError:
            return None


class DaySchedule(Struct, frozen=True, dict=True):
    """Everything that touches one doctor-day, in order of position.

    Appointments and holds touch it with their buffers. Holds may have ended.
    """

    key: DayKey
    appointments: tuple[Appointment, ...] = ()
    overrides: tuple[OverrideEntry, ...] = ()
    holds: tuple[Hold, ...] = ()

    @cached_property
    def busy(self) -> BusyDay:
        """What a search needs to know of it."""
        # Nearly all are held whole, without buffers: those take one look, and no call.
        rest = [a for a in self.appointments if a.freed_from is not None or a.before or a.after]
        if not (rest or self.holds):
            return BusyDay(tuple([a.interval for a in self.appointments]), (), self.overrides)
        kept = [(a, a.held) for a in self.appointments if a.held.length]
        times = tuple([time for a, time in kept if not (a.before or a.after)])
        buffered = [BusyTime(time, a.before, a.after) for a, time in kept if a.before or a.after]
        holds = [BusyTime(h.held, h.before, h.after, h.ends_at) for h in self.holds]
        return BusyDay(times, tuple(sorted([*buffered, *holds], key=_held)), self.overrides)

    def find(self, appointment_id: str) -> Appointment | None:
        """Return the appointment of this id, or None."""
        found = self.entries.get(appointment_id)
        return found if isinstance(found, Appointment) else None

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Everything the day holds, by id.

        Kept, because the day that a commit replaces was mostly written by the commit before.
        """
        every: tuple[Entry, ...] = (*self.appointments, *self.overrides, *self.holds)
        return {entry.id: entry for entry in every}

    def find_hold(self, hold_id: str) -> Hold | None:
        """Return the hold of this id, also if it has ended, or None."""
        return next((hold for hold in self.holds if hold.id == hold_id), None)

    def tidied(self, now: datetime) -> Self:
        """Return the same day without holds that have ended long ago."""
        if not self.holds:
            return self
        kept = tuple(hold for hold in self.holds if now < hold.ends_at + KEPT_FOR)
        return self if len(kept) == len(self.holds) else replace(self, holds=kept)

    def with_hold(self, hold: Hold) -> Self:
        """Return the same day with one more hold."""
        return replace(self, holds=tuple(sorted((*self.holds, hold), key=lambda h: h.position)))

    def without_hold(self, hold_id: str) -> Self:
        """Return the same day without a hold."""
        return replace(self, holds=tuple(hold for hold in self.holds if hold.id != hold_id))

    def without(self, appointment_id: str) -> Self:
        """Return the same day without an appointment."""
        others = tuple(a for a in self.appointments if a.id != appointment_id)
        return replace(self, appointments=others)

    def with_appointment(self, appointment: Appointment) -> Self:
        """Return the same day with this appointment, replacing the one of its id."""
        appointments = [a for a in self.appointments if a.id != appointment.id]
        insort(appointments, appointment, key=POSITION)
        return replace(self, appointments=tuple(appointments))

    def with_override(self, override: OverrideEntry) -> Self:
        """Return the same day with this override, replacing the one of its id."""
        others = self.without_override(override.id).overrides
        overrides = tuple(sorted((*others, override), key=lambda each: (each.interval, each.id)))
        return replace(self, overrides=overrides)

    def without_override(self, override_id: str) -> Self:
        """Return the same day without an override."""
        others = tuple(each for each in self.overrides if each.id != override_id)
        return replace(self, overrides=others)
