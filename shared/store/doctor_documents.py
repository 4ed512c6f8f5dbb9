"""The written form of doctors, in `doctors.json` and in a store alike.

Hours are wall-clock times `HH:MM` in the doctor's zone, `24:00` being the end of the day.
Several entries for one weekday leave a break between them.
"""

from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shared.model.doctor import Doctor, WorkingHours
from shared.model.time_zones import time_zone
from shared.validation import Like, message, place

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# An appointment's id is the doctor's, a date and a random part, and has 128 characters at most.
DoctorId = Annotated[
    str,
    Like(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        "up to 80 letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
    ),
]
ClockTime = Annotated[
    str, Like(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", 'a time such as "09:00" or "24:00"')
]


def _known_zone(name: str) -> str:
    time_zone(name)
    return name


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WorkingHoursEntry(_Entry):
    """The same stretch of work on several weekdays."""

    days: Annotated[list[Weekday], Field(min_length=1)]
    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError(
                f"closes at {self.closes}, which is not after it opens, at {self.opens}"
            )
        return self

    def hours(self) -> WorkingHours:
        """The stretch in minutes since midnight."""
        return WorkingHours(_minutes(self.opens), _minutes(self.closes))


class DoctorEntry(_Entry):
    """A doctor as written; without `time_zone`, the clinic's holds."""

    id: DoctorId
    name: Annotated[str, Field(max_length=200), Like(r"\S", "a name")]
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    working_hours: list[WorkingHoursEntry]

    @model_validator(mode="after")
    def _hours_do_not_overlap(self) -> Self:
        for day in WEEK:
            for earlier, later in pairwise(self._hours_on(day)):
                if later.opens < earlier.closes:
                    raise ValueError(
                        f"working_hours overlap on {day}, at {_clock_time(later.opens)}"
                    )
        return self

    def _hours_on(self, day: Weekday) -> list[WorkingHours]:
        hours = [entry.hours() for entry in self.working_hours for d in entry.days if d == day]
        return sorted(hours, key=lambda h: h.opens)

    def doctor(self, clinic_zone: ZoneInfo) -> Doctor:
        """The doctor that this describes."""
        zone = clinic_zone if self.time_zone is None else time_zone(self.time_zone)
        week = tuple(tuple(self._hours_on(day)) for day in WEEK)
        return Doctor(id=self.id, name=self.name, zone=zone, week=week)


class _DoctorsFile(_Entry):
    doctors: Annotated[list[DoctorEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [doctor.id for doctor in self.doctors]
        if twice := next((i for i in ids if ids.count(i) > 1), None):
            raise ValueError(f'doctors: the id "{twice}" stands there twice')
        return self


def read_doctors(text: str | bytes, clinic_zone: ZoneInfo) -> list[Doctor]:
    """The doctors of a doctors file, by id; ValueError with the place and the cause."""
    try:
        entries = _DoctorsFile.model_validate_json(text).doctors
    except ValidationError as error:
        raise ValueError(_place_and_cause(error)) from None
    return sorted((entry.doctor(clinic_zone) for entry in entries), key=lambda d: d.id)


def doctor_from_json(text: str | bytes) -> Doctor:
    """The doctor that `doctor_to_json` wrote; ValueError if it is not such a text."""
    return DoctorEntry.model_validate_json(text).doctor(time_zone("UTC"))


def doctor_to_json(doctor: Doctor) -> str:
    """The written form of a doctor, always with the time zone."""
    by_hours: dict[WorkingHours, list[Weekday]] = {}
    for day, stretches in zip(WEEK, doctor.week, strict=True):
        for hours in stretches:
            by_hours.setdefault(hours, []).append(day)
    entry = DoctorEntry(
        id=doctor.id,
        name=doctor.name,
        time_zone=doctor.zone.key,
        working_hours=[
            WorkingHoursEntry(days=d, opens=_clock_time(h.opens), closes=_clock_time(h.closes))
            for h, d in by_hours.items()
        ],
    )
    return entry.model_dump_json()


def _minutes(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _place_and_cause(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return ": ".join(part for part in (place(first["loc"]), message(first, _DoctorsFile)) if part)
