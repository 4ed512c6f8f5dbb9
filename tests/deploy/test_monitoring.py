import json
import logging
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.monitoring import monitoring
from deploy.options import Options
from shared.model.event import Event
from shared.observability.delivery_log import log_failed, log_run, log_set_aside
from shared.observability.request_log import RequestLog
from shared.observability.request_record import RequestRecord
from shared.runtime.endpoints import endpoints
from shared.store.port import StoreRefused, StoreUnavailable
from shared.store.usage import StoreUsage
from tests.builders import at

PLACE = Path(__file__).parents[2] / "deploy" / "monitoring"
METRICS = {file.stem: yaml.safe_load(file.read_text()) for file in PLACE.glob("metrics/*.yaml")}
ALERTS = {file.stem: yaml.safe_load(file.read_text()) for file in PLACE.glob("alerts/*.yaml")}
DASHBOARD = json.loads((PLACE / "dashboards" / "appointments.json").read_text())
TILES = DASHBOARD["mosaicLayout"]["tiles"]
CONDITIONS = [condition for alert in ALERTS.values() for condition in alert["conditions"]]
CHARTED = [
    data["timeSeriesQuery"]["timeSeriesFilter"]
    for tile in TILES
    for data in tile["widget"].get("xyChart", {}).get("dataSets", [])
]
MATCHED = {
    name: alert["conditions"][0]["conditionMatchedLog"]["filter"]
    for name, alert in ALERTS.items()
    if "conditionMatchedLog" in alert["conditions"][0]
}
FILTERS = {name: metric["filter"] for name, metric in METRICS.items()}
FILTERS |= {"ALERT": MATCHED["errors"], "SET_ASIDE_ALERT": MATCHED["events_set_aside"]}
DISK = {f"cloudsql_googleapis_com:database_disk_{it}" for it in ("quota", "utilization")}
PANELS = [tile["widget"]["logsPanel"] for tile in TILES if "logsPanel" in tile["widget"]]
QUERIES = [
    condition["conditionPrometheusQueryLanguage"]["query"]
    for condition in CONDITIONS
    if "conditionPrometheusQueryLanguage" in condition
]
SERVICES = {"appointments", *(name.replace("_", "-") for name in endpoints())}
BOOKING = {"create_appointment", "create_series"}
SEVERITIES = ["INFO", "WARNING", "ERROR"]

Entry = dict[str, Any]
Log = Callable[..., Entry]


@pytest.fixture
def entry(caplog: pytest.LogCaptureFixture) -> Log:
    """Log a request, and return its line as Cloud Logging keeps it."""
    caplog.set_level(logging.INFO, "appointments")

    def logged(request: str, attempts: int = 0, error: Exception | None = None) -> Entry:
        method, function, status, code = request.split()
        usage = StoreUsage(attempts=attempts, batch_size=min(attempts, 1))
        outcome = (function, method, "https", int(status), code, 0.1, usage, "id", None, error)
        RequestLog(None)(RequestRecord(*outcome))
        return kept(caplog.records[-1])

    return logged


@pytest.fixture
def deliveries(caplog: pytest.LogCaptureFixture) -> list[Entry]:
    """The lines of a delivery that failed, of an event that was set aside, and of a run."""
    caplog.set_level(logging.INFO, "appointments")
    event = Event("booked", "a", 1, at("2026-11-20T09:00Z"))
    log_failed(event, "hook", "it answered 500")
    log_set_aside(event, "hook", "it answered 500")
    log_run(2, 1, 61.5)
    return [kept(record) for record in caplog.records]


def kept(record: logging.LogRecord) -> Entry:
    """A line as Cloud Logging keeps it."""
    fields: Entry = vars(record)["fields"]
    payload = {f"jsonPayload.{name}": value for name, value in fields.items()}
    return {"resource.type": "cloud_run_revision", "severity": record.levelname, **payload}


def counting(entry: Entry) -> set[str]:
    """Return the metrics that count a line, without their common prefix, and ALERT."""
    names = [
        name for name, it in FILTERS.items() if all(holds(c, entry) for c in it.split(" AND "))
    ]
    return {name.removeprefix("appointments_") for name in names}


def holds(clause: str, entry: Entry) -> bool:
    """Evaluate the few forms of Cloud Logging's query language that the filters use."""
    found = re.fullmatch(r"([\w.]+)(>=|!=|=~|>|=|:)(.+)", clause)
    assert found, clause
    name, operator, wanted = found.groups()
    if name not in entry:
        return False
    if operator == ":":
        return wanted == "*"
    if operator == "=~":
        return bool(re.search(json.loads(wanted), entry[name]))
    if operator == ">=":
        rank = SEVERITIES.index if name == "severity" else float
        return bool(rank(entry[name]) >= rank(wanted))
    if operator == ">":
        return bool(entry[name] > float(wanted))
    values = [json.loads(value) for value in wanted.strip("()").split(" OR ")]
    return (entry[name] in values) is (operator == "=")


@pytest.mark.parametrize(
    ("request_", "attempts", "error", "counted"),
    [
        ("POST create_appointment 201 ok", 1, None, "bookings attempts batch_size"),
        ("POST create_series 201 ok", 1, None, "bookings attempts batch_size"),
        ("POST create_series 409 series_unavailable", 1, None, "conflicts attempts batch_size"),
        ("POST hold_time 201 ok", 1, None, "attempts batch_size"),
        ("POST create_appointment 201 replayed", 1, None, "attempts batch_size"),
        ("POST create_appointment 200 ok", 0, None, ""),
        ("POST reschedule_appointment 409 slot_taken", 2, None, "conflicts attempts batch_size"),
        ("GET list_appointments 503 try_again", 0, StoreUnavailable("busy"), "deadline_misses"),
        ("GET first_available 503 try_again", 0, StoreRefused("no role"), "errors ALERT"),
        ("GET get_appointment 500 internal_error", 0, RuntimeError(), "errors ALERT"),
    ],
)
def test_a_line_counts_in_its_metrics_and_an_error_alerts(
    request_: str, attempts: int, error: Exception | None, counted: str, entry: Log
) -> None:
    line = entry(request_, attempts, error)
    assert counting(line) == {"requests", "latency", *counted.split()}
    assert counting({**line, "resource.type": "cloud_run_job"}) == set()


def test_preflights_and_health_checks_count_nowhere(entry: Log) -> None:
    assert counting(entry("OPTIONS create_appointment 204 ok")) == set()
    assert counting(entry("GET store_health 503 try_again", error=StoreRefused("no role"))) == set()


def test_a_line_about_events_counts_as_what_it_is(deliveries: list[Entry]) -> None:
    assert [counting(line) for line in deliveries] == [
        {"failed_deliveries"},
        {"events_set_aside", "SET_ASIDE_ALERT"},
        {"event_age"},
    ]


@pytest.mark.parametrize(
    ("said", "alerts"),
    [
        ("FATAL:  remaining connection slots are reserved for roles with SUPERUSER", True),
        ("FATAL:  remaining connection slots are reserved for non-replication superuser", True),
        ("FATAL:  sorry, too many clients already", True),
        ('FATAL:  too many connections for role "appointments@hospital-42.iam"', True),
        ("FATAL:  terminating connection due to administrator command", False),
        ("LOG:  statement: SELECT 'sorry, too many clients already'", False),
    ],
)
def test_a_server_that_refuses_connections_alerts(said: str, alerts: bool) -> None:  # noqa: FBT001
    text = f"2026-11-20 09:00:00.000 UTC [42]: [1-1] db=appointments,user=[unknown] {said}"
    line = {"resource.type": "cloudsql_database", "textPayload": text}
    assert all(holds(clause, line) for clause in MATCHED["connections"].split(" AND ")) is alerts


@pytest.mark.parametrize("filter_", [*FILTERS.values(), *(panel["filter"] for panel in PANELS)])
def test_a_filter_names_only_what_a_line_has(
    filter_: str, entry: Log, deliveries: list[Entry]
) -> None:
    names = {re.split("[!=>:]", clause)[0] for clause in filter_.split(" AND ")}
    lines = [entry("POST create_appointment 201 ok"), *deliveries]
    assert any(names <= line.keys() for line in lines)
    if "jsonPayload.function" not in names:
        return
    listed = re.search(r"jsonPayload\.function=\((.*?)\)", filter_)
    named = set(re.findall(r"\w+_\w+", listed[1])) if listed else BOOKING
    assert named in (set(endpoints()), BOOKING)
    codes = {kind.code for function in endpoints().values() for kind in function.all_problems()}
    counted = " ".join(re.findall(r"jsonPayload\.code=(\(.+?\)|\S+)", filter_))
    assert set(re.findall(r'"(\w+)"', counted)) <= {"ok", "replayed", *codes}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_labels_of_few_values_and_a_distribution_has_values_and_buckets(
    name: str, entry: Log, deliveries: list[Entry]
) -> None:
    metric, descriptor = METRICS[name], METRICS[name]["metricDescriptor"]
    extractors = metric.get("labelExtractors", {})
    assert {*extractors.values()} <= {f"EXTRACT(jsonPayload.{it})" for it in ("function", "code")}
    assert [label["key"] for label in descriptor.get("labels", [])] == list(extractors)
    distribution = descriptor["valueType"] == "DISTRIBUTION"
    assert ("valueExtractor" in metric, "bucketOptions" in metric) == (distribution, distribution)
    if distribution:
        field = metric["valueExtractor"].removeprefix("EXTRACT(").removesuffix(")")
        lines = [entry("POST create_appointment 201 ok", 1), *deliveries]
        (value,) = (line[field] for line in lines if field in line)
        assert isinstance(value, int | float)


def deployed(sql_instance: str) -> Any:  # noqa: ANN401 - JSON
    """The dashboard as it is created with these options."""
    options = Options("hospital-42", "us-east4", sql_instance=sql_instance)
    (command,) = (it.create for it in monitoring(options) if it.title == "Dashboard Appointments")
    (config,) = (word for word in command if word.startswith("--config="))
    return json.loads(config.removeprefix("--config="))


@pytest.mark.parametrize(
    ("sql_instance", "databases"),
    [("", {"firestore.googleapis.com"}), ("clinic", {"cloudsql.googleapis.com"})],
)
def test_the_dashboard_shows_every_metric_and_one_database_and_nothing_that_does_not_exist(
    sql_instance: str, databases: set[str]
) -> None:
    text = json.dumps(deployed(sql_instance))
    types = set(re.findall(r'metric\.type=\\"([^"\\]+)', text))
    user = "logging.googleapis.com/user/"
    shown = {metric.removeprefix(user) for metric in types if metric.startswith(user)}
    assert shown == set(METRICS)
    others = {metric.split("/")[0] for metric in types if not metric.startswith(user)}
    assert others == {"run.googleapis.com", *databases}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_metrics_labels_and_services_that_exist(query: str) -> None:
    asked = re.findall(r"logging_googleapis_com:user_(\w+?)(_bucket|_count)?\{", query)
    of_google = re.findall(r'run_googleapis_com:request_count\{.*?service_name=~"(.+?)"', query)
    of_sql = re.findall(r'(cloudsql_\w+:\w+)\{monitored_resource="cloudsql_database"', query)
    assert len(asked + of_google + of_sql) == query.count("monitored_resource=") > 0
    assert set(of_sql) in (set(), DISK)
    for name, part in asked:
        kind = METRICS[name]["metricDescriptor"]["valueType"]
        assert kind == ("DISTRIBUTION" if part else "INT64")
        grouped = set(re.findall(r"by \((\w+)", query))
        assert grouped - {"le"} <= METRICS[name].get("labelExtractors", {}).keys()
    named = set(re.findall(r'function!?="(\w+)"', query))
    assert named <= set(endpoints())
    for pattern in of_google:
        assert all(re.fullmatch(pattern, service) for service in SERVICES)


def test_a_query_counts_the_answers_of_cloud_run_too() -> None:
    assert sum(query.count("run_googleapis_com:request_count{") for query in QUERIES) == 3


def test_a_chart_shows_all_services_grouped_by_labels_that_exist() -> None:
    grouped = [
        (METRICS[name]["labelExtractors"], label.removeprefix("metric.label."))
        for data in CHARTED
        for name in re.findall(r"/user/(\w+)", data["filter"])
        for label in data["aggregation"].get("groupByFields", [])
    ]
    assert len(grouped) == 4
    assert all(label in labels for labels, label in grouped)
    filters = [data["filter"] for data in CHARTED if "run.googleapis.com" in data["filter"]]
    assert len(filters) == 4
    for filter_ in filters:
        assert set(re.findall(r'"([\w-]+)"', filter_.split("one_of")[1])) == SERVICES


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_can_be_found_again_and_says_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["userLabels"] == {"app": "appointments"}
    assert "notificationChannels" not in alert
    assert "gcloud logging read" in alert["documentation"]["content"]


def test_the_age_that_alerts_is_a_bound_of_the_metric() -> None:
    (query,) = (query for query in QUERIES if "event_age" in query)
    assert query.split()[-1] == "900"
    bounds = METRICS["appointments_event_age"]["bucketOptions"]["explicitBuckets"]["bounds"]
    assert 900 in bounds
    assert bounds == sorted(bounds)


@pytest.mark.parametrize("sql_instance", ["", "clinic"])
def test_tiles_fill_the_columns_and_do_not_overlap(sql_instance: str) -> None:
    def blocks(tile: dict[str, int]) -> set[tuple[int, int]]:
        columns = range(tile["xPos"], tile["xPos"] + tile["width"])
        return {(x, tile["yPos"] + y) for x in columns for y in range(tile["height"])}

    layout = deployed(sql_instance)["mosaicLayout"]
    areas = [blocks(tile) for tile in layout["tiles"]]
    assert {x for area in areas for x, _ in area} == set(range(layout["columns"]))
    assert all(one.isdisjoint(other) for one, other in combinations(areas, 2))
    rows = {y for area in areas for _, y in area}
    assert (
        sum(map(len, areas)) == layout["columns"] * len(rows) == layout["columns"] * (max(rows) + 1)
    )
