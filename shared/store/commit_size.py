"""How much a commit writes."""

from msgspec.structs import astuple

from shared.store.patient_documents import history_changes
from shared.store.port import Writes


def count_documents(writes: Writes) -> int:
    """Return how many documents a commit writes; each month of a patient's history is one."""
    months = sum(len(history_changes(patient)) for patient in writes.patients)
    return sum(map(len, astuple(writes))) + months
