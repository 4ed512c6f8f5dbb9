"""When a doctor works: the week, plus extra hours, minus time off."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from shared.model.busy_day import BusyDay
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY, end_of_day
from shared.model.interval import Interval, clipped, merged, without
from shared.model.policy import LONGEST
from shared.rules.wall_clock import local_day
from shared.rules.working_windows import windows_on_date, working_windows


class Calendar(Struct, frozen=True):
    """What differs from a doctor's week on the doctor-days that were read.

    `extra` are extra hours, `off` is time off, the closed days of the clinic among it.
    """

    extra: tuple[Interval, ...] = ()
    off: tuple[Interval, ...] = ()

    def windows(self, doctor: Doctor, day: date) -> tuple[Interval, ...]:
        """Return when a doctor works on a doctor-day, as `working_windows` does."""
        windows = self.windows_of_week(doctor, day)
        if not self.off:
            return windows
        # What begins after time off that goes on to the end of the day belongs to the next one.
        end = end_of_day(doctor, day)
        return tuple(window for window in without(windows, self.off) if window.start < end)

    def windows_of_week(self, doctor: Doctor, day: date) -> tuple[Interval, ...]:
        """Return when a doctor would work if nobody were ever away: without time off."""
        windows = working_windows(doctor, day)
        if not self.extra:
            return windows
        end = end_of_day(doctor, day)
        # Extra hours may join the windows of this day to those of the next one.
        together = merged((*windows, *working_windows(doctor, day + DAY), *self.extra))
        reach = Interval(end - DAY, end + LONGEST)
        return tuple(window for window in clipped(together, reach) if window.start < end)

    def windows_on_date(self, doctor: Doctor, day: date) -> tuple[Interval, ...]:
        """Return when a doctor works on a local date, in order, with breaks between.

        Extra hours lie within one local date.
        """
        extra = (time for time in self.extra if local_day(time.start, doctor.zone) == day)
        return tuple(without(merged((*windows_on_date(doctor, day), *extra)), self.off))

    def is_off(self, interval: Interval) -> bool:
        """Whether a doctor is away at any time of an interval."""
        return any(time.overlaps(interval) for time in self.off)


_AS_EVERY_WEEK = Calendar()


def calendar(days: Iterable[DaySchedule | BusyDay], closed: tuple[Interval, ...]) -> Calendar:
    """Return what differs from the week on these doctor-days; `closed` is when the clinic is."""
    overrides = [override for day in days for override in day.overrides]
    if not overrides and not closed:
        return _AS_EVERY_WEEK
    extra = tuple(each.interval for each in overrides if each.kind == "extra_hours")
    off = tuple(each.interval for each in overrides if each.kind == "time_off")
    return Calendar(extra, (*off, *closed))
