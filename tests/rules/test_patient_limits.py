"""How much patients may do by themselves, and when they may go on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.documents import Documents
from shared.model.patient_schedule import PatientSchedule
from shared.model.policy import POLICY, Policy
from shared.model.service import Service
from shared.rules.availability import Booking, Terms
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.cancelling_series import SeriesCancellation, cancel_series
from shared.rules.existing_appointment import Sought
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Decision
from shared.rules.patient_limits import ERASURES_PER_DAY, why_not_changed, why_not_erased
from shared.rules.refusals import (
    AlreadyCancelled,
    BeingErased,
    KeyReused,
    TooManyAhead,
    TooManyChanges,
    TooManyErasures,
)
from shared.rules.updating import Update, update
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
    to_move,
)

MON, NOW = "2026-11-23", at("2026-11-20T12:00:00.5Z")
ADA = patient("ada")
ID = "strange.20261123.a"
HERS = owned(appointment(f"{MON}T11:00Z", f"{MON}T12:00Z", ID), ADA)
FEW = Policy(open_appointments=2, changes_per_day=3)
CLINIC = Clinic(FEW)
SECOND = timedelta(seconds=1)

Ask = Callable[[PatientSchedule, Caller], Decision]


def given(hers: PatientSchedule) -> Documents:
    return documents(schedule(MON, HERS), patients=[hers])


def booking(hers: PatientSchedule, by: Caller) -> Decision:
    new = owned(appointment(f"{MON}T15:00Z", f"{MON}T15:30Z", "new"), ADA)
    return book(given(hers), Booking(doctor(), new, by, Terms(FEW)), NOW)


def moving(hers: PatientSchedule, by: Caller) -> Decision:
    to = span(f"{MON}T15:00Z", f"{MON}T16:00Z")
    return move(given(hers), to_move(ID, key(MON), doctor(), to, by, clinic=CLINIC), NOW)


def cancelling(hers: PatientSchedule, by: Caller) -> Decision:
    sought = Sought(ID, key(MON), {"strange": doctor()}, by, CLINIC)
    return cancel(given(hers), Cancellation(sought), NOW)


def updating(hers: PatientSchedule, by: Caller) -> Decision:
    sought = Sought(ID, key(MON), {"strange": doctor()}, by, CLINIC)
    return update(given(hers), Update(sought, reason="a cough"), NOW)


EVERY_CHANGE = pytest.mark.parametrize("ask", [booking, moving, cancelling, updating])


def changed(*seconds_ago: float) -> PatientSchedule:
    """Her schedule after changes so long ago."""
    ago = sorted(seconds_ago, reverse=True)
    return schedule_of(ADA, HERS, changed_at=[NOW - seconds * SECOND for seconds in ago])


def ending(*ends: str) -> PatientSchedule:
    """Her schedule with appointments of half an hour that end then."""
    found = [ahead(f"x{number}", at(end) - 30 * 60 * SECOND) for number, end in enumerate(ends)]
    return schedule_of(ADA, *found)


def ahead(name: str, start: object) -> Appointment:
    text = str(start).replace(" ", "T")
    return appointment(text, str(at(text) + 30 * 60 * SECOND), name)


@EVERY_CHANGE
def test_a_change_by_the_patient_counts_and_one_by_others_does_not(ask: Ask) -> None:
    own, _ = ask(changed(60), ADA)
    others, _ = ask(changed(60), ANYBODY)
    assert ADA.patient
    assert own.patients[ADA.patient].changed_at == (NOW - 60 * SECOND, NOW)
    assert others.patients[ADA.patient].changed_at == (NOW - 60 * SECOND,)


@EVERY_CHANGE
@pytest.mark.parametrize(
    ("seconds_ago", "retry_after"),
    [
        pytest.param([3, 2], None, id="fewer"),
        pytest.param([3, 2, 1], 86_397, id="as-many"),
        pytest.param([4, 3, 2, 1], 86_397, id="more-than-there-may-be"),
        pytest.param([86_399.5, 2, 1], 1, id="rounded-up"),
        pytest.param([86_400, 2, 1], None, id="a-day-ago"),
        pytest.param([2, 1, -60], 86_398, id="one-by-a-clock-that-is-ahead"),
    ],
)
def test_so_many_changes_may_be_made_in_a_day(
    ask: Ask, seconds_ago: list[float], retry_after: int | None
) -> None:
    changes, outcome = ask(changed(*seconds_ago), ADA)
    if retry_after is None:
        assert isinstance(outcome, Accepted)
    else:
        assert (changes, outcome) == (documents(), TooManyChanges(retry_after))


@EVERY_CHANGE
def test_whoever_is_not_a_patient_may_go_on(ask: Ask) -> None:
    doctor_ = Caller("doctor", "https://issuer.example", "w", frozenset({"strange"}))
    for caller in (ANYBODY, doctor_):
        _, outcome = ask(changed(4, 3, 2, 1), caller)
        assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("ends", "retry_after"),
    [
        pytest.param(["2026-11-20T12:10Z"], None, id="fewer"),
        pytest.param(["2026-11-20T12:10Z", "2026-11-25T12:00Z"], 600, id="as-many"),
        pytest.param(["2026-11-20T12:00Z", "2026-11-25T12:00Z"], None, id="one-has-ended"),
        pytest.param(
            ["2026-11-20T12:10Z", "2026-11-20T13:10Z", "2026-11-25T12:00Z"], 4200, id="more"
        ),
    ],
)
def test_so_many_appointments_may_lie_ahead(ends: list[str], retry_after: int | None) -> None:
    _, outcome = booking(ending(*ends), ADA)
    if retry_after is None:
        assert isinstance(outcome, Accepted)
    else:
        assert outcome == TooManyAhead(retry_after)


@pytest.mark.parametrize("ask", [moving, cancelling, updating])
def test_what_lies_ahead_does_not_stand_in_the_way_of_other_changes(ask: Ask) -> None:
    many = ending(*(f"2026-12-0{day}T12:00Z" for day in range(1, 9)))
    _, outcome = ask(many.with_appointment(HERS), ADA)
    assert isinstance(outcome, Accepted)


@EVERY_CHANGE
@pytest.mark.parametrize("caller", [ADA, ANYBODY], ids=["patient", "staff"])
def test_nothing_changes_for_an_account_that_is_being_erased(ask: Ask, caller: Caller) -> None:
    assert ADA.patient
    erasing = PatientSchedule(ADA.patient, (HERS,), changed(1, 2, 3).changed_at, erasing=True)
    decision = ask(erasing, caller)
    if (ask, caller) == (cancelling, ANYBODY):  # It is going to be cancelled anyway.
        assert isinstance(decision[1], Accepted)
    else:
        assert decision == (documents(), BeingErased())


def test_cancelling_what_is_cancelled_is_answered_whatever_the_limits() -> None:
    gone = HERS._replace(cancelled_at=NOW)
    sought = Sought(ID, key(MON), {"strange": doctor()}, ADA, CLINIC)
    there = documents(schedule(MON), elsewhere={sought.birth: gone}, patients=[changed(3, 2, 1)])
    changes, outcome = cancel(there, Cancellation(sought), NOW)
    assert (changes, outcome) == (documents(), AlreadyCancelled(gone))


def test_patients_may_have_twenty_ahead_and_make_sixty_changes_and_three_erasures_a_day() -> None:
    assert (POLICY.open_appointments, POLICY.changes_per_day, ERASURES_PER_DAY) == (20, 60, 3)


def test_the_limits_of_a_service_hold_for_what_is_booked_of_it() -> None:
    hers = HERS._replace(service_id="flu")
    there = documents(schedule(MON, hers), patients=[schedule_of(ADA, hers, changed_at=[NOW] * 3)])
    clinic = Clinic(services={"flu": Service("flu", "Flu shot", policy=FEW)})
    sought = Sought(ID, key(MON), {"strange": doctor()}, ADA, clinic)
    series = SeriesCancellation((sought,), ADA, NOW)
    to = span(f"{MON}T15:00Z", f"{MON}T16:00Z")
    for _, outcome in (
        move(there, to_move(ID, key(MON), doctor(), to, ADA, clinic=clinic), NOW),
        cancel(there, Cancellation(sought), NOW),
        update(there, Update(sought), NOW),
        cancel_series(there, series, NOW),
    ):
        assert outcome == TooManyChanges(86_400)


def test_what_was_freed_lies_ahead_no_more() -> None:
    there = ending("2026-11-20T12:10Z", "2026-11-20T13:10Z")
    first, second = there.appointments
    freed = first._replace(mark="fulfilled", freed_from=at("2026-11-20T12:01Z"))
    _, outcome = booking(there.with_appointment(freed), ADA)
    assert outcome == TooManyAhead(60)
    freed = second._replace(mark="fulfilled", freed_from=second.interval.start)
    _, outcome = booking(there.with_appointment(freed), ADA)
    assert isinstance(outcome, Accepted)


def test_only_refusals_that_time_lifts_say_when_to_try_again() -> None:
    kinds = [BeingErased(), TooManyAhead(600), TooManyChanges(86_397), KeyReused()]
    assert [kind.retry_after for kind in kinds] == [5, 600, 86_397, None]


# Erasing


@pytest.mark.parametrize(
    ("hours_ago", "wait"),
    [
        pytest.param([1], None, id="once"),
        pytest.param([2, 1], 22 * 3600, id="twice"),
        pytest.param([24, 1], None, id="a-day-ago-counts-no-more"),
        pytest.param([3, 2, 1], 22 * 3600, id="once-more-than-may-be"),
    ],
)
def test_patients_erase_as_often_as_they_may_and_staff_always(
    hours_ago: list[int], wait: int | None
) -> None:
    instants = tuple(NOW - timedelta(hours=hours) for hours in hours_ago)
    hers = replace(schedule_of(ADA, HERS), erased_at=instants)
    expected = None if wait is None else TooManyErasures(wait)
    assert why_not_erased(hers, ADA, NOW, 2) == expected
    assert why_not_erased(hers, ANYBODY, NOW, 2) is None


def test_an_erasure_is_a_change_and_takes_no_change_back() -> None:
    hers = schedule_of(ADA, HERS, changed_at=[NOW - timedelta(hours=n) for n in (25, 2)])
    rest = hers.marked(NOW).rest(NOW)
    assert len(rest.changed_at) == 2
    policy = Policy(changes_per_day=2)
    assert why_not_changed(rest, ADA, NOW, policy) == TooManyChanges(22 * 3600)
