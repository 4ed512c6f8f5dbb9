"""The stored form of series."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from shared.model.series import Series, Skipped
from shared.store.appointment_documents import Document
from shared.store.port import StoreRefused
from shared.store.series_documents import series_from_document, series_to_document
from tests.builders import at

SERIES = Series(
    id="strange.series.a",
    doctor_id="strange",
    rule="FREQ=WEEKLY;COUNT=2",
    holder="ada",
    created_at=at("2026-11-20T12:00:00.000001+00:00"),
    appointment_ids=("strange.20261123.a", "strange.20261130.b"),
)
SKIPPED = (
    Skipped(datetime(2026, 12, 7, 9, 0), at("2026-12-07T14:00Z"), "slot_taken"),  # noqa: DTZ001
    Skipped(datetime(2027, 3, 14, 2, 30), None, "skipped_by_clocks"),  # noqa: DTZ001
)
FIELDS: Document = {
    "kind": "series",
    "schema": 3,
    "doctor_id": "strange",
    "rule": "FREQ=WEEKLY;COUNT=2",
    "holder": "ada",
    "created_at": "2026-11-20T12:00:00.000001Z",
    "appointment_ids": ["strange.20261123.a", "strange.20261130.b"],
    "skipped": [],
}
SKIPPED_FIELDS: list[Document] = [
    {"local": "2026-12-07T09:00:00", "start": "2026-12-07T14:00:00Z", "code": "slot_taken"},
    {"local": "2027-03-14T02:30:00", "start": None, "code": "skipped_by_clocks"},
]


@pytest.mark.parametrize(
    ("series", "fields"),
    [(SERIES, FIELDS), (replace(SERIES, skipped=SKIPPED), {**FIELDS, "skipped": SKIPPED_FIELDS})],
    ids=["all-booked", "some-skipped"],
)
def test_a_series_is_written_without_its_id(series: Series, fields: Document) -> None:
    assert series_to_document(series) == fields
    assert series_from_document("strange.series.a", fields) == series


def test_fields_of_a_series_that_a_newer_version_wrote_are_ignored() -> None:
    newer = {**FIELDS, "title": "x", "skipped": [{**SKIPPED_FIELDS[0], "by": "y"}]}
    assert series_from_document("strange.series.a", newer) == replace(SERIES, skipped=SKIPPED[:1])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "serial"}, 'is of the kind "serial"'),
        ({"schema": 4}, "has schema 4"),
        ({"created_at": "noon"}, "is damaged"),
        ({"appointment_ids": "strange.20261123.a"}, "is damaged"),
        ({"skipped": [{"local": "2026-12-07T09:00:00"}]}, "is damaged"),
    ],
    ids=["kind", "schema", "instant", "ids", "skipped"],
)
def test_a_series_that_is_not_understood_is_refused_loudly(fields: Document, said: str) -> None:
    with pytest.raises(StoreRefused, match=f"the series strange.series.a {said}"):
        series_from_document("strange.series.a", {**FIELDS, **fields})
