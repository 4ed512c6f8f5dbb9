"""The decision to erase whom an appointment was for."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment, Patient
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.patient_history import PastAppointment
from shared.model.placement import placement
from shared.rules.erasing import erase, erased
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted, NeedsDocuments, Unchanged
from shared.rules.refusals import UnknownAppointment
from tests.builders import appointment, at, doctor, documents, key, patient, schedule, schedule_of

ADA = patient("ada")
BEFORE, AFTER = at("2026-11-20T09:00Z"), at("2026-11-24T09:00Z")
ID = "strange.20261123.a"
HOME = key("2026-11-23")
OWNER = schedule_of(ADA).key
PAST = PastAppointment(ID, "2026-11", at("2026-11-23T09:00Z"))
BIRTH = ElsewhereKey("strange", ID)


def full(*, cancelled: bool = False) -> Appointment:
    """An appointment of which everything is known."""
    made = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", ID, cancelled=cancelled)
    return made._replace(
        patient=Patient("Ada", "ada@example.org", "5550199", "ada"),
        owner=ADA.patient,
        reason="a cough",
        cancellation_reason="well again" if cancelled else None,
        told_start=datetime.fromisoformat("2026-11-23T09:00"),
        unknown_fields=b'{"room":"7"}',
    )


def bare(*, cancelled_at: datetime | None, updated_at: datetime) -> Appointment:
    """What is left of it: when, with whom, and what became of it."""
    made = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", ID)
    return made._replace(
        patient=Patient("erased"), cancelled_at=cancelled_at, updated_at=updated_at, version=2
    )


@pytest.mark.parametrize(
    ("now", "cancelled", "cancelled_at"),
    [
        pytest.param(BEFORE, False, BEFORE, id="ahead"),
        pytest.param(at("2026-11-23T09:00Z"), False, None, id="begins"),
        pytest.param(AFTER, False, None, id="past"),
        pytest.param(BEFORE, True, at("2026-01-01T00:00Z"), id="cancelled"),
    ],
)
def test_only_times_and_the_doctor_stay_and_what_lies_ahead_is_cancelled(
    now: datetime, *, cancelled: bool, cancelled_at: datetime | None
) -> None:
    assert erased(full(cancelled=cancelled), now) == bare(cancelled_at=cancelled_at, updated_at=now)


def test_what_is_marked_already_is_not_cancelled_though_it_lies_ahead() -> None:
    arrived = full()._replace(mark="arrived")
    left = erased(arrived, BEFORE)
    assert (left.status, left.patient, left.owner) == ("arrived", Patient("erased"), None)


def test_it_leaves_the_day_and_the_schedule_and_is_kept_beside_them() -> None:
    sought = Sought(ID, HOME, {"strange": doctor()}, ANYBODY)
    given = documents(
        schedule("2026-11-23", full()),
        elsewhere={BIRTH: None},
        patients=[schedule_of(ADA, full())],
    )
    changes, outcome = erase(given, sought, BEFORE)
    left = bare(cancelled_at=BEFORE, updated_at=BEFORE)
    assert outcome == Accepted(left)
    assert changes.days[HOME].appointments == ()
    assert changes.elsewhere == {BIRTH: left}
    assert [schedule.appointments for schedule in changes.patients.values()] == [()]
    assert changes.forgotten == {OWNER: PAST}


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_is_in_the_history_of_its_owner_is_forgotten_there_with_the_same_commit(
    *, cancelled: bool
) -> None:
    sought = Sought(ID, HOME, {"strange": doctor()}, ANYBODY)
    there = full(cancelled=cancelled)
    days = [] if cancelled else [there]
    given = documents(
        schedule("2026-11-23", *days), elsewhere={BIRTH: there if cancelled else None}
    )
    needed = NeedsDocuments(frozenset({HOME}), frozenset({BIRTH}), frozenset({OWNER}))
    assert erase(given, sought, AFTER) == (documents(), needed)
    other = appointment("2026-11-25T09:00Z", "2026-11-25T10:00Z", "other")
    given = replace(given, patients={OWNER: schedule_of(ADA, other)})
    changes, outcome = erase(given, sought, AFTER)
    assert isinstance(outcome, Accepted)
    assert changes.patients == given.patients
    assert changes.forgotten == {OWNER: PAST}


def test_a_pointer_to_it_names_no_owner_any_more() -> None:
    there = full()._replace(interval=appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z").interval)
    sought = Sought(ID, HOME, {"strange": doctor()}, ANYBODY)
    given = documents(
        schedule("2026-11-23"),
        schedule("2026-11-24", there),
        elsewhere=placement(there, HOME, doctor()).elsewhere,
        patients=[schedule_of(ADA)],
    )
    changes, _ = erase(given, sought, at("2026-11-25T09:00Z"))
    assert changes.elsewhere == {BIRTH: Pointer(key("2026-11-24"))}
    (kept,) = changes.days[key("2026-11-24")].appointments
    assert (kept.patient.name, kept.owner, kept.status) == ("erased", None, "booked")


def test_what_is_erased_stays_as_it_is_and_what_is_not_there_is_unknown() -> None:
    sought = Sought(ID, HOME, {"strange": doctor()}, ANYBODY)
    left = bare(cancelled_at=BEFORE, updated_at=BEFORE)
    given = documents(schedule("2026-11-23"), elsewhere={BIRTH: left})
    changes, outcome = erase(given, sought, AFTER)
    assert (outcome, changes) == (Unchanged(left), documents())
    nothing = documents(schedule("2026-11-23"), elsewhere={BIRTH: None})
    assert erase(nothing, sought, AFTER) == (documents(), UnknownAppointment())
