"""The clinic file, `doctors.json`, and the errors that name the place of a mistake in it.

Hours are wall-clock times `HH:MM` in the doctor's zone; `24:00` is the end of the day. Several
entries for one weekday leave a break between them; a night shift is one entry on each side of
midnight.
"""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shared.directory.ids import DOCTOR_ID, DOCTOR_ID_MEANS, SERVICE_ID, SERVICE_ID_MEANS
from shared.directory.stored_clinic import bound, over
from shared.json_text import repeated_member
from shared.model.doctor import WEEK, Doctor, Weekday, WorkingHours
from shared.model.doctor_days import DAY
from shared.model.policy import LONGEST_MINUTES, POLICY, Policy
from shared.model.time_zones import MINUTE, standard_offset, time_zone
from shared.texts import Name, Reason
from shared.time_texts import clock_time, minutes_of
from shared.validation import TextForm, message, place

DoctorId = Annotated[str, TextForm(DOCTOR_ID, DOCTOR_ID_MEANS)]
ServiceId = Annotated[str, TextForm(SERVICE_ID, SERVICE_ID_MEANS)]
ClockTime = Annotated[
    str, TextForm(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", 'a time such as "09:00" or "24:00"')
]


LONGEST_NOTICE = 366 * 1440
LONGEST_HORIZON = 36_600
LONGEST_BUFFER = 720
"""In minutes. With it, the longest appointment touches three doctor-days at most."""
LONGEST_CLOSED = timedelta(days=366)
MOST_SERVICES = 200
MOST_CLOSED = 1000


def _known_zone(name: str) -> str:
    time_zone(name)
    return name


def _known_bound(text: str) -> str:
    bound(text)
    return text


Notice = Annotated[int, Field(ge=0, le=LONGEST_NOTICE)]
Length = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
Buffer = Annotated[int, Field(ge=0, le=LONGEST_BUFFER)]
Bound = Annotated[str, AfterValidator(_known_bound)]


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
            raise ValueError(
                f"closes at {self.closes}, but must close after {self.opens}: split a night "
                'shift into one that closes at "24:00" and one that opens at "00:00" the next days'
            )
        return self

    def hours(self) -> WorkingHours:
        """Return the stretch in minutes since midnight."""
        return WorkingHours(minutes_of(self.opens), minutes_of(self.closes))


class _ServicePolicy(_Entry):
    """What is allowed for a service, where that differs from the clinic's."""

    notice_minutes: Notice = 0
    horizon_days: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = 1826
    cancel_notice_minutes: Notice = 0
    open_appointments: Annotated[int, Field(ge=1, le=1000)] = 20
    changes_per_day: Annotated[int, Field(ge=1, le=10_000)] = 60
    longest_minutes: Length = LONGEST_MINUTES


class _ClinicPolicy(_ServicePolicy):
    """What the clinic allows."""

    service_required: bool = False


class _ClosedEntry(_Entry):
    """A time at which the whole clinic is closed, by dates or times of the clinic."""

    start: Bound
    end: Bound
    name: Name


class _ServiceEntry(_Entry):
    """A kind of appointment; without `duration_minutes`, of any length."""

    id: ServiceId
    name: Name
    duration_minutes: Length | None = None
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    description: Reason = None
    policy: _ServicePolicy = _ServicePolicy()


class _DoctorEntry(_Entry):
    """A doctor; without `time_zone` in that of the clinic, without `services` offering all."""

    id: DoctorId
    name: Name
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    working_hours: list[_HoursEntry]
    services: list[ServiceId] | None = None
    retired: bool = False

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
        return Doctor(
            id=self.id,
            name=self.name,
            zone=zone,
            week=week,
            day_shift=shift,
            services=None if self.services is None else frozenset(self.services),
            retired=self.retired,
        )


class _ClinicFile(_Entry):
    doctors: Annotated[list[_DoctorEntry], Field(min_length=1)]
    services: Annotated[list[_ServiceEntry], Field(max_length=MOST_SERVICES)] = []
    policy: _ClinicPolicy = _ClinicPolicy()
    closed: Annotated[list[_ClosedEntry], Field(max_length=MOST_CLOSED)] = []

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for name, entries in (("doctors", self.doctors), ("services", self.services)):
            if twice := _repeated([entry.id for entry in entries]):
                raise ValueError(f'{name}: the id "{twice}" must appear only once')
        return self

    @model_validator(mode="after")
    def _doctors_offer_what_there_is(self) -> Self:
        there = [service.id for service in self.services]
        for number, doctor in enumerate(self.doctors):
            where, offered = f"doctors[{number}].services", doctor.services or []
            for place_, service_id in enumerate(offered):
                if service_id not in there:
                    raise ValueError(f"{where}[{place_}]: {_no_service(service_id, there)}")
            if twice := _repeated(offered):
                raise ValueError(f'{where}: "{twice}" must appear only once')
        return self

    @model_validator(mode="after")
    def _policies_leave_something_to_book(self) -> Self:
        policy = over(POLICY, _said(self.policy))
        _check_policy("policy", policy)
        if policy.service_required and not self.services:
            raise ValueError("policy.service_required: must be false if there are no services")
        for number, service in enumerate(self.services):
            own = over(policy, _said(service.policy))
            _check_policy(f"services[{number}].policy", own)
            longest = own.longest // MINUTE
            if service.duration_minutes and service.duration_minutes > longest:
                message = f"must be at most {longest}, the longest_minutes of its policy"
                raise ValueError(f"services[{number}].duration_minutes: {message}")
        return self


class ClinicFile(Struct, frozen=True):
    """The doctors of a clinic file, by id, and what it says of the whole clinic.

    The doctors are as they would be stored if they were new; the clinic's members as the store
    keeps them.
    """

    doctors: list[Doctor]
    clinic: Mapping[str, Any]


def read_clinic_file(text: str | bytes, clinic_zone: ZoneInfo, now: datetime) -> ClinicFile:
    """Read a clinic file.

    Some editors begin a file with a byte order mark, which is skipped. Raises ValueError with the
    place and the cause.
    """
    content = (text.encode() if isinstance(text, str) else text).removeprefix(BOM_UTF8)
    try:
        file = _ClinicFile.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(_place_and_cause(error)) from None
    if twice := repeated_member(content):
        raise ValueError(f"{twice}: must appear only once")
    for number, closed in enumerate(file.closed):
        _check_closed(f"closed[{number}]", closed, clinic_zone)
    doctors = sorted((entry.doctor(clinic_zone, now) for entry in file.doctors), key=lambda d: d.id)
    return ClinicFile(doctors, file.model_dump(exclude_unset=True, exclude={"doctors"}))


def _said(policy: _ServicePolicy) -> dict[str, Any]:
    return policy.model_dump(exclude_unset=True)


def _check_policy(where: str, policy: Policy) -> None:
    if policy.notice >= policy.horizon:
        days = policy.horizon // DAY
        message = f"must be less than its horizon of {days} days, or nothing could be booked"
        raise ValueError(f"{where}.notice_minutes: {message}")


def _check_closed(where: str, closed: _ClosedEntry, zone: ZoneInfo) -> None:
    start, end = bound(closed.start), bound(closed.end)
    if end.as_end(zone) <= start.as_start(zone):
        raise ValueError(f"{where}.end: must be after start")
    length = end.as_end(zone) - start.as_start(zone)
    if start.time.tzinfo is None and end.time.tzinfo is None:
        length = end.end_time - start.time  # A year of dates is one, whatever the clocks do.
    if length > LONGEST_CLOSED:
        raise ValueError(f"{where}.end: must be at most {LONGEST_CLOSED.days} days after start")


def _repeated(ids: Sequence[str]) -> str | None:
    """Return an id that appears more than once, or None."""
    return next((name for name, count in Counter(ids).items() if count > 1), None)


def _no_service(service_id: str, there: Sequence[str]) -> str:
    if not there:
        return f'"{service_id}" must be one of "services", which the file does not have'
    return f'"{service_id}" must be one of the services, such as "{there[0]}"'


def _place_and_cause(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return ": ".join(part for part in (place(first["loc"]), message(first, _ClinicFile)) if part)
