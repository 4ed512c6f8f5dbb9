"""What is counted of requests, as OpenTelemetry collects it."""

from typing import Any

from msgspec.structs import replace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from shared.observability.metrics import Metrics
from shared.observability.request_record import RequestRecord
from shared.store.port import StoreRefused, StoreUnavailable
from shared.store.usage import StoreUsage


def record(
    function: str,
    status: int,
    code: str,
    usage: StoreUsage | None = None,
    error: Exception | None = None,
) -> RequestRecord:
    return RequestRecord(
        function, "POST", "https", status, code, 0.02, usage or StoreUsage(), "id", error=error
    )


def collected(*requests: RequestRecord) -> dict[str, list[Any]]:
    """The data points of every instrument that was used."""
    reader = InMemoryMetricReader()
    metrics = Metrics(MeterProvider([reader]))
    for request in requests:
        metrics(request)
    data = reader.get_metrics_data()
    metrics.close()
    assert data is not None
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    return {metric.name: list(metric.data.data_points) for metric in scope.metrics}


def counted(points: list[Any]) -> list[tuple[dict[str, Any], int]]:
    return [(dict(point.attributes), point.value) for point in points]


def test_the_duration_of_a_request_has_the_attributes_of_the_conventions() -> None:
    found = collected(record("create_appointment", 201, "ok"))
    (point,) = found["http.server.request.duration"]
    assert (point.count, point.sum) == (1, 0.02)
    assert dict(point.attributes) == {
        "http.request.method": "POST",
        "function": "create_appointment",
        "http.response.status_code": 201,
        "url.scheme": "https",
        "code": "ok",
    }
    assert point.explicit_bounds[:3] == (0.005, 0.01, 0.025)


def test_an_error_has_a_type_and_a_strange_method_no_name_of_its_own() -> None:
    request = RequestRecord(
        "first_available", "BREW", "http", 500, "internal_error", 0.1, StoreUsage(), "id"
    )
    (point,) = collected(request)["http.server.request.duration"]
    assert point.attributes["error.type"] == "internal_error"
    assert point.attributes["http.request.method"] == "_OTHER"


def test_only_a_new_appointment_is_a_booking() -> None:
    found = collected(
        replace(record("create_appointment", 201, "ok"), booked=True),
        replace(record("create_appointment", 201, "ok"), booked=True),
        record("create_appointment", 201, "replayed"),
        record("create_appointment", 200, "ok"),
        record("reschedule_appointment", 200, "ok"),
    )
    assert counted(found["appointments.bookings"]) == [({}, 2)]


def test_conflicts_and_missed_deadlines_are_counted_for_each_function() -> None:
    found = collected(
        record("create_appointment", 409, "slot_taken"),
        record("reschedule_appointment", 409, "slot_taken"),
        record("create_series", 409, "series_unavailable"),
        record("create_appointment", 503, "try_again", error=StoreUnavailable("no answer")),
        record("create_appointment", 503, "try_again", error=StoreUnavailable("late")),
        record("create_appointment", 503, "try_again", error=StoreRefused("no role")),
    )
    names = ("create_appointment", "reschedule_appointment", "create_series")
    create, move, series = ({"function": name} for name in names)
    assert counted(found["appointments.conflicts"]) == [(create, 1), (move, 1), (series, 1)]
    assert counted(found["appointments.deadline_misses"]) == [(create, 2)]
    assert "appointments.bookings" not in found


def test_attempts_after_the_first_are_retries_and_batches_have_a_size() -> None:
    found = collected(
        record("create_appointment", 201, "ok", StoreUsage(attempts=1, batch_size=1)),
        record("create_appointment", 201, "ok", StoreUsage(attempts=4, batch_size=150)),
        record("get_appointment", 200, "ok", StoreUsage(reads=2)),
    )
    create = {"function": "create_appointment"}
    assert counted(found["appointments.retries"]) == [(create, 3)]
    (sizes,) = found["appointments.batch_size"]
    assert (dict(sizes.attributes), sizes.count, sizes.min, sizes.max) == (create, 2, 1, 150)
