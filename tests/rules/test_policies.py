"""Notice, horizon and running minute: from when and until when a start may lie."""

from datetime import datetime, timedelta

import pytest

from shared.access.caller import ANYBODY
from shared.model.policy import Policy
from shared.rules.allowed_starts import Rule
from shared.rules.availability import Booking, Terms
from shared.rules.booking import book
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import InThePast, OutsideWorkingHours, SlotTaken, TooLate, TooSoon
from tests.builders import appointment, at, doctor, documents, schedule, span

MON = "2026-11-23"
TAKEN = appointment(f"{MON}T10:00Z", f"{MON}T11:00Z", "there")
HOUR = Policy(notice=timedelta(minutes=60))
WEEK = Policy(horizon=timedelta(days=7))
BOTH = Policy(timedelta(minutes=60), timedelta(days=7))
NONE: frozenset[Rule] = frozenset()


def ask(
    start: str, now: str, policy: Policy, broken: frozenset[Rule] = NONE, minutes: int = 30
) -> Outcome:
    """What comes of booking half an hour of that Monday."""
    begins = at(f"{MON}T{start}Z")
    wanted = appointment(str(begins), str(begins + timedelta(minutes=minutes)), "new")
    booking = Booking(doctor(), wanted, ANYBODY, Terms(policy, broken=broken))
    return book(documents(schedule(MON, TAKEN)), booking, at(now))[1]


@pytest.mark.parametrize(
    ("start", "now", "earliest"),
    [
        pytest.param("12:00", f"{MON}T11:00Z", None, id="just-enough"),
        pytest.param("12:00", f"{MON}T11:00:00.000001Z", f"{MON}T12:01Z", id="rounded-up"),
        pytest.param("12:00", f"{MON}T11:00:59Z", f"{MON}T12:01Z", id="within-the-minute"),
        pytest.param("11:01", f"{MON}T11:00Z", f"{MON}T12:00Z", id="far-too-soon"),
        pytest.param("11:00", f"{MON}T11:00:30Z", f"{MON}T12:01Z", id="in-the-running-minute"),
    ],
)
def test_a_clinic_may_want_notice(start: str, now: str, earliest: str | None) -> None:
    outcome = ask(start, now, HOUR)
    if earliest is None:
        assert isinstance(outcome, Accepted)
    else:
        assert isinstance(outcome, TooSoon)
        assert outcome.earliest == at(earliest)
        assert outcome.search.bounds == span(earliest, str(at(earliest) + timedelta(days=90)))


def test_what_is_taken_at_the_first_or_the_last_start_is_neither_too_soon_nor_too_late() -> None:
    assert isinstance(ask("10:00", "2026-11-16T10:00Z", WEEK), SlotTaken)
    assert isinstance(ask("10:00", f"{MON}T09:00Z", HOUR), SlotTaken)
    assert isinstance(ask("10:00", f"{MON}T10:00:30Z", Policy()), SlotTaken)


def test_what_is_over_is_in_the_past_and_not_too_soon() -> None:
    assert isinstance(ask("10:59", f"{MON}T11:00:30Z", HOUR), InThePast)


@pytest.mark.parametrize(
    ("start", "now", "latest"),
    [
        pytest.param("12:00", "2026-11-16T12:00Z", None, id="the-last-one"),
        pytest.param("12:00", "2026-11-16T12:00:59Z", None, id="within-the-minute"),
        pytest.param("12:01", "2026-11-16T12:00:59Z", f"{MON}T12:00Z", id="a-minute-too-late"),
    ],
)
def test_a_clinic_may_look_only_so_far_ahead(start: str, now: str, latest: str | None) -> None:
    outcome = ask(start, now, WEEK)
    if latest is None:
        assert isinstance(outcome, Accepted)
    else:
        assert isinstance(outcome, TooLate)
        assert outcome.latest == at(latest)


@pytest.mark.parametrize(
    ("start", "now", "policy", "bounds"),
    [
        pytest.param(
            "12:01",
            "2026-11-16T12:00:30Z",
            WEEK,
            ("2026-11-16T12:01Z", f"{MON}T12:30Z"),
            id="beyond-the-horizon-from-now-on",
        ),
        pytest.param(
            "12:01",
            "2026-11-16T12:00:30Z",
            BOTH,
            ("2026-11-16T13:01Z", f"{MON}T12:30Z"),
            id="with-notice",
        ),
        pytest.param(
            "10:30",
            "2026-11-20T12:00Z",
            WEEK,
            (f"{MON}T10:30Z", "2026-11-27T12:30Z"),
            id="no-start-behind-the-horizon",
        ),
        pytest.param(
            "10:30",
            "2026-11-20T12:00Z",
            Policy(),
            (f"{MON}T10:30Z", "2027-02-21T10:30Z"),
            id="ninety-days",
        ),
        pytest.param(
            "10:30",
            f"{MON}T10:00Z",
            Policy(timedelta(minutes=60), timedelta(minutes=50)),
            (f"{MON}T11:00Z", f"{MON}T11:20Z"),
            id="more-notice-than-horizon",
        ),
        pytest.param(
            "10:30",
            f"{MON}T10:00Z",
            Policy(timedelta(minutes=90), timedelta(minutes=50)),
            (f"{MON}T11:30Z", f"{MON}T11:30Z"),
            id="nothing-between-the-two",
        ),
    ],
)
def test_other_times_are_looked_for_where_they_may_lie(
    start: str, now: str, policy: Policy, bounds: tuple[str, str]
) -> None:
    outcome = ask(start, now, policy)
    assert isinstance(outcome, SlotTaken | TooLate | TooSoon)
    assert outcome.search.bounds == span(*bounds)


ANY_TIME = frozenset[Rule](["in_the_past", "too_late"])


@pytest.mark.parametrize(
    ("start", "now", "broken", "kind"),
    [
        pytest.param("09:00", f"{MON}T12:00Z", {"in_the_past"}, Accepted, id="past"),
        pytest.param("09:00", f"{MON}T12:00Z", {"too_soon"}, InThePast, id="not-the-past"),
        pytest.param("12:00", f"{MON}T12:00:30Z", {"too_soon"}, Accepted, id="now"),
        pytest.param("12:30", f"{MON}T12:00Z", {"in_the_past"}, TooSoon, id="no-notice"),
        pytest.param("12:00", "2026-11-10T12:00Z", {"too_late"}, Accepted, id="late"),
        pytest.param("12:00", "2026-11-10T12:00Z", {"too_soon"}, TooLate, id="too-late"),
        pytest.param("12:30", f"{MON}T12:00Z", {"too_late"}, TooSoon, id="too-soon"),
        pytest.param("08:00", f"{MON}T12:00Z", ANY_TIME, OutsideWorkingHours, id="hours-stay"),
        pytest.param("10:00", f"{MON}T12:00Z", ANY_TIME, SlotTaken, id="taken-stays"),
    ],
)
def test_a_start_lies_outside_only_if_that_rule_may_be_broken(
    start: str, now: str, broken: frozenset[Rule], kind: type
) -> None:
    assert type(ask(start, now, BOTH, frozenset(broken))) is kind


def test_what_is_offered_instead_of_a_past_time_can_be_booked_by_anybody() -> None:
    outcome = ask("10:00", f"{MON}T12:00:30Z", HOUR, frozenset({"in_the_past"}))
    assert isinstance(outcome, SlotTaken)
    assert outcome.search.bounds.start == at(f"{MON}T13:01Z")


def test_a_test_clock_moves_the_rules_and_not_the_time_of_arrival() -> None:
    wanted = appointment(f"{MON}T12:00Z", f"{MON}T12:30Z", "new")
    arrived_at = datetime.fromisoformat("2020-01-01T00:00Z")
    booking = Booking(doctor(), wanted, ANYBODY, Terms(HOUR), arrived_at)
    given = documents(schedule(MON))
    assert isinstance(book(given, booking, at(f"{MON}T11:30Z"))[1], TooSoon)
    assert isinstance(book(given, booking, at(f"{MON}T11:00Z"))[1], Accepted)
