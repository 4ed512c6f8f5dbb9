"""From the parameters of a search to the openings that the rules look for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from shared.directory.doctor_cache import MOST_TOGETHER
from shared.http.call import Call
from shared.http.lookups import find_bookable_doctors, find_service
from shared.http.request_errors import invalid
from shared.http.schemas.search_request import SearchRequest
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.service import NO_TIME, Service
from shared.model.time_zones import MINUTE
from shared.rules.allowed_starts import earliest_start, latest_start
from shared.rules.openings import OpeningSearch
from shared.rules.wall_clock import round_down_to_second, round_up_to_minute


class Search(Struct, frozen=True):
    """Which openings are looked for: with whom, how long, and of which service of the clinic."""

    doctors: Sequence[Doctor]
    clinic: Clinic
    service: Service | None
    length: timedelta
    now: datetime

    def earliest(self, after: datetime) -> datetime:
        """Return the first start from an instant on that the policy allows now."""
        policy = self.clinic.policy_of(self.service.id if self.service else None)
        start = round_up_to_minute(max(after, self.now))
        return max(start, earliest_start(self.now, policy))

    @property
    def latest_end(self) -> datetime:
        """When an appointment ends that starts as late as the policy allows now."""
        policy = self.clinic.policy_of(self.service.id if self.service else None)
        return latest_start(self.now, policy) + self.length

    def within(self, bounds: Interval, step: int | None) -> OpeningSearch:
        """Return the search for openings within bounds, on a grid of so many minutes."""
        service = self.service
        return OpeningSearch(
            bounds,
            self.length,
            round_down_to_second(self.now),
            step,
            before=service.before if service else NO_TIME,
            after=service.after if service else NO_TIME,
            closed=self.clinic.closed,
        )


async def read_search(
    call: Call[Any], asked: SearchRequest, usual_minutes: int | None = None
) -> Search:
    """Return what a request searches for: 404 or 400 if there is no such doctor, service, length.

    `usual_minutes` are those of an appointment of no service where the request names none.
    """
    dependencies = call.dependencies
    clinic = await dependencies.clinic_cache.clinic()
    if asked.doctor_id is not None:
        doctors: Sequence[Doctor] = await find_bookable_doctors(dependencies, asked.doctor_id)
        service = find_service(clinic, asked.service_id, doctors)
    else:
        service = find_service(clinic, asked.service_id)
        doctors = await dependencies.doctor_cache.offering(asked.service_id)
        _check_that_they_are_few(doctors)
    if service is None and clinic.policy.service_required:
        wrong = "is required by this clinic; `list_services` lists the services"
        raise invalid("service_id", "missing", wrong)
    return Search(
        doctors, clinic, service, _length(asked, clinic, service, usual_minutes), call.now
    )


def _length(
    asked: SearchRequest, clinic: Clinic, service: Service | None, usual_minutes: int | None
) -> timedelta:
    minutes = asked.duration_minutes
    if service and service.length:
        if minutes is not None:
            wrong = "must be left out, because the service has a length"
            raise invalid("duration_minutes", "length_of_service", wrong)
        return service.length
    longest = clinic.policy_of(asked.service_id).longest // MINUTE
    if usual_minutes is not None and service is None:
        minutes = minutes or min(usual_minutes, longest)
    if minutes is None:
        wrong = "is required, because the service has no length"
        raise invalid("duration_minutes", "missing", wrong)
    if minutes > longest:
        raise invalid("duration_minutes", "too_long", f"must be at most {longest}")
    return minutes * MINUTE


def _check_that_they_are_few(doctors: Sequence[Doctor]) -> None:
    if len(doctors) > MOST_TOGETHER:
        wrong = f"must be sent, because more than {MOST_TOGETHER} doctors could be meant"
        raise invalid("doctor_id", "too_many", f"{wrong}; or send a service_id that fewer offer")
