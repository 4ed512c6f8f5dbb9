"""Parts of a simulation that break a promise: a proof that cannot fail proves nothing."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from shared.model.day import DayKey
from shared.store.port import DayWrite, RecordWrite, State, Version
from shared.transactions.command import Command
from tests.proof.promises import WatchedStore
from tests.proof.simulated_run import Parts
from tests.proof.world import Request, command_of


class Unchecked(WatchedStore):
    """Commits without a look at versions."""

    def has_changed(self, days: Sequence[DayWrite], records: Sequence[RecordWrite]) -> bool:  # noqa: ARG002
        return False


class BlindToRecords(WatchedStore):
    """Looks at the versions of days only."""

    def has_changed(self, days: Sequence[DayWrite], records: Sequence[RecordWrite]) -> bool:  # noqa: ARG002
        return super().has_changed(days, ())


class Torn(WatchedStore):
    """Writes one day after the other."""

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        versions = {day.day.key: super(Torn, self).write([day], ())[day.day.key] for day in days}
        super().write((), records)
        return versions


class Forgetful(WatchedStore):
    """Says that it has written, and has not."""

    def write(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],  # noqa: ARG002
    ) -> Mapping[DayKey, Version]:
        return {write.day.key: 0 for write in days}


class Lagging(WatchedStore):
    """Reads show how it was before the last commit."""

    def __init__(self) -> None:
        super().__init__()
        self._old = super().view()

    def view(self) -> State:
        return self._old if self.changed_at else super().view()

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        self._old = super().view()
        return super().write(days, records)


def moves_without_records(request: Request, number: int) -> Command:
    return structs.replace(command_of(request, number), idempotency=None)


BROKEN = [
    (Parts(Unchecked), "overlapping bookings", 0, "lie nowhere"),
    (Parts(BlindToRecords), "one key for two days", 0, "a key took effect twice"),
    (Parts(Torn), "a cancellation and a move", 0, "lie"),
    (Parts(Forgetful), "overlapping bookings", 0, "no order explains"),
    (Parts(Lagging), "booked after a cancellation", 0, "no order explains"),
    (Parts(propose=moves_without_records), "moves of one, warm", 1, "twice"),
]
