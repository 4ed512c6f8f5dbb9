"""Lines of the log: how they look to Cloud Logging and to people, and what never stands in one."""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from shared.observability.request_log import RequestLog, write_json, write_readable
from shared.observability.request_record import RequestRecord, Trace
from shared.store.port import StoreRefused, StoreUnavailable
from shared.store.usage import StoreUsage
from tests.logging_as_it_was import logging_as_it_was

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
EVENT = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    with logging_as_it_was():
        yield


def record(status: int, code: str, error: Exception | None = None) -> RequestRecord:
    usage = StoreUsage(attempts=2, batch_size=7, reads=3, writes=2)
    trace = Trace(TRACE_ID, "b7ad6b7169203331", sampled=True)
    return RequestRecord(
        "create_appointment", "POST", "https", status, code, 0.0123, usage, "id-7", trace, error
    )


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    """An error with a stack, like one that was caught."""
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The only line, which is JSON, and never about a patient."""
    (text,) = capsys.readouterr().err.splitlines()
    assert "Lovelace" not in text
    fields: dict[str, Any] = json.loads(text)
    return fields


def test_a_line_for_cloud_logging_holds_these_fields(capsys: pytest.CaptureFixture[str]) -> None:
    write_json()
    RequestLog("a-project")(record(201, "ok"))
    assert line(capsys) == {
        "severity": "INFO",
        "message": "create_appointment 201 ok in 12.3 ms; 3 read, 2 written, attempt 2, 7 together",
        "function": "create_appointment",
        "method": "POST",
        "status": 201,
        "code": "ok",
        "request_id": "id-7",
        "latency_ms": 12.3,
        "attempts": 2,
        "batch_size": 7,
        "reads": 3,
        "writes": 2,
        "logging.googleapis.com/trace": f"projects/a-project/traces/{TRACE_ID}",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


def test_a_line_for_people_is_short_and_no_stack_says_what_an_error_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_readable()
    RequestLog(None)(record(201, "ok"))
    time, _, text = capsys.readouterr().err.partition(" ")
    assert len(time) == len("12:00:00")
    assert text == (
        "create_appointment 201 ok in 12.3 ms; 3 read, 2 written, attempt 2, 7 together; "
        "request id-7\n"
    )
    RequestLog(None)(record(500, "internal_error", raised(KeyError("Ada Lovelace"))))
    printed = capsys.readouterr().err
    assert printed.endswith("\nKeyError\n")
    assert "Lovelace" not in printed


def test_without_a_project_a_trace_is_only_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    write_json()
    RequestLog(None)(record(201, "ok"))
    assert line(capsys)["logging.googleapis.com/trace"] == TRACE_ID


def test_a_bug_is_an_error_event_with_its_stack_but_not_with_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json()
    patient = ValueError("Ada Lovelace, ada@example.org")
    error = raised(KeyError("Ada Lovelace"), cause=raised(patient))
    RequestLog(None)(record(500, "internal_error", error))
    fields = line(capsys)
    assert (fields["severity"], fields["@type"]) == ("ERROR", EVENT)
    assert fields["message"].endswith("; KeyError")
    stack = fields["stack_trace"].splitlines()
    assert stack[0] == "Traceback (most recent call last):"
    assert "in raised" in stack[1]
    assert stack[-1] == "KeyError"
    assert "ValueError" in stack
    assert "The above exception was the direct cause of the following exception:" in stack


@pytest.mark.parametrize(
    ("error", "severity", "said"),
    [
        (StoreRefused("PERMISSION_DENIED: no"), "ERROR", "StoreRefused: PERMISSION_DENIED: no"),
        (StoreUnavailable("no answer"), "WARNING", "StoreUnavailable: no answer"),
    ],
    ids=["refused", "unavailable"],
)
def test_a_store_that_refuses_is_an_error_and_what_may_pass_a_warning_without_a_stack(
    error: Exception, severity: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json()
    RequestLog(None)(record(503, "try_again", raised(error)))
    fields = line(capsys)
    assert fields["severity"] == severity
    assert fields["message"].endswith(f"; {said}")
    if severity == "ERROR":
        assert fields["@type"] == EVENT
        assert fields["stack_trace"].endswith(f"\n{said}")
    else:
        assert not fields.keys() & {"stack_trace", "@type"}


def test_what_others_log_is_a_line_too_and_their_errors_are_as_discreet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json()
    logging.getLogger("asyncio").error("Task failed", exc_info=raised(KeyError("Ada Lovelace")))
    logging.getLogger("asyncio").info("not of interest")
    fields = line(capsys)
    assert (fields["severity"], fields["message"]) == ("ERROR", "asyncio: Task failed")
    assert fields["stack_trace"].endswith("\nKeyError")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Task exception was never retrieved\nfuture: <KeyError('Lovelace')>",
            "Task exception was never retrieved",
        ),
        (
            "Exception in callback partial(<f>, Patient(name='Lovelace'))",
            "Exception in callback partial",
        ),
        ("Exception on /Lovelace [GET]\nTraceback", "Exception on"),
        ('invalid "Lovelace"', "invalid"),
        ("Invalid HTTP request received.", "Invalid HTTP request received."),
        ("half a character \udcff", "half a character ?"),
    ],
)
def test_what_others_quote_is_cut_off(
    said: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json()
    logging.getLogger("asyncio").error(said)
    assert line(capsys) == {"severity": "ERROR", "message": f"asyncio: {message}"}


@pytest.mark.filterwarnings("default")
def test_what_python_itself_prints_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    write_json()
    warnings.warn("about Lovelace", stacklevel=1)
    assert line(capsys) == {"severity": "WARNING", "message": "py.warnings:"}
    hooks: list[Any] = [sys.unraisablehook, threading.excepthook]
    for hook in hooks:
        hook(SimpleNamespace(exc_value=raised(KeyError("Lovelace"))))
        fields = line(capsys)
        assert fields["message"] == "unhandled error; KeyError"
        assert fields["stack_trace"].endswith("\nKeyError")


def test_an_error_that_goes_round_in_circles_has_an_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_json()
    error = KeyError()
    error.__cause__ = error
    RequestLog(None)(record(500, "internal_error", error))
    assert line(capsys)["stack_trace"] == "Traceback (most recent call last):\nKeyError"


@pytest.mark.parametrize(
    ("suppressed", "shown"), [(True, ["IndexError"]), (False, ["KeyError", "IndexError"])]
)
def test_an_error_while_another_was_handled_shows_both_unless_raised_in_spite_of_it(
    capsys: pytest.CaptureFixture[str], *, suppressed: bool, shown: list[str]
) -> None:
    write_json()
    error = raised(IndexError())
    error.__context__, error.__suppress_context__ = raised(KeyError()), suppressed
    RequestLog(None)(record(500, "internal_error", error))
    stack = line(capsys)["stack_trace"].splitlines()
    assert [text for text in stack if text.endswith("Error")] == shown
