"""The clinic file, `doctors.json`, and the errors that name the place of a mistake in it.

Hours are wall-clock times `HH:MM` in the doctor's zone; `24:00` is the end of the day. Several
entries for one weekday leave a break between them.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shared.json_text import repeated_member
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor, WorkingHours
from shared.model.time_zones import standard_offset, time_zone
from shared.store.doctor_documents import WEEK, Weekday, clock_time, minutes_of
from shared.texts import Name
from shared.validation import TextForm, message, place

# An appointment's id is the doctor's, a date and a random part, and has at most 128 characters.
DoctorId = Annotated[
    str,
    TextForm(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        "up to 80 letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
    ),
]
ClockTime = Annotated[
    str, TextForm(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", 'a time such as "09:00" or "24:00"')
]


def _known_zone(name: str) -> str:
    time_zone(name)
    return name


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _HoursEntry(_Entry):
    """The same stretch of work on several weekdays."""

    days: Annotated[list[Weekday], Field(min_length=1)]
    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError(f"closes at {self.closes}, but must close after {self.opens}")
        return self

    def hours(self) -> WorkingHours:
        """Return the stretch in minutes since midnight."""
        return WorkingHours(minutes_of(self.opens), minutes_of(self.closes))


class _DoctorEntry(_Entry):
    """A doctor; without `time_zone`, in that of the clinic."""

    id: DoctorId
    name: Name
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    working_hours: list[_HoursEntry]

    @model_validator(mode="after")
    def _hours_do_not_overlap(self) -> Self:
        for day in WEEK:
            for earlier, later in pairwise(self._hours_on(day)):
                if later.opens < earlier.closes:
                    opens = clock_time(later.opens)
                    raise ValueError(f"working_hours must not overlap, as on {day} at {opens}")
        return self

    def _hours_on(self, day: Weekday) -> list[WorkingHours]:
        return sorted(e.hours() for e in self.working_hours for d in e.days if d == day)

    def doctor(self, clinic_zone: ZoneInfo, now: datetime) -> Doctor:
        """Return the doctor that this describes, with the day shift of one who is new at `now`."""
        zone = clinic_zone if self.time_zone is None else time_zone(self.time_zone)
        week = tuple(tuple(self._hours_on(day)) for day in WEEK)
        shift = standard_offset(zone, now)
        return Doctor(id=self.id, name=self.name, zone=zone, week=week, day_shift=shift)


class _ClinicFile(_Entry):
    doctors: Annotated[list[_DoctorEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [doctor.id for doctor in self.doctors]
        if twice := next((i for i in ids if ids.count(i) > 1), None):
            raise ValueError(f'doctors: the id "{twice}" must appear only once')
        return self


def read_doctors(text: str | bytes, clinic_zone: ZoneInfo, now: datetime) -> list[Doctor]:
    """Return the doctors of a clinic file, by id, as they would be stored if they were new.

    Some editors begin a file with a byte order mark, which is skipped. Raises ValueError with the
    place and the cause.
    """
    content = (text.encode() if isinstance(text, str) else text).removeprefix(BOM_UTF8)
    try:
        entries = _ClinicFile.model_validate_json(content).doctors
    except ValidationError as error:
        raise ValueError(_place_and_cause(error)) from None
    if twice := repeated_member(content):
        raise ValueError(f"{twice}: must appear only once")
    return sorted((entry.doctor(clinic_zone, now) for entry in entries), key=lambda d: d.id)


def _place_and_cause(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return ": ".join(part for part in (place(first["loc"]), message(first, _ClinicFile)) if part)


def read_clinic(clinic: Mapping[str, Any], zone: ZoneInfo) -> Clinic:
    """Return what is true of a whole clinic, as the store keeps it, with `zone` as that of dates.

    `clinic` has the members `policy`, `closed` and `services` of the clinic file, or fewer.
    """
    return Clinic()
