"""The decision to move an appointment."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.booking import refusal_of
from shared.rules.existing import find, place_of, why_fixed
from shared.rules.outcomes import Accepted, Days, Decision, NeedsDays, Refusal
from shared.rules.wall_clock import day_key


class Move(Struct, frozen=True):
    """A wish to have an appointment at another time, or with another doctor.

    `target` is pure: with whom and when, given the appointment as it is, or why that is unclear.
    """

    appointment_id: str
    home: DayKey
    target: Callable[[Appointment], tuple[Doctor, Interval] | Refusal]


def move(days: Days, wish: Move, now: datetime) -> Decision:
    """Decide a move on the home day, the day where the appointment lies, and the target day."""
    found = find(days, wish.home, wish.appointment_id)
    if not isinstance(found, Appointment):
        return {}, found
    target = wish.target(found)
    if isinstance(target, Refusal):
        return {}, target
    if refusal := why_fixed(found, now):
        return {}, refusal
    doctor, interval = target
    place, key = place_of(days, wish.home, found.id), day_key(doctor, interval.start)
    if key not in days:
        return {}, NeedsDays(frozenset({wish.home, place, key}))
    cleared = days[key].without(found.id)
    if refusal := refusal_of(cleared, doctor, interval, now, moving=found.id):
        return {}, refusal
    moved = found._replace(doctor_id=doctor.id, interval=interval, updated_at=now)
    changes = {key: cleared.with_appointment(moved)}
    if key != place:
        changes[place] = days[place].without(moved.id)
        if key != wish.home:
            changes[wish.home] = days[wish.home].forwarding(moved.id, key)
    return changes, Accepted(moved)
