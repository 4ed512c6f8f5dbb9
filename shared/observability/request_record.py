"""What is known of a completed request; logs and metrics are made from it."""

import re
from collections.abc import Mapping
from random import getrandbits
from typing import Protocol

from msgspec import Struct

from shared.store.port import StoreUnavailable
from shared.store.usage import StoreUsage

SPANS = 2**64

# W3C Trace Context, section 3.2: no id is all zeros, no version is ff, those after 00 may say more.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
# Cloud Trace, "Legacy trace header": the span is a decimal number of 64 bits.
_CLOUD_TRACE = re.compile(r"(?!0{32})([0-9a-f]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]))?")


class Trace(Struct, frozen=True):
    """The trace that a request belongs to and the span it comes from, in lower-case hex digits."""

    trace_id: str
    span_id: str | None
    sampled: bool


class RequestRecord(Struct, frozen=True):
    """A completed request, with `code`: "ok", "replayed", or that of a problem.

    `booked` tells that it booked an appointment. Nothing in it is about a patient, except perhaps
    what `error` says.
    """

    function: str
    method: str
    scheme: str
    status: int
    code: str
    seconds: float
    usage: StoreUsage
    request_id: str
    trace: Trace | None = None
    error: Exception | None = None
    booked: bool = False

    @property
    def missed_deadline(self) -> bool:
        """Whether the store gave no certain answer in time."""
        return isinstance(self.error, StoreUnavailable)


class Observer(Protocol):
    """Is notified of every completed request."""

    def __call__(self, record: RequestRecord) -> None:
        """Record it, at once."""

    def close(self) -> None:
        """Send what was recorded, because the process ends."""


def new_request_id(trace: Trace | None) -> str:
    """Return what a request is called: after its trace or, without one, by a name of its own."""
    # It only has to differ, so it need not cost what a secret costs.
    return trace.trace_id if trace else f"{getrandbits(128):032x}"


def trace_of(headers: Mapping[bytes, bytes]) -> Trace | None:
    """Return the trace that a request names; a malformed header counts as none."""
    if found := _TRACEPARENT.fullmatch(headers.get(b"traceparent", b"").decode("latin-1")):
        trace_id, span_id, flags = found.groups()
        return Trace(trace_id, span_id, sampled=int(flags, 16) & 1 == 1)
    if found := _CLOUD_TRACE.fullmatch(
        headers.get(b"x-cloud-trace-context", b"").decode("latin-1")
    ):
        trace_id, span, option = found.groups()
        span_id = f"{int(span):016x}" if span and int(span) < SPANS else None
        return Trace(trace_id, span_id, sampled=option == "1")
    return None
