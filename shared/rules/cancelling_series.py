"""The decision to cancel what is left of a series."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from shared.access.caller import ANYBODY, Caller
from shared.access.permissions import may_see
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.documents import Documents
from shared.model.patient_key import PatientKey
from shared.model.placement import Placement, placed, placement
from shared.rules.existing_appointment import Found, Sought, find, why_fixed
from shared.rules.outcomes import CancelledSeries, Decision, Kept, NeedsDoctor, NeedsDocuments
from shared.rules.patient_limits import counted, why_not_cancelled
from shared.rules.refusals import Refusal


class SeriesCancellation(Struct, frozen=True):
    """A request to cancel all appointments of a series that start at or after an instant.

    `sought` are all appointments of the series. Those that the caller may not see are left alone.
    If it is `done`, a commit has cancelled all that was due: an appointment that was moved behind
    the instant since then is not touched.
    """

    sought: tuple[Sought, ...]
    caller: Caller
    after: datetime
    reason: str | None = None
    done: bool = False


class _Progress(Struct):
    """What has become of the appointments so far, and the documents as they would be."""

    documents: Documents
    changes: Documents = Documents()
    cancelled: list[Appointment] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    @property
    def outcome(self) -> CancelledSeries:
        """What is cancelled by now, in order of start, then id, and what stays."""
        cancelled = sorted(self.cancelled, key=lambda appointment: appointment.position)
        return CancelledSeries(tuple(cancelled), tuple(self.kept))


def cancel_series(documents: Documents, request: SeriesCancellation, now: datetime) -> Decision:
    """Decide which appointments of a series to cancel, wherever they are by now.

    The commit checks the days of all that are not cancelled, also of those that stay: so it misses
    none that is moved behind the instant meanwhile.
    """
    arrived_at = request.sought[0].arrived_at or now
    documents = documents.tidied(min(now, arrived_at))
    found = [find(documents, replace(sought, caller=ANYBODY)) for sought in request.sought]
    if missing := _missing(documents, request.sought, found):
        return Documents(), missing
    progress = _Progress(documents)
    for sought, standing in zip(request.sought, found, strict=True):
        if isinstance(standing, Placement) and _is_due(standing.appointment, request):
            _cancel_one(progress, request, sought, standing, now)
    changes = progress.changes
    if not changes.change_anything:
        return Documents(), progress.outcome
    if refusal := _why_not(documents, request, changes, arrived_at):
        return Documents(), refusal
    checked = {key: progress.documents.days[key] for key in _days(request.sought, found)}
    changes = replace(changes, days={**checked, **changes.days})
    return counted(changes, request.caller, arrived_at), progress.outcome


def _missing(
    documents: Documents, sought: Sequence[Sought], found: Sequence[Found]
) -> NeedsDocuments | NeedsDoctor | None:
    """Return what is needed to find all of them; None if that is all there."""
    for each in found:
        if isinstance(each, NeedsDoctor):
            return each
    needed = [each for each in found if isinstance(each, NeedsDocuments)]
    if not needed:
        return None
    days = {each.home for each in sought} | _days(sought, found)
    elsewhere = {*documents.elsewhere, *(each.birth for each in sought)}
    return NeedsDocuments(
        frozenset(days.union(*(each.days for each in needed))),
        frozenset(elsewhere.union(*(each.elsewhere for each in needed))),
        frozenset[PatientKey]().union(*(each.patients for each in needed)),
    )


def _days(sought: Sequence[Sought], found: Sequence[Found]) -> set[DayKey]:
    """Return the days that tell where each appointment is, but those that are cancelled.

    One that is not found was born on its day after all, if that is only known as it was before.
    """
    days = set[DayKey]()
    for each, standing in zip(sought, found, strict=True):
        if not isinstance(standing, Placement):
            days.add(each.home)
        elif standing.days:
            days |= {each.home, *standing.days}
    return days


def _is_due(appointment: Appointment, request: SeriesCancellation) -> bool:
    return appointment.interval.start >= request.after and may_see(request.caller, appointment)


def _cancel_one(
    progress: _Progress,
    request: SeriesCancellation,
    sought: Sought,
    standing: Placement,
    now: datetime,
) -> None:
    """Cancel an appointment, or note that it is cancelled already, or why it stays."""
    appointment = standing.appointment
    if appointment.status == "cancelled":
        progress.cancelled.append(appointment)
        return
    if fixed := why_fixed(appointment, sought, now):
        progress.kept.append(Kept(appointment.id, fixed.code))
        return
    if request.done:
        return
    cancelled = appointment.changed(now, cancelled_at=now, cancellation_reason=request.reason)
    after = placement(cancelled, sought.home, sought.doctors[cancelled.doctor_id])
    changes = placed(progress.documents, standing, after)
    progress.documents = progress.documents.changed(changes)
    progress.changes = progress.changes.changed(changes)
    progress.cancelled.append(cancelled)


def _why_not(
    documents: Documents, request: SeriesCancellation, changes: Documents, arrived_at: datetime
) -> Refusal | None:
    """Return why the caller may cancel nothing of it now. All have one owner and one service."""
    one = changes.appointments[0].after
    schedule, policy = documents.schedule_of(one), request.sought[0].policy_of(one)
    return why_not_cancelled(schedule, request.caller, arrived_at, policy)
