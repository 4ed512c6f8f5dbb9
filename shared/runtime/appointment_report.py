"""The report on the booked appointments that lie ahead, for operators: no patient data."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime

from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.queries.ahead import checked_ahead
from shared.rules.findings import (
    AnotherTimeThanTold,
    DuringTimeOff,
    Finding,
    OutsideHours,
    Overlap,
    ServiceNotOffered,
)
from shared.store.port import Store
from shared.time_texts import written

BRIEFLY = 8
"""How many lines of each kind a brief report has."""

_NOT_NAMED = "not in the clinic file"
_RETIRED = "retired"
_KINDS: dict[type[Finding], str] = {
    Overlap: "OVERLAP",
    AnotherTimeThanTold: "another time than told",
    DuringTimeOff: "during time off",
    OutsideHours: "outside the working hours",
    ServiceNotOffered: "of a service that is not offered any more",
}
_LEFT_BEHIND = "unreadable entries of release 1.0"
ADVICE = {
    _KINDS[Overlap]: (
        "This must never happen. Keep a copy of the store and report a bug; then move one of the "
        "two."
    ),
    _KINDS[AnotherTimeThanTold]: (
        "They are still at the same instants, but new clock rules changed their local times. Move "
        "them to the times that were told, or tell the patients and then move each to the time "
        "that it has now, which keeps that as told."
    ),
    _KINDS[DuringTimeOff]: "They stay booked until somebody moves or cancels them.",
    _KINDS[OutsideHours]: "They stay booked. Move or cancel those that the doctor cannot keep.",
    _KINDS[ServiceNotOffered]: (
        "They stay booked, with the buffers that they have. Put the service back into the file if "
        "it went by mistake; else move or cancel those that cannot be kept."
    ),
    _RETIRED: "What is booked with them stays. Move or cancel what they cannot keep.",
    _NOT_NAMED: (
        "They are still stored, and patients can book them. To retire one, put the entry back "
        'with "retired": true, and load the file: no more is booked, and what is booked stays.'
    ),
    _LEFT_BEHIND: (
        "They hold no time, and no function shows them. The table left_behind of the file has them "
        "with the reason; book again what is still wanted, and delete the rows."
    ),
}


class AppointmentReport:
    """The lines of one report, and how much it has found.

    `named` are the doctors of the clinic file, `clinic` is what the store says of the clinic. A
    brief report has a few lines of each kind, and none if nothing is wrong.
    """

    def __init__(
        self, named: Iterable[Doctor], clinic: Clinic, now: datetime, *, brief: bool = False
    ) -> None:
        self._named = {doctor.id for doctor in named}
        self._clinic = clinic
        self._now = now
        self._brief = brief
        self._found: Counter[str] = Counter()
        self._ahead = 0
        self._is_cut = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self._found.total()

    async def lines(self, store: Store, doctors: AsyncIterator[Doctor]) -> AsyncIterator[str]:
        """Yield a line for each finding as soon as it is known, then what to do about each kind."""
        async for doctor in doctors:
            async for kind, words in self._findings(store, doctor):
                self._found[kind] += 1
                if self._brief and self._found[kind] > BRIEFLY:
                    self._is_cut = True
                else:
                    yield f"{doctor.id}: {kind}: {words}"
        self._found[_LEFT_BEHIND] = await store.left_behind()
        for line in self._summary():
            yield line

    async def _findings(self, store: Store, doctor: Doctor) -> AsyncIterator[tuple[str, str]]:
        """Yield the kind of each finding, and the appointments in words."""
        ahead = 0
        async with store.snapshot() as snapshot:
            async for findings in checked_ahead(snapshot, doctor, self._now, self._clinic):
                ahead += 1
                for finding in findings:
                    yield _KINDS[type(finding)], _in_words(finding)
        self._ahead += ahead
        if doctor.id not in self._named and not doctor.retired:
            yield _NOT_NAMED, f"booked appointments ahead: {ahead}"
        if doctor.retired and ahead:
            yield _RETIRED, f"booked appointments ahead: {ahead}"

    def _summary(self) -> Iterator[str]:
        if not self.is_clean:
            yield ""
        for kind, advice in ADVICE.items():
            if count := self._found[kind]:
                yield f"{kind}: {count} in all. {advice}"
        if not self._brief:
            verdict = "Nothing is wrong. " if self.is_clean else ""
            yield f"{verdict}Booked appointments ahead: {self._ahead}."
        elif self._is_cut:
            yield "`make report` prints all of them."


def _in_words(finding: Finding) -> str:
    words = _appointment_in_words(finding.appointment, finding.doctor)
    if isinstance(finding, Overlap):
        return f"{words} and {_appointment_in_words(finding.earlier, finding.doctor)}"
    return words


def _appointment_in_words(appointment: Appointment, doctor: Doctor) -> str:
    local = written(appointment.interval.start, doctor.zone)
    told = appointment.told_start
    return f"{appointment.id} at {local} (told: {told.isoformat() if told else 'not known'})"
