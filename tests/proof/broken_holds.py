"""Parts of a simulation that break a promise about holds or series."""

from collections.abc import Callable
from dataclasses import replace

from msgspec import structs

from shared.model.documents import Documents
from shared.rules.outcomes import Decision
from shared.transactions.command import Command
from tests.proof.broken_parts import Torn, Unchecked, changes_without_records
from tests.proof.history import Book, BookSeries, CancelSeries, Move, Release
from tests.proof.simulated_run import Parts
from tests.proof.world import BLINK, ENDS, Request, command_of

Change = Callable[[Documents, Documents], Documents]
"""From what was found and what would change, to what does change."""


def _changing(command: Command, change: Change) -> Command:
    def decide(found: Documents) -> Decision:
        changes, outcome = command.decide(found)
        return change(found, changes), outcome

    return structs.replace(command, decide=decide)


def _with_holds_of(found: Documents, changes: Documents) -> Documents:
    days = {key: structs.replace(d, holds=found.days[key].holds) for key, d in changes.days.items()}
    return structs.replace(changes, days=days)


def bookings_blind_to_holds(request: Request, number: int) -> Command:
    """As if only what is booked kept a time."""
    command, asked = command_of(request, number), request.asked
    if not isinstance(asked, Book | Move | BookSeries) or getattr(asked, "hold", None):
        return command

    def decide(found: Documents) -> Decision:
        days = {key: structs.replace(day, holds=()) for key, day in found.days.items()}
        changes, outcome = command.decide(structs.replace(found, days=days))
        return _with_holds_of(found, changes), outcome

    return structs.replace(command, decide=decide)


def holds_that_are_never_used_up(request: Request, number: int) -> Command:
    command = command_of(request, number)
    return _changing(command, _with_holds_of) if isinstance(request.asked, Book) else command


def holds_released_on_one_day(request: Request, number: int) -> Command:
    """Where a hold touches two days, it stays on the second."""

    def first_of_them(_: Documents, changes: Documents) -> Documents:
        return structs.replace(changes, days=dict(sorted(changes.days.items())[:1]))

    command = command_of(request, number)
    return _changing(command, first_of_them) if isinstance(request.asked, Release) else command


def holds_a_moment_too_long(request: Request, number: int) -> Command:
    """As if a hold still kept its time at the very instant at which it ends."""
    asked = request.asked
    if isinstance(asked, Book) and ENDS <= asked.at < ENDS + 1:
        asked = replace(asked, at=asked.at - 20 * BLINK)
    return command_of(replace(request, asked=asked), number)


def days_that_stay_are_not_checked(request: Request, number: int) -> Command:
    """As if what is skipped, and what is not cancelled, were nobody's business."""

    def others(found: Documents, changes: Documents) -> Documents:
        days = {key: day for key, day in changes.days.items() if day != found.days[key]}
        return structs.replace(changes, days=days)

    command, several = command_of(request, number), isinstance(request.asked, _OF_SERIES)
    return _changing(command, others) if several else command


_OF_SERIES = BookSeries | CancelSeries

BROKEN = [
    (Parts(Unchecked), "two holds of one time", 0, "no order explains"),
    (Parts(Unchecked), "a series and a hold", 0, "lie nowhere"),
    (Parts(propose=bookings_blind_to_holds), "a hold and a booking", 0, "has the time that"),
    (Parts(propose=bookings_blind_to_holds), "a series and a hold", 0, "has the time that"),
    (Parts(propose=holds_that_are_never_used_up), "a hold booked twice", 0, "has the time that"),
    (Parts(propose=holds_released_on_one_day), "released across midnight", 0, "lies on"),
    (
        Parts(propose=holds_a_moment_too_long),
        "used too late, and live for another",
        0,
        "no order explains",
    ),
    (Parts(Torn), "a series and a booking", 0, "of series there are"),
    (
        Parts(propose=days_that_stay_are_not_checked),
        "a series that may skip, outdated",
        0,
        "no order explains",
    ),
    (
        Parts(propose=days_that_stay_are_not_checked),
        "cancelled, and moved behind, warm",
        0,
        "no order explains",
    ),
    (Parts(propose=changes_without_records), "cancelled, and moved behind", 1, "twice"),
]
