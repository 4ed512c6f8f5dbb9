"""What a clinic allows, by itself or for one of its services."""

from datetime import timedelta

from msgspec import Struct

LONGEST_MINUTES = 1440
LONGEST = timedelta(minutes=LONGEST_MINUTES)
"""The longest appointment."""


class Policy(Struct, frozen=True):
    """How early, how late, how long and how much may be booked.

    `notice` is the least time from now to a start, `horizon` the most, `cancel_notice` the least
    from now to the start of what a patient moves or cancels, `longest` the length of the longest
    appointment. Patients may have `open_appointments` ahead, and make `changes_per_day` in 24
    hours. `service_required`: every appointment is one of a service.
    """

    notice: timedelta = timedelta()
    horizon: timedelta = timedelta(days=1826)
    cancel_notice: timedelta = timedelta()
    open_appointments: int = 20
    changes_per_day: int = 60
    longest: timedelta = LONGEST
    service_required: bool = False


POLICY = Policy()
"""That of a clinic which says nothing."""
