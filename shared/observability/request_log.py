"""The request log: one line for each request, as JSON in the cloud and for people locally.

No line holds anything about a patient. Messages of foreign exceptions might, and so might lines of
other loggers; so only the messages of `StoreError`, our own, are logged, and what others log is cut
where it begins to quote.
"""

import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec

from shared.observability.request_record import RequestRecord, Trace
from shared.store.port import StoreError

ERROR_EVENT = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"

_QUOTES = re.compile(r"""['"<[({/\n]""")

_log = logging.getLogger("appointments")


class RequestLog:
    """Writes a line for each request. `project` is where its trace is kept."""

    def __init__(self, project: str | None) -> None:
        self._project = project

    def __call__(self, record: RequestRecord) -> None:
        """Write the line of a request."""
        fields = {**_fields(record), **_trace_fields(record.trace, self._project)}
        if record.error is None and (stream := _json_stream()):
            stream.write(_json_line("INFO", _message(record), fields) + "\n")
            return
        level = _level(record)
        if _log.isEnabledFor(level):
            stack = record.error if level == logging.ERROR else None
            _log.log(level, _message(record), extra={"fields": fields}, exc_info=stack)

    def close(self) -> None:
        """Do nothing: every line is written at once."""


def log_unreadable(request_id: str, status: int, code: str) -> None:
    """Write a line about an answer to what could not be read as a request."""
    fields = {"function": "none", "status": status, "code": code, "request_id": request_id}
    _log.info("none %d %s; no HTTP", status, code, extra={"fields": fields})


def log_bug(what: str, error: BaseException) -> None:
    """Write a line about an error that no response tells of."""
    _log.error("%s; %s", what, _said(error), exc_info=error)


def _level(record: RequestRecord) -> int:
    """Return ERROR for what somebody must mend, WARNING for what mostly passes by itself."""
    if record.error is None:
        return logging.INFO
    return logging.WARNING if record.missed_deadline else logging.ERROR


def _message(record: RequestRecord) -> str:
    usage, answer = record.usage, f"{record.status} {record.code}"
    line = f"{record.function} {answer} in {record.seconds * 1000:.1f} ms"
    line += f"; {usage.reads} read, {usage.writes} written"
    if usage.attempts:
        line += f", attempt {usage.attempts}, {usage.batch_size} together"
    return line if record.error is None else f"{line}; {_said(record.error)}"


def _fields(record: RequestRecord) -> dict[str, Any]:
    usage = record.usage
    return {
        "function": record.function,
        "method": record.method,
        "status": record.status,
        "code": record.code,
        "request_id": record.request_id,
        "latency_ms": round(record.seconds * 1000, 3),
        "attempts": usage.attempts,
        "batch_size": usage.batch_size,
        "reads": usage.reads,
        "writes": usage.writes,
    }


def _trace_fields(trace: Trace | None, project: str | None) -> dict[str, Any]:
    """Return the special fields of Cloud Logging ("Structured logging")."""
    if trace is None:
        return {}
    name = f"projects/{project}/traces/{trace.trace_id}" if project else trace.trace_id
    fields = {
        "logging.googleapis.com/trace": name,
        "logging.googleapis.com/trace_sampled": trace.sampled,
    }
    return {**fields, "logging.googleapis.com/spanId": trace.span_id} if trace.span_id else fields


# The form of lines, and where they go


def _json_stream() -> TextIO | None:
    """Return where lines are written as JSON, None if they are for people.

    Lines of requests without an error go there in one write, past handlers and formatters, which
    took two thirds of what a line costs: 20 us of processor time, and 7 without.
    """
    for handler in logging.root.handlers:
        if isinstance(handler.formatter, JsonLines) and isinstance(handler, logging.StreamHandler):
            stream: TextIO = handler.stream
            return stream
    return None


def _json_line(severity: str, message: str, fields: Mapping[str, Any]) -> str:
    line = {"severity": severity, "message": message, **fields}
    return msgspec.json.encode(line).decode()


class JsonLines(logging.Formatter):
    """Formats for Cloud Logging, with a stack where Error Reporting looks for it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message = record.getMessage()
        if record.name != _log.name:
            message = f"{record.name}: {_QUOTES.split(message)[0]}".rstrip()
            message = message.encode(errors="replace").decode()  # Lone surrogates: JSON has none.
        fields: dict[str, Any] = getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            stack = stack_of(record.exc_info[1])
            fields = {**fields, "stack_trace": stack, "@type": ERROR_EVENT}
        return _json_line(record.levelname, message, fields)


class ReadableLines(logging.Formatter):
    """Formats for people."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """Return the line; that of a request ends with the id that its client was told."""
        fields: dict[str, Any] = getattr(record, "fields", {})
        line = super().formatMessage(record)
        return f"{line}; request {fields['request_id']}" if "request_id" in fields else line

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's
        """Return the stack of an exception and of its causes."""
        return stack_of(ei[1])


def write_json() -> None:
    """Log to standard error as Cloud Logging reads it, including warnings and unhandled errors."""
    _write({"()": JsonLines})
    logging.captureWarnings(capture=True)
    sys.unraisablehook = _log_unhandled
    threading.excepthook = _log_unhandled


def write_readable() -> None:
    """Log to standard error for people."""
    _write({"()": ReadableLines, "fmt": "%(asctime)s %(message)s", "datefmt": "%H:%M:%S"})


def _write(formatter: dict[str, object]) -> None:
    # No line shows these, and finding them takes longer than all the rest ("Optimization" in the
    # logging HOWTO).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    setattr(logging, "_srcfile", None)  # noqa: B010 - not in its types
    handler = {"class": "logging.StreamHandler", "formatter": "lines"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": formatter},
            "handlers": {"lines": handler},
            "loggers": {
                _log.name: {"level": "INFO"},
                # The server logs like all others, and only what is wrong. Uvicorn gives the first
                # of these a handler of its own, gunicorn the second.
                "uvicorn": {"level": "WARNING", "propagate": True},
                "uvicorn.error": {"level": "WARNING", "propagate": True},
                # Without a handler anywhere, uvicorn does not even prepare its own lines.
                "uvicorn.access": {"level": "WARNING", "propagate": False},
            },
            "root": {"level": "WARNING", "handlers": ["lines"]},
        }
    )


def _log_unhandled(unhandled: Any) -> None:  # noqa: ANN401 - Python's, of two kinds
    log_bug("unhandled error", unhandled.exc_value)


def stack_of(error: BaseException) -> str:
    """Return a stack as Python prints it, without the messages of foreign exceptions."""
    stacks = []
    for link in _chain(error):
        frames = "".join(traceback.format_tb(link.__traceback__))
        stacks.append(f"Traceback (most recent call last):\n{frames}{_said(link)}")
    cause = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    return cause.join(reversed(stacks))


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, each of them once."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def _said(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, StoreError) and str(error) else name
