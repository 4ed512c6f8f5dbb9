"""The rules of correcting who comes and why, without a move."""

import pytest

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment, Mark, Patient
from shared.model.elsewhere import ElsewhereKey
from shared.rules.existing_appointment import Sought
from shared.rules.outcomes import Accepted, NeedsDocuments, Unchanged
from shared.rules.refusals import AlreadyCancelled, AnotherPatient, DayFull, VersionMismatch
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
    untold,
)

MON, NOW = "2026-11-23", at("2026-11-20T12:00Z")
ID = "strange.20261123.a"
ADA = patient("ada")
BOOKED = appointment(f"{MON}T11:00Z", f"{MON}T12:00Z", ID)._replace(reason="a cough")
SOUGHT = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY)
BOB = Patient("Bob", "bob@example.org", "+15550100")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(Update(SOUGHT, patient=BOB), {"patient": BOB}, id="patient"),
        pytest.param(Update(SOUGHT, reason="a cold"), {"reason": "a cold"}, id="reason"),
        pytest.param(Update(SOUGHT, reason=None), {"reason": None}, id="no-reason"),
        pytest.param(
            Update(SOUGHT, BOB, "a cold"), {"patient": BOB, "reason": "a cold"}, id="both"
        ),
    ],
)
def test_what_is_given_is_corrected_and_the_rest_stays(
    request_: Update, expected: dict[str, object]
) -> None:
    after = BOOKED._replace(**expected, updated_at=NOW, version=2)  # type: ignore[arg-type]
    given = documents(schedule(MON, BOOKED))
    assert untold(update(given, request_, NOW)) == (
        documents(schedule(MON, after)),
        Accepted(after),
    )


@pytest.mark.parametrize(
    "request_", [Update(SOUGHT), Update(SOUGHT, Patient("Ada Lovelace"), "a cough")]
)
def test_what_is_so_already_is_no_new_version(request_: Update) -> None:
    given = documents(schedule(MON, BOOKED))
    assert untold(update(given, request_, NOW)) == (documents(), Unchanged(BOOKED))


@pytest.mark.parametrize("mark", [None, "arrived", "fulfilled", "no_show"])
def test_it_is_corrected_at_any_time_also_when_it_is_over(mark: Mark | None) -> None:
    given = documents(schedule(MON, BOOKED._replace(mark=mark)))
    _, outcome = update(given, Update(SOUGHT, reason="a cold"), at("2027-01-01T00:00Z"))
    assert isinstance(outcome, Accepted)
    assert outcome.appointment.reason == "a cold"
    assert outcome.appointment.mark == mark


def test_what_is_cancelled_cannot_be_corrected() -> None:
    gone = BOOKED._replace(cancelled_at=NOW)
    given = documents(schedule(MON), elsewhere={ElsewhereKey("strange", ID): gone})
    assert update(given, Update(SOUGHT), NOW) == (documents(), AlreadyCancelled(gone))


def test_only_the_version_that_is_asked_about_is_corrected() -> None:
    given = documents(schedule(MON, BOOKED))
    sought = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY, versions=frozenset({2}))
    assert update(given, Update(sought), NOW) == (documents(), VersionMismatch())


@pytest.mark.parametrize(
    ("there", "given", "is_right"),
    [
        pytest.param("ada", "ada", True, id="the-same"),
        pytest.param("ada", None, True, id="left-out"),
        pytest.param(None, None, True, id="none"),
        pytest.param("ada", "bob", False, id="another"),
        pytest.param(None, "ada", False, id="one-where-there-was-none"),
    ],
)
def test_the_account_stays(there: str | None, given: str | None, *, is_right: bool) -> None:
    booked = owned(BOOKED, patient(there)) if there else BOOKED
    schedules = [schedule_of(patient(there), booked)] if there else []
    corrected = BOB._replace(id=given)
    changes, outcome = update(
        documents(schedule(MON, booked), patients=schedules), Update(SOUGHT, corrected), NOW
    )
    if is_right:
        assert isinstance(outcome, Accepted)
        assert outcome.appointment.patient == BOB._replace(id=there)
        assert outcome.appointment.owner == booked.owner
    else:
        assert changes == documents()
        assert isinstance(outcome, AnotherPatient)


def test_it_is_corrected_in_its_owners_schedule_too_and_counts_as_a_change() -> None:
    hers = owned(BOOKED, ADA)
    given = documents(schedule(MON, hers), patients=[schedule_of(ADA, hers)])
    sought = Sought(ID, key(MON), {"strange": doctor()}, ADA)
    changes, outcome = untold(update(given, Update(sought, reason=None), NOW))
    assert isinstance(outcome, Accepted)
    after = schedule_of(ADA, outcome.appointment, changed_at=[NOW])
    assert changes == documents(schedule(MON, outcome.appointment), patients=[after])


def test_what_it_stands_in_is_looked_for() -> None:
    night = appointment(f"{MON}T23:00Z", "2026-11-24T01:00Z", ID)
    wanted = NeedsDocuments(frozenset({key(MON), key("2026-11-24")}))
    assert update(documents(schedule(MON, night)), Update(SOUGHT), NOW) == (documents(), wanted)


def large(name: str, size: int) -> Appointment:
    return BOOKED._replace(id=name, unknown_fields=b"x" * size)


def test_a_day_and_a_schedule_hold_no_longer_texts_than_a_store_can_keep() -> None:
    longer = Update(SOUGHT, reason="x" * 1000)
    full = [large(f"x{number}", 343_000) for number in range(3)]
    assert update(documents(schedule(MON, BOOKED, *full)), longer, NOW)[1] == DayFull()
    hers = owned(BOOKED, ADA)
    given = documents(schedule(MON, hers), patients=[schedule_of(ADA, hers, *full)])
    assert update(given, longer, NOW)[1] == DayFull()
    _, outcome = update(given, Update(SOUGHT, reason="x"), NOW)
    assert isinstance(outcome, Accepted)
