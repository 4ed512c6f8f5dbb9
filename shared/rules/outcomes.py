"""What a decision can come to: values, not exceptions.

`Accepted` took effect; a `Refusal` changed nothing and says why.
"""

from typing import NamedTuple

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold import Hold
from shared.model.patient_key import PatientKey
from shared.model.series import Series
from shared.rules.refusals import Refusal


class Accepted(Struct, frozen=True):
    """The request is granted: its appointment, as it is from now on."""

    appointment: Appointment


class Held(Struct, frozen=True):
    """The time is kept; `replayed` if the same request with the same key had it before."""

    hold: Hold
    replayed: bool = False


class Released(Struct, frozen=True):
    """The hold is given up."""


class BookedSeries(Struct, frozen=True):
    """The series is booked; `replayed` if the same request with the same key had it before.

    `appointments` are those that the caller may see, as they are.
    """

    series: Series
    appointments: tuple[Appointment, ...]
    replayed: bool = False


class Kept(NamedTuple):
    """The id of an appointment that stays booked, and the code of the reason."""

    appointment_id: str
    code: str


class CancelledSeries(Struct, frozen=True):
    """The appointments of a series that are cancelled now, whoever cancelled them, and the others.

    Only those that start from an instant on, in order of start, then id.
    """

    cancelled: tuple[Appointment, ...]
    kept: tuple[Kept, ...]


class Unchanged(Struct, frozen=True):
    """The appointment is as the request wants it already, so nothing changes."""

    appointment: Appointment


class Replayed(Struct, frozen=True):
    """The same request with the same idempotency key was granted before.

    `appointment` is as it is now: it may have been moved or cancelled since.
    """

    appointment: Appointment


class AlreadyApplied(Struct, frozen=True):
    """An earlier attempt at this very request was committed, though its answer was lost."""


class NeedsDocuments(Struct, frozen=True):
    """Nothing is decided before these documents are loaded, or loaded again.

    The appointment is, or is to be, on other days, its owner is not known yet, or the documents are
    not of one instant. `patients` come on top of those that were loaded.
    """

    days: frozenset[DayKey]
    elsewhere: frozenset[ElsewhereKey] = frozenset()
    patients: frozenset[PatientKey] = frozenset()


class NeedsDoctor(Struct, frozen=True):
    """Nothing is decided: this instance does not know the appointment's doctor yet."""

    doctor_id: str


Granted = Accepted | Held | Released | BookedSeries | CancelledSeries
"""What takes effect by a commit."""

Outcome = Granted | Unchanged | Replayed | Refusal | AlreadyApplied | NeedsDocuments | NeedsDoctor

Decision = tuple[Documents, Outcome]
"""The changed documents, as they are to be, and the outcome.

The decision holds as long as the changed documents are as they were when it was made. Whatever
else it looked at only hinted at where the appointment is; the days that it touches, and its
owner's schedule, are always among the changed ones.
"""
