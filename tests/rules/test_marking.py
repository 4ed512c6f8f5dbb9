"""The rules of recording what happened at the clinic."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Appointment, Mark
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.cancelling import Cancellation, cancel
from shared.rules.existing_appointment import Sought
from shared.rules.marking import Marking, mark
from shared.rules.moving import move
from shared.rules.outcomes import Accepted, Decision, NeedsDocuments, Unchanged
from shared.rules.refusals import (
    TooEarly,
    UnknownAppointment,
    VersionMismatch,
    WithAnotherDoctor,
    WrongStatus,
)
from tests.builders import (
    NEW_YORK,
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
    untold,
)

MON = "2026-11-23"
ID = "strange.20261123.a"
ADA = patient("ada")
BOOKED = appointment(f"{MON}T11:00Z", f"{MON}T12:00Z", ID)
NOON = at(f"{MON}T12:00Z")
SOUGHT = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY)


def ask(
    wanted: Mark, now: str, there: Appointment = BOOKED, versions: frozenset[int] | None = None
) -> Decision:
    sought = Sought(ID, key(MON), {"strange": doctor()}, ANYBODY, versions=versions)
    return untold(mark(documents(schedule(MON, there)), Marking(sought, wanted), at(now)))


def marked(as_: Mark, freed_from: str | None = None, now: datetime = NOON) -> Appointment:
    freed = at(freed_from) if freed_from else None
    return BOOKED._replace(mark=as_, freed_from=freed, updated_at=now, version=2)


@pytest.mark.parametrize(
    ("wanted", "now", "freed_from"),
    [
        pytest.param("arrived", f"{MON}T10:50Z", None, id="arrived"),
        pytest.param("fulfilled", f"{MON}T11:40Z", f"{MON}T11:40Z", id="done-early"),
        pytest.param("fulfilled", f"{MON}T11:40:01Z", f"{MON}T11:41Z", id="rounded-up"),
        pytest.param("fulfilled", f"{MON}T11:59:01Z", None, id="nothing-left"),
        pytest.param("fulfilled", f"{MON}T12:00Z", None, id="at-its-end"),
        pytest.param("fulfilled", "2026-11-30T12:00Z", None, id="a-week-later"),
        pytest.param("fulfilled", f"{MON}T09:00Z", f"{MON}T11:00Z", id="before-its-start"),
        pytest.param("no_show", f"{MON}T11:00Z", f"{MON}T11:00Z", id="at-its-start"),
        pytest.param("no_show", f"{MON}T11:15:30Z", f"{MON}T11:16Z", id="after-a-while"),
    ],
)
def test_a_mark_tells_what_happened_and_frees_what_is_left(
    wanted: Mark, now: str, freed_from: str | None
) -> None:
    expected = marked(wanted, freed_from, at(now))
    assert ask(wanted, now) == (documents(schedule(MON, expected)), Accepted(expected))
    assert expected.status == wanted


@pytest.mark.parametrize(
    ("before", "wanted", "is_right"),
    [
        (None, "arrived", True),
        (None, "fulfilled", True),
        (None, "no_show", True),
        ("arrived", "fulfilled", True),
        ("arrived", "no_show", False),
        ("fulfilled", "arrived", False),
        ("fulfilled", "no_show", False),
        ("no_show", "arrived", False),
        ("no_show", "fulfilled", False),
    ],
)
def test_marks_follow_each_other_in_one_order(
    before: Mark | None, wanted: Mark, *, is_right: bool
) -> None:
    there = BOOKED._replace(mark=before)
    changes, outcome = ask(wanted, f"{MON}T11:30Z", there)
    if is_right:
        assert isinstance(outcome, Accepted)
        assert outcome.appointment.status == wanted
    else:
        assert before
        assert (changes, outcome) == (documents(), WrongStatus(before))


@pytest.mark.parametrize("wanted", ["arrived", "fulfilled", "no_show"])
def test_the_same_mark_again_changes_nothing(wanted: Mark) -> None:
    there = BOOKED._replace(mark=wanted)
    assert ask(wanted, f"{MON}T08:00Z", there) == (documents(), Unchanged(there))


def test_what_is_cancelled_cannot_be_marked() -> None:
    gone = BOOKED._replace(cancelled_at=NOON)
    given = documents(schedule(MON), elsewhere={ElsewhereKey("strange", ID): gone})
    outcome = mark(given, Marking(SOUGHT, "arrived"), NOON)
    assert outcome == (documents(), WrongStatus("cancelled"))


@pytest.mark.parametrize(
    ("wanted", "now", "is_early"),
    [
        pytest.param("arrived", "2026-11-22T23:59:59Z", True, id="the-day-before"),
        pytest.param("arrived", f"{MON}T00:00Z", False, id="on-its-day"),
        pytest.param("fulfilled", "2026-11-22T23:59:59Z", True, id="done-the-day-before"),
        pytest.param("fulfilled", f"{MON}T00:00Z", False, id="done-on-its-day"),
        pytest.param("no_show", f"{MON}T10:59:59.9Z", True, id="not-there-before-its-start"),
        pytest.param("no_show", f"{MON}T11:00Z", False, id="not-there-at-its-start"),
    ],
)
def test_nothing_is_marked_before_it_can_have_happened(
    wanted: Mark, now: str, *, is_early: bool
) -> None:
    changes, outcome = ask(wanted, now)
    assert isinstance(outcome, TooEarly) is is_early
    assert bool(changes.days) is not is_early


def test_its_day_is_that_of_the_doctors_clock() -> None:
    sought = Sought(ID, key(MON), {"strange": doctor(zone=NEW_YORK)}, ANYBODY)
    there = appointment(f"{MON}T15:00Z", f"{MON}T16:00Z", ID)
    for now, kind in ((f"{MON}T04:59Z", TooEarly), (f"{MON}T05:00Z", Accepted)):
        given = documents(schedule(MON, there))
        _, outcome = mark(given, Marking(sought, "arrived"), at(now))
        assert isinstance(outcome, kind)


def test_only_the_version_that_is_asked_about_is_marked() -> None:
    other = (documents(), VersionMismatch())
    assert ask("arrived", f"{MON}T11:00Z", versions=frozenset({2, 3})) == other
    there = BOOKED._replace(mark="arrived", version=2)
    assert ask("arrived", f"{MON}T11:00Z", there, frozenset({1})) == other
    _, outcome = ask("arrived", f"{MON}T11:00Z", versions=frozenset({1, 3}))
    assert isinstance(outcome, Accepted)


def test_what_is_not_there_is_looked_for_and_then_unknown() -> None:
    here = ElsewhereKey("strange", ID)
    wanted = NeedsDocuments(frozenset({key(MON)}), frozenset({here}))
    asked = Marking(SOUGHT, "arrived")
    assert mark(documents(schedule(MON)), asked, NOON) == (documents(), wanted)
    nothing = documents(schedule(MON), elsewhere={here: None})
    assert mark(nothing, asked, NOON) == (documents(), UnknownAppointment())


@pytest.mark.parametrize("to", [key(MON, "who"), ElsewhereKey("who", ID)])
def test_what_has_moved_to_another_doctor_is_not_unknown(to: DayKey | ElsewhereKey) -> None:
    strange = Caller("doctor", "https://issuer.example", "s", frozenset({"strange"}))
    asked = Marking(replace(SOUGHT, caller=strange), "arrived")
    moved = documents(schedule(MON), elsewhere={ElsewhereKey("strange", ID): Pointer(to)})
    assert mark(moved, asked, NOON) == (documents(), WithAnotherDoctor())


def test_it_is_marked_in_its_owners_schedule_too_unless_it_has_gone_to_the_history() -> None:
    hers = owned(BOOKED, ADA)
    given = documents(schedule(MON, hers), patients=[schedule_of(ADA, hers)])
    changes, outcome = mark(given, Marking(SOUGHT, "fulfilled"), NOON)
    assert isinstance(outcome, Accepted)
    assert list(changes.patients.values()) == [schedule_of(ADA, outcome.appointment)]

    for there in ([hers], []):
        given = documents(schedule(MON, hers), patients=[schedule_of(ADA, *there)])
        request = Marking(SOUGHT, "fulfilled")
        changes, outcome = untold(mark(given, request, at("2026-11-24T12:00Z")))
        assert isinstance(outcome, Accepted)
        assert changes == documents(schedule(MON, outcome.appointment), patients=[schedule_of(ADA)])


@pytest.mark.parametrize("there", ["arrived", "fulfilled", "no_show"])
def test_what_is_marked_can_neither_be_moved_nor_cancelled(there: Mark) -> None:
    given, now = documents(schedule(MON, BOOKED._replace(mark=there))), at(f"{MON}T10:00Z")
    refused = (documents(), WrongStatus(there))
    request = to_move(ID, key(MON), doctor(), span(f"{MON}T15:00Z", f"{MON}T16:00Z"))
    assert move(given, request, now) == refused
    assert cancel(given, Cancellation(SOUGHT), now) == refused


def test_what_is_freed_can_be_booked_at_once() -> None:
    done = marked("fulfilled", f"{MON}T11:40Z")
    new = appointment(f"{MON}T11:40Z", f"{MON}T12:10Z", "new")
    wish = Booking(doctor(), new, ANYBODY)
    changes, outcome = untold(book(documents(schedule(MON, done)), wish, at(f"{MON}T11:40Z")))
    assert isinstance(outcome, Accepted)
    assert changes == documents(schedule(MON, done, new))
