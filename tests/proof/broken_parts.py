"""Parts of a simulation that break a promise: a proof that cannot fail proves nothing."""

from dataclasses import replace

from msgspec import structs

from shared.model.documents import Documents
from shared.store.port import (
    DocumentKey,
    State,
    Versions,
    Writes,
)
from shared.transactions.command import Command
from tests.proof.history import Book, Cancel, MarkAs, Move, Update
from tests.proof.promises import TELLING, WatchedStore
from tests.proof.simulated_run import Parts
from tests.proof.world import Request, command_of


class Unchecked(WatchedStore):
    """Commits without a look at versions."""

    def has_changed(self, *_: object) -> bool:
        return False


class BlindToRecords(WatchedStore):
    """Looks at the versions of all but records."""

    def has_changed(self, writes: Writes) -> bool:
        return super().has_changed(structs.replace(writes, records=()))


class BlindToPatients(WatchedStore):
    """Looks at the versions of all but patients."""

    def has_changed(self, writes: Writes) -> bool:
        return super().has_changed(structs.replace(writes, patients=()))


class Torn(WatchedStore):
    """Writes one day after the other."""

    def write(self, writes: Writes) -> Versions:
        versions = [super(Torn, self).write(Writes([day])) for day in writes.days]
        versions.append(super().write(structs.replace(writes, days=())))
        return {key: version for each in versions for key, version in each.items()}


class Forgetful(WatchedStore):
    """Says that it has written, and has not."""

    def write(self, writes: Writes) -> Versions:
        written: list[DocumentKey] = [write.day.key for write in writes.days]
        written += [write.schedule.key for write in writes.patients]
        return dict.fromkeys(written, 0)


class Untold(WatchedStore):
    """Writes what changes, and tells nobody of it."""

    def write(self, writes: Writes) -> Versions:
        return super().write(structs.replace(writes, events=()))


class Lagging(WatchedStore):
    """Reads show how it was before the last commit."""

    def __init__(self) -> None:
        super().__init__()
        self._old = super().view()

    def view(self) -> State:
        return self._old if self.changed_at else super().view()

    def write(self, writes: Writes) -> Versions:
        self._old = super().view()
        return super().write(writes)


def changes_without_records(request: Request, number: int) -> Command:
    return structs.replace(command_of(request, number), idempotency=None)


def changes_of_any_version(request: Request, number: int) -> Command:
    asked = request.asked
    if isinstance(asked, Move | Cancel | Update | MarkAs):
        asked = replace(asked, version=None)
    return command_of(replace(request, asked=asked), number)


def bookings_looked_for_on_their_day_alone(request: Request, number: int) -> Command:
    """As if what others cancel or move away left no trace for a try whose answer was lost."""
    command = command_of(request, number)
    if not isinstance(request.asked, Book):
        return command
    return structs.replace(
        command, decide=lambda found: command.decide(Documents(found.days, patients=found.patients))
    )


def days_by_local_date(request: Request, number: int) -> Command:
    """As if the zone's data of each instance named the day that an appointment belongs to."""
    return command_of(request, number, by_local_date=True)


BROKEN = [
    (Parts(Unchecked), "overlapping bookings", 0, "lie nowhere"),
    (Parts(BlindToRecords), "one key for two days", 0, "a key took effect twice"),
    (Parts(BlindToPatients), "two doctors for one patient", 0, "of one patient overlap"),
    (Parts(Torn), "a cancellation and a move", 0, "lie"),
    (Parts(Forgetful), "overlapping bookings", 0, "no order explains"),
    (Parts(Untold, telling=TELLING), "overlapping bookings", 0, "others are told of"),
    (Parts(Lagging), "booked after a cancellation", 0, "no order explains"),
    (Parts(propose=changes_without_records), "moves of one, warm", 1, "twice"),
    (Parts(propose=changes_without_records), "two corrections", 1, "twice"),
    (Parts(propose=changes_without_records), "arrived and fulfilled", 1, "no order explains"),
    (Parts(propose=changes_of_any_version), "two changes of one version", 0, "no order explains"),
    (
        Parts(propose=bookings_looked_for_on_their_day_alone),
        "booked and cancelled",
        1,
        "have ended",
    ),
    (
        Parts(propose=bookings_looked_for_on_their_day_alone),
        "booked and moved away",
        1,
        "not the same on two days",
    ),
    (Parts(propose=days_by_local_date), "new clock rules", 0, "overlaps"),
]
