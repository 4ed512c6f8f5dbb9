"""Metrics of requests through OpenTelemetry; imported only if they are configured.

`http.server.request.duration` follows the semantic conventions ("HTTP metrics"), with the
`function` and the `code` of the response added, and no route: a function may be reached by any
path. OpenTelemetry reads its settings from its own environment variables.
"""

import uuid

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from shared.observability.request_record import RequestRecord

# As the semantic conventions advise for seconds.
DURATION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
BATCH_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200)
KNOWN_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
CONFLICTS = frozenset(("slot_taken", "series_unavailable"))
SERVER_ERRORS = 500
LAST_SECONDS = 2  # Google Cloud kills an instance ten seconds after telling it to end.


class Metrics:
    """Counts completed requests, with the instruments of a provider."""

    def __init__(self, provider: MeterProvider) -> None:
        self._provider = provider
        meter = provider.get_meter("appointments")
        self._duration = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDS,
        )
        self._bookings = meter.create_counter(
            "appointments.bookings", "{booking}", "Appointments and series that were booked."
        )
        self._conflicts = meter.create_counter(
            "appointments.conflicts", "{request}", "Requests for times that were not all free."
        )
        self._retries = meter.create_counter(
            "appointments.retries", "{attempt}", "Attempts to commit after the first one."
        )
        self._misses = meter.create_counter(
            "appointments.deadline_misses",
            "{request}",
            "Requests without a certain answer in time.",
        )
        self._batch_size = meter.create_histogram(
            "appointments.batch_size",
            unit="{request}",
            description="Requests decided together, as each of them sees it.",
            explicit_bucket_boundaries_advisory=BATCH_BOUNDS,
        )

    def __call__(self, record: RequestRecord) -> None:
        """Count a request."""
        function = {"function": record.function}
        self._duration.record(record.seconds, _attributes(record))
        if record.booked:
            self._bookings.add(1)
        if record.code in CONFLICTS:
            self._conflicts.add(1, function)
        if record.missed_deadline:
            self._misses.add(1, function)
        if attempts := record.usage.attempts:
            self._retries.add(attempts - 1, function)
            self._batch_size.record(record.usage.batch_size, function)

    def close(self) -> None:
        """Send the rest, if that is possible soon."""
        self._provider.shutdown(LAST_SECONDS * 1000)


def _attributes(record: RequestRecord) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "http.request.method": record.method if record.method in KNOWN_METHODS else "_OTHER",
        "url.scheme": record.scheme,
        "function": record.function,
        "http.response.status_code": record.status,
        "code": record.code,
    }
    if record.status >= SERVER_ERRORS:
        attributes["error.type"] = record.code
    return attributes


def sending_provider(service: str) -> MeterProvider:
    """Return a provider that sends, to where OpenTelemetry's settings say, for this instance."""
    instance = {"service.name": service, "service.instance.id": str(uuid.uuid4())}
    resource = Resource.create(instance).merge(OTELResourceDetector().detect())
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    return MeterProvider([reader], resource)
