"""What a patient with an account has booked: the second resource of a booking."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.patient_key import PatientKey

REMEMBERED = timedelta(hours=24)
"""How long after its end an appointment stays here, and how long a change is counted."""


class PatientSchedule(Struct, frozen=True):
    """The booked appointments of one account, in order of their positions, with any doctor.

    An appointment stands here from its booking until it is cancelled, or until the first change a
    day after its end; then its id goes to the history of the account. `changed_at` are the
    instants of the patient's own bookings, moves, cancellations and erasures that still count, and
    `erased_at` those of the erasures. While it is `erasing`, nothing may be booked or moved for
    this account, and the patient may cancel nothing.
    """

    key: PatientKey
    appointments: tuple[Appointment, ...] = ()
    changed_at: tuple[datetime, ...] = ()
    erasing: bool = False
    erased_at: tuple[datetime, ...] = ()

    @property
    def counts_until(self) -> datetime | None:
        """When the last of the patient's own changes counts no more; None if there is none."""
        return max(self.changed_at) + REMEMBERED if self.changed_at else None

    def find(self, appointment_id: str) -> Appointment | None:
        """Return the appointment of this id, or None."""
        return next((a for a in self.appointments if a.id == appointment_id), None)

    def without(self, appointment_id: str) -> Self:
        """Return the same schedule without an appointment."""
        return self._with(a for a in self.appointments if a.id != appointment_id)

    def with_appointment(self, appointment: Appointment) -> Self:
        """Return the same schedule with this appointment, replacing the one of its id."""
        return self._with((*self.without(appointment.id).appointments, appointment))

    def with_change(self, now: datetime) -> Self:
        """Return the same schedule, with one more change by the patient."""
        return replace(self, changed_at=tuple(sorted((*self.changed_at, now))))

    def marked(self, now: datetime | None) -> Self:
        """Return the same schedule while it is erased; `now` if the patient asked for that."""
        if now is None:
            return replace(self, erasing=True)
        erased_at = tuple(sorted((*self.erased_at, now)))
        return replace(self.with_change(now), erasing=True, erased_at=erased_at)

    def rest(self, now: datetime) -> Self:
        """Return what stays once it is erased: when the patient changed what, as long as it counts.

        Otherwise an erasure would give back what limits have taken.
        """
        return replace(self.tidied(now), appointments=(), erasing=False)

    def others(self, wanted: Appointment) -> Sequence[Appointment]:
        """Return all appointments but the one that is wanted, in order."""
        return [a for a in self.appointments if a.id != wanted.id]

    def ahead(self, now: datetime) -> Sequence[Appointment]:
        """Return the appointments that are still to be kept, in order."""
        return [a for a in self.appointments if a.held.length and a.held.end > now]

    def changes_since(self, instant: datetime) -> Sequence[datetime]:
        """Return the instants of the patient's own changes after an instant, in order."""
        return [changed_at for changed_at in self.changed_at if changed_at > instant]

    def erasures_since(self, instant: datetime) -> Sequence[datetime]:
        """Return the instants of the patient's own erasures after an instant, in order."""
        return [erased_at for erased_at in self.erased_at if erased_at > instant]

    def tidied(self, now: datetime) -> Self:
        """Return the same schedule without what need not be remembered any more."""
        since = now - REMEMBERED
        kept = tuple(a for a in self.appointments if a.interval.end > since)
        return replace(
            self,
            appointments=kept,
            changed_at=tuple(self.changes_since(since)),
            erased_at=tuple(self.erasures_since(since)),
        )

    def _with(self, appointments: Iterable[Appointment]) -> Self:
        ordered = sorted(appointments, key=lambda appointment: appointment.position)
        return replace(self, appointments=tuple(ordered))
