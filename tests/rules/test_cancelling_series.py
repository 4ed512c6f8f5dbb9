"""Cancelling what is left of a series, wherever its appointments are by now."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.policy import Policy
from shared.rules.cancelling_series import SeriesCancellation, cancel_series
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import CancelledSeries, Decision, Kept, NeedsDoctor, NeedsDocuments
from shared.rules.refusals import BeingErased, TooManyChanges
from tests.builders import (
    CLINIC,
    appointment,
    at,
    doctor,
    documents,
    key,
    owned,
    patient,
    schedule,
    schedule_of,
)

NOW = at("2026-11-20T12:00Z")
MON, TUE, WED, THU = "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"
ADA = patient("ada")
STRANGE = Caller("doctor", "https://issuer.example", "s", frozenset({"strange"}))
DOCTORS = {name: doctor(doctor_id=name) for name in ("strange", "who")}


def name_of(day: str) -> str:
    return f"strange.{day.replace('-', '')}.a"


def of(day: str, *, to: str | None = None, by: Caller | None = None) -> Appointment:
    """The appointment that was born on a day, maybe moved to another one."""
    at_day = to or day
    plain = appointment(f"{at_day}T10:00Z", f"{at_day}T11:00Z", name_of(day))
    return owned(plain, by) if by else plain


def cancelled(one: Appointment, reason: str | None = None) -> Appointment:
    return one.changed(NOW, cancelled_at=NOW, cancellation_reason=reason)


def birth(day: str) -> ElsewhereKey:
    return ElsewhereKey("strange", name_of(day))


def asked(
    *days: str, by: Caller = ANYBODY, after: datetime = NOW, clinic: Clinic = CLINIC
) -> SeriesCancellation:
    """To cancel the appointments that were born on these days."""
    sought = (Sought(name_of(day), key(day), DOCTORS, by, clinic) for day in days)
    return SeriesCancellation(tuple(sought), by, after, "moved away")


def there(
    *days: DaySchedule,
    by: Caller | None = None,
    elsewhere: dict[ElsewhereKey, Whereabouts | None] | None = None,
) -> Documents:
    """Days and, for Ada, her schedule of all that is booked on them."""
    hers = [a for day in days for a in day.appointments]
    known = {birth(day): None for day in (MON, TUE, WED)} | (elsewhere or {})
    patients = [schedule_of(by, *hers)] if by else []
    return documents(*days, elsewhere=known, patients=patients)


def both(by: Caller | None = None) -> Documents:
    return there(schedule(MON, of(MON, by=by)), schedule(TUE, of(TUE, by=by)), by=by)


def result(decision: Decision) -> CancelledSeries:
    outcome = decision[1]
    assert isinstance(outcome, CancelledSeries)
    return outcome


def test_all_that_start_at_or_after_the_instant_are_cancelled_at_once() -> None:
    after = at(f"{TUE}T10:00Z")
    days = (MON, TUE, WED)
    found = there(*(schedule(day, of(day)) for day in days))
    changes, outcome = cancel_series(found, asked(*days, after=after), NOW)
    gone = tuple(cancelled(of(day), "moved away") for day in (TUE, WED))
    assert outcome == CancelledSeries(gone, ())
    assert changes.elsewhere == {birth(a_day): a for a_day, a in zip((TUE, WED), gone, strict=True)}
    # The day of the one that stays is checked too: it might be moved behind the instant meanwhile.
    assert changes.days == {
        key(MON): schedule(MON, of(MON)),
        key(TUE): schedule(TUE),
        key(WED): schedule(WED),
    }


def test_what_was_cancelled_before_is_told_again_and_nothing_changes() -> None:
    gone = cancelled(of(MON), "somebody else")
    found = there(schedule(MON), elsewhere={birth(MON): gone})
    assert cancel_series(found, asked(MON), NOW) == (Documents(), CancelledSeries((gone,), ()))
    found = there(schedule(MON), schedule(TUE, of(TUE)), elsewhere={birth(MON): gone})
    changes, outcome = cancel_series(found, asked(TUE, MON), NOW)
    assert outcome == CancelledSeries((gone, cancelled(of(TUE), "moved away")), ())
    assert changes.days.keys() == {key(TUE)}


def test_one_that_was_moved_is_cancelled_where_it_is() -> None:
    pointed = there(schedule(MON), elsewhere={birth(MON): Pointer(key(THU))})
    needed = cancel_series(pointed, asked(MON), NOW)[1]
    assert isinstance(needed, NeedsDocuments)
    assert needed.days == {key(MON), key(THU)}
    moved = of(MON, to=THU)
    found = there(schedule(MON), schedule(THU, moved), elsewhere={birth(MON): Pointer(key(THU))})
    changes, outcome = cancel_series(found, asked(MON), NOW)
    assert outcome == CancelledSeries((cancelled(moved, "moved away"),), ())
    assert changes.days == {key(MON): schedule(MON), key(THU): schedule(THU)}


def test_what_all_of_them_need_is_asked_for_at_once() -> None:
    found = documents(
        schedule(MON, of(MON, by=ADA)),
        schedule(TUE),
        elsewhere={birth(MON): None, birth(TUE): Pointer(key(THU), ADA.patient)},
    )
    assert ADA.patient
    assert cancel_series(found, asked(MON, TUE, by=ADA), NOW)[1] == NeedsDocuments(
        frozenset(map(key, (MON, TUE, THU))),
        frozenset({birth(MON), birth(TUE)}),
        frozenset({ADA.patient}),
    )


def test_a_doctor_who_is_not_known_here_is_asked_for() -> None:
    to_who = key(MON, "who")
    theirs = of(MON)._replace(doctor_id="who")
    found = there(
        schedule(MON),
        schedule(MON, theirs, doctor_id="who"),
        elsewhere={birth(MON): Pointer(to_who)},
    )
    request = asked(MON)
    ours = {"strange": DOCTORS["strange"]}
    sought = tuple(replace(each, doctors=ours) for each in request.sought)
    assert cancel_series(found, replace(request, sought=sought), NOW)[1] == NeedsDoctor("who")


def test_what_may_not_be_cancelled_is_kept_and_the_reason_told() -> None:
    notice = Clinic(policy=Policy(cancel_notice=timedelta(days=3, hours=12)))
    changes, outcome = cancel_series(both(ADA), asked(MON, TUE, by=ADA, clinic=notice), NOW)
    assert isinstance(outcome, CancelledSeries)
    assert outcome.kept == (Kept(name_of(MON), "too_late_to_cancel"),)
    assert [a.id for a in outcome.cancelled] == [name_of(TUE)]
    assert changes.patients == {
        k: schedule_of(ADA, of(MON, by=ADA), changed_at=[NOW]) for k in changes.patients
    }
    staff = result(cancel_series(both(ADA), asked(MON, TUE, clinic=notice), NOW))
    assert len(staff.cancelled) == 2


def test_what_has_begun_or_arrived_is_kept() -> None:
    arrived = of(TUE)._replace(mark="arrived")
    found = there(schedule(MON, of(MON)), schedule(TUE, arrived))
    later = at(f"{MON}T10:00Z")
    outcome = result(cancel_series(found, asked(MON, TUE, after=later), later))
    kept = (Kept(name_of(MON), "already_started"), Kept(name_of(TUE), "wrong_status"))
    assert outcome == CancelledSeries((), kept)


def test_a_doctor_cancels_only_what_is_with_them_by_now() -> None:
    theirs = of(TUE)._replace(doctor_id="who")
    found = there(
        schedule(MON, of(MON)),
        schedule(TUE),
        schedule(TUE, theirs, doctor_id="who"),
        elsewhere={birth(TUE): Pointer(key(TUE, "who"))},
    )
    outcome = result(cancel_series(found, asked(MON, TUE, by=STRANGE), NOW))
    assert outcome == CancelledSeries((cancelled(of(MON), "moved away"),), ())


def test_one_that_is_not_found_has_its_day_checked_in_case_that_is_an_old_one() -> None:
    found = there(schedule(MON), schedule(TUE, of(TUE)))
    changes, outcome = cancel_series(found, asked(MON, TUE), NOW)
    assert isinstance(outcome, CancelledSeries)
    assert changes.days == {key(MON): schedule(MON), key(TUE): schedule(TUE)}


def test_it_is_one_change_of_the_patient_and_keeps_to_the_limit() -> None:
    few = Clinic(policy=Policy(changes_per_day=1))
    found, request = both(ADA), asked(MON, TUE, by=ADA, clinic=few)
    changes, _ = cancel_series(found, request, NOW)
    assert changes.patients == {k: schedule_of(ADA, changed_at=[NOW]) for k in found.patients}
    once_more = {k: p.with_change(NOW) for k, p in found.patients.items()}
    assert cancel_series(replace(found, patients=once_more), request, NOW) == (
        Documents(),
        TooManyChanges(24 * 3600),
    )
    erasing = {k: replace(p, erasing=True) for k, p in found.patients.items()}
    assert cancel_series(replace(found, patients=erasing), request, NOW)[1] == BeingErased()
