"""A command: one request to change doctor-days, as the transaction sees it."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.patient_key import PatientKey
from shared.rules.outcomes import Decision, NeedsDocuments
from shared.store.port import State
from shared.transactions.idempotency_keys import Idempotency, new_request_id


def accounts(*patients: PatientKey | None) -> frozenset[PatientKey]:
    """Return the accounts of these; None is somebody without one."""
    return frozenset(filter(None, patients))


class Command(Struct, frozen=True):
    """One request to change doctor-days.

    `decide` is pure, because it may run many times: given the documents, it returns those that
    change, as they would be, and the outcome, which may be that it needs others. `now` is when the
    request arrived by the server's clock, `subject` the id of what it makes or changes, `caller` is
    who sent the request, and `request_id` identifies it in the idempotency record that it leaves.
    `births` are the appointments that it books or changes, each under the doctor of its birth.
    `elsewhere` and `patients` are what must be loaded before the first attempt; later ones load
    `births` too. The account of a patient who asks, or that of a new appointment's owner, is known
    from the beginning; a command concerns one account at most. `afterwards` decides what to answer
    once the record says that it was committed; None: what it made or changed, as that is then.
    """

    days: frozenset[DayKey]
    decide: Callable[[Documents], Decision]
    now: datetime
    subject: str
    caller: Caller
    births: frozenset[ElsewhereKey] = frozenset()
    patients: frozenset[PatientKey] = frozenset()
    elsewhere: frozenset[ElsewhereKey] = frozenset()
    idempotency: Idempotency | None = None
    afterwards: Callable[[Documents], Decision] | None = None
    request_id: str = field(default_factory=new_request_id)

    def documents(self, known: Documents) -> Documents:
        """Return those of these documents that concern this command."""
        mine = {key.appointment_id for key in self.births}
        return Documents(
            {key: known.days[key] for key in self.days},
            {key: found for key, found in known.elsewhere.items() if key.appointment_id in mine},
            {key: known.patients[key] for key in self.patients},
        )

    def has(self, needed: NeedsDocuments) -> bool:
        """Whether it was decided on all these documents: then they contradict each other."""
        return (
            needed.days <= self.days
            and needed.elsewhere <= self.elsewhere
            and needed.patients <= self.patients
        )

    def on(self, needed: NeedsDocuments) -> Self:
        """Return the same command, to be decided on these documents."""
        patients = self.patients | needed.patients
        return replace(self, days=needed.days, elsewhere=needed.elsewhere, patients=patients)

    def record(self) -> IdempotencyRecord | None:
        """Return the record to leave when this is granted; None without a key."""
        if self.idempotency is None:
            return None
        return self.idempotency.record(self.subject, self.now, self.request_id)

    def live_record(self, state: State) -> IdempotencyRecord | None:
        """Return the loaded, unexpired record of the key; None without a key too."""
        if self.idempotency is None:
            return None
        return self.idempotency.live_record(state, self.now)
