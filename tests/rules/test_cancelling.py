"""The rules of cancelling an appointment, which was born on Monday, and of what is fixed."""

from datetime import datetime

import pytest

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted, Decision, NeedsDoctor, NeedsDocuments
from shared.rules.refusals import AlreadyCancelled, AlreadyStarted, UnknownAppointment
from tests.builders import appointment, at, doctor, documents, key, schedule, untold

MON, TUE = "2026-11-23", "2026-11-24"
ID = "strange.20261123.a"
HERE, THERE = ElsewhereKey("strange", ID), ElsewhereKey("who", ID)
NOW = at("2026-11-20T12:00Z")
OTHER = appointment(f"{MON}T09:00Z", f"{MON}T10:00Z", "other")
DOCTORS = {name: doctor(doctor_id=name) for name in ("strange", "who")}


def standing(day: str = MON, times: str = "11:00-12:00", doctor_id: str = "strange") -> Appointment:
    start, end = times.split("-")
    return appointment(f"{day}T{start}Z", f"{day}T{end}Z", ID, doctor_id=doctor_id)


def cancelled(before: Appointment, reason: str | None = None) -> Appointment:
    return before._replace(cancelled_at=NOW, updated_at=NOW, cancellation_reason=reason, version=2)


def ask(
    *days: DaySchedule,
    elsewhere: dict[ElsewhereKey, Whereabouts | None] | None = None,
    reason: str | None = None,
    now: datetime = NOW,
) -> Decision:
    request = Cancellation(Sought(ID, key(MON), DOCTORS, ANYBODY), reason)
    return untold(cancel(documents(*days, elsewhere=elsewhere), request, now))


@pytest.mark.parametrize("reason", [None, "ill"])
def test_a_cancelled_appointment_leaves_its_day_and_tells_when_and_why(reason: str | None) -> None:
    day, gone = schedule(MON, OTHER, standing()), cancelled(standing(), reason)
    assert ask(day, reason=reason) == (
        documents(schedule(MON, OTHER), elsewhere={HERE: gone}),
        Accepted(gone),
    )
    assert day == schedule(MON, OTHER, standing())


def test_it_leaves_every_day_that_it_touches() -> None:
    night = appointment(f"{MON}T23:00Z", f"{TUE}T01:00Z", ID)
    assert ask(schedule(MON, night), schedule(TUE, night)) == (
        documents(schedule(MON), schedule(TUE), elsewhere={HERE: cancelled(night)}),
        Accepted(cancelled(night)),
    )


def test_what_was_moved_away_takes_the_place_of_its_pointer() -> None:
    away = standing(TUE)
    assert ask(schedule(MON), schedule(TUE, away), elsewhere={HERE: Pointer(key(TUE))}) == (
        documents(schedule(TUE), elsewhere={HERE: cancelled(away)}),
        Accepted(cancelled(away)),
    )


def test_what_was_moved_to_another_doctor_is_kept_there_and_its_pointer_says_so() -> None:
    theirs = standing(TUE, doctor_id="who")
    there = schedule(TUE, theirs, doctor_id="who")
    assert ask(schedule(MON), there, elsewhere={HERE: Pointer(key(TUE, "who"))}) == (
        documents(
            schedule(TUE, doctor_id="who"),
            elsewhere={THERE: cancelled(theirs), HERE: Pointer(THERE)},
        ),
        Accepted(cancelled(theirs)),
    )


@pytest.mark.parametrize("at_home", [True, False], ids=["with-its-doctor", "with-another-doctor"])
def test_cancelling_again_leaves_it_as_it_was_also_after_it_would_have_started(
    at_home: bool,  # noqa: FBT001 - a case
) -> None:
    gone = cancelled(standing(doctor_id="strange" if at_home else "who"), "ill")
    where: dict[ElsewhereKey, Whereabouts | None]
    where = {HERE: gone} if at_home else {HERE: Pointer(THERE), THERE: gone}
    for now in (at("2026-11-21T12:00Z"), at("2026-11-23T11:30Z")):
        decision = ask(schedule(MON), elsewhere=where, reason="again", now=now)
        assert decision == (documents(), AlreadyCancelled(gone))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-11-23T10:59:59.999999Z", Accepted, id="about-to-start"),
        pytest.param("2026-11-23T11:00Z", AlreadyStarted, id="starts-now"),
        pytest.param("2026-11-23T12:00Z", AlreadyStarted, id="over"),
    ],
)
def test_what_has_started_cannot_be_cancelled(now: str, expected: type) -> None:
    changes, outcome = ask(schedule(MON, standing()), now=at(now))
    assert type(outcome) is expected
    assert len(changes.days) == len(changes.elsewhere) == (1 if expected is Accepted else 0)


@pytest.mark.parametrize(
    ("days", "elsewhere", "needed"),
    [
        pytest.param([MON], {}, ([MON], {HERE}), id="has-it-left"),
        pytest.param([MON], {HERE: Pointer(key(TUE))}, ([MON, TUE], {HERE}), id="to-where"),
        pytest.param(
            [MON, TUE], {HERE: Pointer(key(TUE))}, ([MON, TUE], {HERE}), id="not-there-yet"
        ),
        pytest.param([MON], {HERE: Pointer(THERE)}, ([MON], {HERE, THERE}), id="to-whom"),
        pytest.param(
            [MON],
            {HERE: Pointer(THERE), THERE: None},
            ([MON], {HERE, THERE}),
            id="not-with-them-yet",
        ),
        pytest.param(
            [MON],
            {HERE: Pointer(THERE), THERE: Pointer(key(TUE))},
            ([MON], {HERE, THERE}),
            id="no-longer-with-them",
        ),
    ],
)
def test_what_is_not_on_its_home_day_is_looked_for_where_its_pointers_lead(
    days: list[str],
    elsewhere: dict[ElsewhereKey, Whereabouts | None],
    needed: tuple[list[str], set[ElsewhereKey]],
) -> None:
    needed_days, keys = needed
    wanted = NeedsDocuments(frozenset(map(key, needed_days)), frozenset(keys))
    assert ask(*map(schedule, days), elsewhere=elsewhere) == (documents(), wanted)


def test_all_days_that_it_touches_are_needed() -> None:
    night = appointment(f"{MON}T23:00Z", f"{TUE}T01:00Z", ID)
    wanted = NeedsDocuments(frozenset({key(MON), key(TUE)}))
    assert ask(schedule(MON, night)) == (documents(), wanted)


def test_what_neither_its_day_nor_a_pointer_knows_is_unknown() -> None:
    for there in ([], [schedule(TUE, standing(TUE))]):
        decision = ask(schedule(MON), *there, elsewhere={HERE: None})
        assert decision == (documents(), UnknownAppointment())


def test_nothing_is_decided_for_a_doctor_who_is_not_known_here() -> None:
    theirs = standing(TUE, doctor_id="new")
    there = schedule(TUE, theirs, doctor_id="new")
    decision = ask(schedule(MON), there, elsewhere={HERE: Pointer(key(TUE, "new"))})
    assert decision == (documents(), NeedsDoctor("new"))
