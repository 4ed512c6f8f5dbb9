"""The documents that an instance read or wrote last, so that it can decide without reading them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from shared.model.day import DayKey, DaySchedule
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import Stored

DOCUMENTS_CACHED = 500
APPOINTMENTS_CACHED = 20_000  # About 11 MB: full days must not fill a small instance.

Key = DayKey | PatientKey
Document = Stored[DaySchedule] | Stored[PatientSchedule]
K = TypeVar("K", DayKey, PatientKey)


class _Cached(Struct, frozen=True):
    """A document, and when it was put here, counted in puts."""

    document: Document
    put_at: int


class DocumentCache:
    """A few hundred days and patients' schedules as they were last seen; the oldest are dropped."""

    def __init__(self) -> None:
        self._cached: OrderedDict[Key, _Cached] = OrderedDict()
        self._appointments = 0
        self._puts = 0

    def begin_read(self) -> int:
        """Return a mark to pass to `put` with what is read from now on."""
        return self._puts

    def put(
        self,
        days: Mapping[DayKey, Stored[DaySchedule]],
        patients: Mapping[PatientKey, Stored[PatientSchedule]],
        read_since: int | None = None,
    ) -> None:
        """Cache these documents, which were committed or, since a mark, read.

        What was read does not replace a document that was put after the mark: it may be older.
        """
        since = self._puts if read_since is None else read_since
        self._puts += 1
        for day, schedule in days.items():
            self._put(day, schedule, since)
        for patient, booked in patients.items():
            self._put(patient, booked, since)
        while len(self._cached) > DOCUMENTS_CACHED or self._appointments > APPOINTMENTS_CACHED:
            self.forget([next(iter(self._cached))])

    def get(self, keys: Collection[K]) -> dict[K, Stored[Any]]:
        """Return those of these documents that are cached."""
        return {key: self._cached[key].document for key in keys if key in self._cached}

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop these documents."""
        for key in keys:
            if cached := self._cached.pop(key, None):
                self._appointments -= len(cached.document.value.appointments)

    def _put(self, key: Key, document: Document, since: int) -> None:
        if key not in self._cached or self._cached[key].put_at <= since:
            self.forget([key])
            self._cached[key] = _Cached(document, self._puts)
            self._appointments += len(document.value.appointments)
