"""The rules of cancelling an appointment, which was born on Monday, and of what is fixed."""

from datetime import datetime

import pytest

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
    Decision,
    NeedsDays,
    UnknownAppointment,
)
from tests.builders import appointment, at, key, schedule

MON, TUE = "2026-11-23", "2026-11-24"
ID = "strange.20261123.a"
NOW = at("2026-11-20T12:00Z")
LEFT_FOR_TUESDAY = schedule(MON, forwarded={ID: key(TUE)})
OTHER = appointment(f"{MON}T09:00Z", f"{MON}T10:00Z", "other")


def lying(day: str = MON) -> Appointment:
    return appointment(f"{day}T11:00Z", f"{day}T12:00Z", ID)


def cancelled(day: str = MON, reason: str | None = None) -> Appointment:
    return lying(day)._replace(cancelled_at=NOW, updated_at=NOW, cancellation_reason=reason)


def ask(*days: DaySchedule, reason: str | None = None, now: datetime = NOW) -> Decision:
    wish = Cancellation(ID, key(MON), reason)
    return cancel({day.key: day for day in days}, wish, now)


@pytest.mark.parametrize("reason", [None, "ill"])
def test_a_cancelled_appointment_stays_on_its_day_and_tells_when_and_why(
    reason: str | None,
) -> None:
    day = schedule(MON, OTHER, lying())
    changes, outcome = ask(day, reason=reason)
    assert outcome == Accepted(cancelled(reason=reason))
    assert changes == {key(MON): schedule(MON, OTHER, cancelled(reason=reason))}
    assert changes[key(MON)].busy == (OTHER.interval,)
    assert day == schedule(MON, OTHER, lying())


def test_what_was_moved_is_cancelled_where_it_lies_and_the_home_day_stays_as_it_is() -> None:
    assert ask(LEFT_FOR_TUESDAY, schedule(TUE, lying(TUE))) == (
        {key(TUE): schedule(TUE, cancelled(TUE))},
        Accepted(cancelled(TUE)),
    )


def test_cancelling_again_leaves_it_as_it_was_also_after_it_would_have_started() -> None:
    for now in (at("2026-11-21T12:00Z"), at("2026-11-23T11:30Z")):
        decision = ask(schedule(MON, cancelled(reason="ill")), reason="again", now=now)
        assert decision == ({}, AlreadyCancelled(cancelled(reason="ill")))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-11-23T10:59:59.999999Z", Accepted, id="about-to-start"),
        pytest.param("2026-11-23T11:00Z", AlreadyStarted, id="starts-now"),
        pytest.param("2026-11-23T12:00Z", AlreadyStarted, id="over"),
    ],
)
def test_what_has_started_cannot_be_cancelled(now: str, expected: type) -> None:
    changes, outcome = ask(schedule(MON, lying()), now=at(now))
    assert type(outcome) is expected
    assert len(changes) == (1 if expected is Accepted else 0)


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        pytest.param([schedule(MON)], UnknownAppointment(), id="nowhere"),
        pytest.param(
            [schedule(MON), schedule(TUE, lying(TUE))],
            UnknownAppointment(),
            id="elsewhere-but-the-home-day-knows-nothing",
        ),
        pytest.param(
            [LEFT_FOR_TUESDAY], NeedsDays(frozenset({key(MON), key(TUE)})), id="its-day-is-missing"
        ),
        pytest.param(
            [LEFT_FOR_TUESDAY, schedule(TUE)],
            NeedsDays(frozenset({key(MON), key(TUE)})),
            id="the-days-do-not-agree",
        ),
    ],
)
def test_what_is_not_where_the_home_day_says_is_unknown_or_looked_for(
    days: list[DaySchedule], outcome: UnknownAppointment | NeedsDays
) -> None:
    assert ask(*days) == ({}, outcome)
