"""Metrics of a deployed function: sent where the environment says, and nowhere else."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from tests.end_to_end.processes import CLINIC, PYTHON, environment, functions
from tests.ports import HOST

BOOKING = {
    "doctor_id": "strange",
    "start": "2099-03-02T09:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportMetricsServiceRequest]]]:
    """The address of a collector, and what it was sent."""
    received = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer((HOST, 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def settings(**more: str) -> dict[str, str]:
    doctors = CLINIC
    return {"STORE": "sqlite:appointments.db", "DOCTORS_FILE": doctors, "AUTH": "none", **more}


def test_what_was_counted_is_sent_at_the_latest_when_the_instance_ends(tmp_path: Path) -> None:
    with collector() as (address, received):
        configured = settings(
            OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_RESOURCE_ATTRIBUTES="service.name=clinic"
        )
        with functions("create_appointment", folder=tmp_path, settings=configured) as (server,):
            assert [server.post("/", BOOKING).status_code for _ in range(3)] == [201, 409, 409]
            server.process.send_signal(signal.SIGTERM)
            server.wait()
    (sent,) = received
    (resource,) = sent.resource_metrics
    names = {
        attribute.key: attribute.value.string_value for attribute in resource.resource.attributes
    }
    assert names["service.name"] == "clinic"
    assert len(names["service.instance.id"]) == 36
    (scope,) = resource.scope_metrics
    counts = {
        metric.name: [point.as_int for point in metric.sum.data_points]
        for metric in scope.metrics
        if metric.HasField("sum")
    }
    assert counts == {
        "appointments.bookings": [1],
        "appointments.conflicts": [2],
        "appointments.retries": [0],
    }


def test_an_instance_that_sends_no_metrics_does_not_load_what_sends_them(tmp_path: Path) -> None:
    program = "import main, sys; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-c", program],
        cwd=tmp_path,
        env=environment(tmp_path, settings()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
