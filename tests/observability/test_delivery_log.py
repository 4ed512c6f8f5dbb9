"""Lines about deliveries, for Cloud Logging and for people; none is about a patient."""

import json
from collections.abc import Iterator

import pytest

from shared.model.event import Event
from shared.observability.delivery_log import log_failed, log_run, log_set_aside
from shared.observability.request_log import write_json, write_readable
from tests.builders import appointment, at
from tests.logging_as_it_was import logging_as_it_was

OF = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "strange.20261123.a")
EVENT = Event("moved", OF.id, 2, at("2026-11-20T09:00Z"), OF, personal=True)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    with logging_as_it_was():
        yield


def write_all() -> None:
    """Write one line of each kind."""
    log_failed(EVENT, "webhook", "it answered 500")
    log_set_aside(EVENT, "webhook", "it answered 500")
    log_run(2, 1, 61.5678)


def test_lines_for_cloud_logging_hold_what_metrics_and_alerts_ask_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json()
    write_all()
    printed = capsys.readouterr().err
    of_event = {
        "event_id": "strange.20261123.a~00000002~0",
        "event_type": "moved",
        "sink": "webhook",
    }
    assert [json.loads(line) for line in printed.splitlines()] == [
        {
            "severity": "WARNING",
            "message": "webhook did not take strange.20261123.a~00000002~0: it answered 500",
            **of_event,
        },
        {
            "severity": "ERROR",
            "message": "strange.20261123.a~00000002~0 set aside for webhook: it answered 500",
            **of_event,
            "set_aside": True,
        },
        {
            "severity": "INFO",
            "message": "2 delivered, 1 failed, the oldest 61.6 s old",
            "delivered": 2,
            "failed": 1,
            "oldest_seconds": 61.568,
        },
    ]
    assert "Lovelace" not in printed


def test_lines_for_people_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    write_readable()
    write_all()
    lines = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "webhook did not take strange.20261123.a~00000002~0: it answered 500",
        "strange.20261123.a~00000002~0 set aside for webhook: it answered 500",
        "2 delivered, 1 failed, the oldest 61.6 s old",
    ]
