"""What a service and its policy mean for moving and cancelling, whatever has become of it since."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.policy import Policy
from shared.model.service import Service
from shared.rules.allowed_starts import Rule
from shared.rules.availability import Terms
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.moving import Move, move
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import (
    AlreadyCancelled,
    AlreadyStarted,
    OutsideWorkingHours,
    RetiredDoctor,
    TimeOff,
    TooLate,
    TooLateToCancel,
    TooSoon,
    UnclearTime,
    UnknownService,
    VersionMismatch,
)
from shared.rules.requested_time import RequestedTime
from tests.builders import (
    appointment,
    at,
    doctor,
    documents,
    key,
    owned,
    patient,
    schedule,
    schedule_of,
    span,
)

MON, TUE, NOW = "2026-11-23", "2026-11-24", at("2026-11-20T12:00Z")
ID = "strange.20261123.a"
ADA = patient("ada")
HALF_HOUR = timedelta(minutes=30)
BOOKED = owned(
    appointment(f"{MON}T11:00Z", f"{MON}T11:30Z", ID)._replace(
        service_id="flu", before=timedelta(minutes=10), after=timedelta(minutes=5)
    ),
    ADA,
)


def flu(length: timedelta | None = None, policy: Policy | None = None) -> Clinic:
    """A clinic that offers flu shots."""
    service = Service("flu", "Flu shot", length, policy=policy or Policy())
    return Clinic(services={"flu": service})


def moved(  # noqa: PLR0913 - what the outcome depends on
    to: str = "14:00-14:30",
    clinic: Clinic | None = None,
    *,
    by: Caller = ADA,
    of: Doctor | None = None,
    now: datetime = NOW,
    closed: tuple[Interval, ...] = (),
    broken: Iterable[Rule] = (),
    versions: frozenset[int] | None = None,
) -> Outcome:
    """What comes of moving it within its day."""
    someone, (start, end) = of or doctor(), to.split("-")
    sought = Sought(ID, key(MON), {"strange": someone}, by, clinic or Clinic(), versions)
    time = RequestedTime(at(f"{MON}T{start}Z"), at(f"{MON}T{end}Z"))
    terms = Terms(closed=closed, broken=frozenset(broken))
    given = documents(schedule(MON, BOOKED), patients=[schedule_of(ADA, BOOKED)])
    return move(given, Move(sought, time, terms=terms), now)[1]


def cancelled(
    clinic: Clinic | None = None,
    by: Caller = ADA,
    now: datetime = NOW,
    versions: frozenset[int] | None = None,
) -> Outcome:
    """What comes of cancelling it."""
    sought = Sought(ID, key(MON), {"strange": doctor()}, by, clinic or Clinic(), versions)
    given = documents(schedule(MON, BOOKED), patients=[schedule_of(ADA, BOOKED)])
    return cancel(given, Cancellation(sought), now)[1]


def test_what_was_booked_keeps_its_service_and_buffers_whatever_becomes_of_the_service() -> None:
    changed = Clinic(services={"flu": Service("flu", "Flu shot", before=timedelta(hours=3))})
    for clinic in (Clinic(), flu(), changed):
        outcome = moved(clinic=clinic)
        assert isinstance(outcome, Accepted)
        after = outcome.appointment
        assert (after.service_id, after.before, after.after) == ("flu", *BOOKED[14:16])
        assert (after.id, after.version) == (ID, 2)
        assert isinstance(cancelled(clinic), Accepted)


@pytest.mark.parametrize(
    ("services", "kind"),
    [(None, Accepted), (frozenset({"flu"}), Accepted), (frozenset({"x-ray"}), UnknownService)],
    ids=["all", "this-one", "others"],
)
def test_it_is_moved_only_to_a_doctor_who_offers_its_service(
    services: frozenset[str] | None, kind: type
) -> None:
    assert type(moved(of=replace(doctor(), services=services))) is kind


def test_what_is_of_no_service_is_moved_to_a_doctor_who_offers_only_some() -> None:
    plain = BOOKED._replace(service_id=None)
    given = documents(schedule(MON, plain), patients=[schedule_of(ADA, plain)])
    some = replace(doctor(), services=frozenset({"x-ray"}))
    sought = Sought(ID, key(MON), {"strange": some}, ADA)
    request = Move(sought, RequestedTime(at(f"{MON}T14:00Z")))
    assert isinstance(move(given, request, NOW)[1], Accepted)


def test_nothing_is_moved_to_a_retired_doctor_and_what_is_booked_can_be_cancelled() -> None:
    retired = replace(doctor(), retired=True)
    assert isinstance(moved(of=retired), RetiredDoctor)
    sought = Sought(ID, key(MON), {"strange": retired}, ADA)
    given = documents(schedule(MON, BOOKED), patients=[schedule_of(ADA, BOOKED)])
    assert isinstance(cancel(given, Cancellation(sought), NOW)[1], Accepted)


@pytest.mark.parametrize(
    ("to", "length", "by", "problem"),
    [
        pytest.param("14:00-14:30", 60, ADA, None, id="as-it-was"),
        pytest.param("14:00-15:00", 60, ADA, None, id="as-the-service-is-now"),
        pytest.param("14:00-14:45", 60, ADA, "length_of_service", id="another-by-the-patient"),
        pytest.param("14:00-14:45", 60, ANYBODY, None, id="another-by-the-clinic"),
        pytest.param("14:00-14:45", None, ADA, None, id="of-any-length"),
        pytest.param("14:00-14:46", None, ADA, "too_long", id="longer-than-the-policy-allows"),
        pytest.param("14:00-14:46", None, ANYBODY, "too_long", id="for-the-clinic-too"),
    ],
)
def test_another_length_is_one_that_the_service_and_the_policy_allow(
    to: str, length: int | None, by: Caller, problem: str | None
) -> None:
    usual = None if length is None else timedelta(minutes=length)
    clinic = flu(usual, Policy(longest=timedelta(minutes=45)))
    outcome = moved(to, clinic, by=by)
    if problem is None:
        assert isinstance(outcome, Accepted)
    else:
        assert isinstance(outcome, UnclearTime)
        assert (outcome.field, outcome.problem) == ("end", problem)


def test_the_notice_and_the_horizon_of_its_service_hold_for_a_move() -> None:
    notice = flu(policy=Policy(notice=timedelta(hours=75)))
    assert isinstance(moved("15:00-15:30", notice), Accepted)
    assert isinstance(moved("14:59-15:29", notice), TooSoon)
    assert isinstance(moved("14:59-15:29", notice, broken=["too_soon"]), Accepted)
    horizon = flu(policy=Policy(horizon=timedelta(hours=75)))
    assert isinstance(moved("15:01-15:31", horizon), TooLate)
    assert isinstance(moved("15:01-15:31", replace(horizon, services={})), Accepted)


def test_closed_days_and_broken_rules_count_for_a_move() -> None:
    closed = (span(f"{MON}T00:00Z", f"{TUE}T00:00Z"),)
    assert isinstance(moved(closed=closed), TimeOff)
    assert isinstance(moved(closed=closed, broken=["time_off"]), Accepted)
    assert isinstance(moved("18:00-18:30"), OutsideWorkingHours)
    assert isinstance(moved("18:00-18:30", broken=["outside_working_hours"]), Accepted)


@pytest.mark.parametrize(
    ("now", "by", "kind"),
    [
        pytest.param(f"{MON}T10:00Z", ADA, Accepted, id="in-time"),
        pytest.param(f"{MON}T10:00:00.1Z", ADA, TooLateToCancel, id="too-late"),
        pytest.param(f"{MON}T10:59Z", ANYBODY, Accepted, id="not-for-the-clinic"),
        pytest.param(f"{MON}T11:00Z", ADA, AlreadyStarted, id="started"),
    ],
)
def test_a_patient_moves_and_cancels_with_notice(now: str, by: Caller, kind: type) -> None:
    hour = Policy(cancel_notice=timedelta(hours=1))
    for clinic in (Clinic(hour), flu(policy=hour)):
        there = clinic if clinic.services else Clinic(hour)
        assert type(cancelled(there, by, at(now))) is kind
        assert type(moved(clinic=there, by=by, now=at(now))) is kind
    lenient = replace(flu(), policy=hour)
    assert not isinstance(cancelled(lenient, ADA, at(now)), TooLateToCancel)


def test_only_the_version_that_is_asked_about_is_moved_or_cancelled() -> None:
    assert isinstance(moved(versions=frozenset({2})), VersionMismatch)
    assert isinstance(cancelled(versions=frozenset()), VersionMismatch)
    assert isinstance(moved(versions=frozenset({1})), Accepted)
    assert isinstance(cancelled(versions=frozenset({2, 1})), Accepted)


def test_a_version_is_asked_about_before_the_state_and_the_state_before_the_time() -> None:
    gone = BOOKED._replace(cancelled_at=NOW, version=2)
    for versions, expected in ((frozenset({1}), VersionMismatch()), (None, AlreadyCancelled(gone))):
        sought = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY, versions=versions)
        given = documents(schedule(MON), elsewhere={sought.birth: gone})
        assert cancel(given, Cancellation(sought), NOW) == (documents(), expected)
