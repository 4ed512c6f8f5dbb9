import json
import logging
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from functions import FUNCTIONS
from shared.effort import Effort
from shared.logs import RequestLog
from shared.served import Served
from shared.store import Failed, Unavailable
from shared.wire.problems import KINDS

PLACE = Path(__file__).parents[2] / "deploy" / "monitoring"
METRICS = {file.stem: yaml.safe_load(file.read_text()) for file in PLACE.glob("metrics/*.yaml")}
ALERTS = {file.stem: yaml.safe_load(file.read_text()) for file in PLACE.glob("alerts/*.yaml")}
DASHBOARD = json.loads((PLACE / "dashboards" / "appointments.json").read_text())
LAYOUT = DASHBOARD["mosaicLayout"]

WIDGETS = [tile["widget"] for tile in LAYOUT["tiles"]]
CHARTED = [
    data["timeSeriesQuery"]["timeSeriesFilter"]
    for widget in WIDGETS
    for data in widget.get("xyChart", {}).get("dataSets", [])
]

ERRORS_FILTER = ALERTS["errors"]["conditions"][0]["conditionMatchedLog"]["filter"]
LOG_FILTERS = [
    *(metric["filter"] for metric in METRICS.values()),
    *(widget["logsPanel"]["filter"] for widget in WIDGETS if "logsPanel" in widget),
    ERRORS_FILTER,
]
QUERIES = [
    condition["conditionPrometheusQueryLanguage"]["query"]
    for alert in ALERTS.values()
    for condition in alert["conditions"]
    if "conditionPrometheusQueryLanguage" in condition
]

SEVERITIES = ["INFO", "WARNING", "ERROR"]

Entry = dict[str, Any]
Log = Callable[..., Entry]


@pytest.fixture
def entry(caplog: pytest.LogCaptureFixture) -> Log:
    """Log a request, and return its line as Cloud Logging keeps it."""
    caplog.set_level(logging.INFO, "appointments")

    def logged(  # noqa: PLR0913 - what differs between requests
        function: str,
        status: int,
        code: str,
        *,
        method: str = "POST",
        attempts: int = 0,
        error: Exception | None = None,
    ) -> Entry:
        effort = Effort(attempts=attempts, batch_size=min(attempts, 1))
        RequestLog(None)(Served(function, method, "https", status, code, 0.1, effort, None, error))
        record = caplog.records[-1]
        fields: Entry = vars(record)["fields"]
        payload = {f"jsonPayload.{name}": value for name, value in fields.items()}
        return {"resource.type": "cloud_run_revision", "severity": record.levelname, **payload}

    return logged


def matches(filter_: str, entry: Entry) -> bool:
    """Evaluate the few forms of Cloud Logging's query language that the filters use."""
    return all(holds(clause, entry) for clause in filter_.split(" AND "))


def holds(clause: str, entry: Entry) -> bool:
    found = re.fullmatch(r"([\w.]+)(>=|!=|>|=)(.+)", clause)
    assert found, clause
    name, operator, wanted = found.groups()
    if name not in entry:
        return False
    if operator == ">=":
        return SEVERITIES.index(entry[name]) >= SEVERITIES.index(wanted)
    if operator == ">":
        return bool(entry[name] > float(wanted))
    values = [json.loads(value) for value in wanted.strip("()").split(" OR ")]
    return (entry[name] in values) is (operator == "=")


def counting(entry: Entry) -> set[str]:
    """Return the metrics that count a line, without their common prefix, and whether it alerts."""
    filters = {name: metric["filter"] for name, metric in METRICS.items()}
    names = [name for name in filters if matches(filters[name], entry)]
    alert = {"ALERT"} if matches(ERRORS_FILTER, entry) else set()
    return {name.removeprefix("appointments_") for name in names} | alert


@pytest.mark.parametrize(
    ("line", "more", "counted"),
    [
        pytest.param(
            ("create_appointment", 201, "ok"),
            {"attempts": 1},
            "requests latency bookings attempts batch_size",
            id="a booking",
        ),
        pytest.param(
            ("create_appointment", 201, "replayed"),
            {"attempts": 1},
            "requests latency attempts batch_size",
            id="a replay, which books nothing",
        ),
        pytest.param(
            ("create_appointment", 200, "ok"), {}, "requests latency", id="a validation alone"
        ),
        pytest.param(
            ("reschedule_appointment", 409, "slot_taken"),
            {"attempts": 2},
            "requests latency conflicts attempts batch_size",
            id="a conflict",
        ),
        pytest.param(
            ("list_appointments", 503, "try_again"),
            {"error": Unavailable("busy")},
            "requests latency deadline_misses",
            id="a store that does not answer",
        ),
        pytest.param(
            ("first_available", 503, "try_again"),
            {"error": Failed("no role")},
            "requests latency errors ALERT",
            id="a store that refuses",
        ),
        pytest.param(
            ("get_appointment", 500, "internal_error"),
            {"error": RuntimeError()},
            "requests latency errors ALERT",
            id="a bug",
        ),
        pytest.param(
            ("create_appointment", 204, "ok"), {"method": "OPTIONS"}, "", id="a preflight"
        ),
        pytest.param(
            ("store_health", 503, "try_again"),
            {"error": Failed("no role")},
            "",
            id="a health check",
        ),
    ],
)
def test_a_line_counts_in_its_metrics_and_an_error_alerts(
    line: tuple[str, int, str], more: dict[str, Any], counted: str, entry: Log
) -> None:
    assert counting(entry(*line, **more)) == set(counted.split())


def test_lines_of_other_resources_count_nowhere(entry: Log) -> None:
    line = entry("create_appointment", 500, "internal_error", error=RuntimeError())
    assert counting({**line, "resource.type": "cloud_run_job"}) == set()


@pytest.mark.parametrize("filter_", LOG_FILTERS)
def test_a_filter_names_only_what_a_line_has(filter_: str, entry: Log) -> None:
    names = {re.split("[!=>]", clause)[0] for clause in filter_.split(" AND ")}
    assert names <= entry("create_appointment", 201, "ok").keys()
    listed = re.search(r"jsonPayload\.function=\((.*?)\)", filter_)
    assert listed is None or set(re.findall(r"\w+_\w+", listed[1])) == set(FUNCTIONS)
    assert set(re.findall(r'jsonPayload\.code="(\w+)"', filter_)) <= {"ok", "replayed", *KINDS}


@pytest.mark.parametrize("name", METRICS)
def test_a_label_takes_few_values(name: str) -> None:
    metric = METRICS[name]
    extractors = metric.get("labelExtractors", {})
    assert set(extractors.values()) <= {
        "EXTRACT(jsonPayload.function)",
        "EXTRACT(jsonPayload.code)",
    }
    described = [label["key"] for label in metric["metricDescriptor"].get("labels", [])]
    assert described == list(extractors)


@pytest.mark.parametrize("name", METRICS)
def test_a_distribution_has_values_and_buckets_and_a_counter_has_neither(
    name: str, entry: Log
) -> None:
    metric = METRICS[name]
    distribution = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert ("valueExtractor" in metric, "bucketOptions" in metric) == (distribution, distribution)
    if distribution:
        found = re.fullmatch(r"EXTRACT\((.*)\)", metric["valueExtractor"])
        assert found
        assert isinstance(entry("create_appointment", 201, "ok", attempts=1)[found[1]], int | float)


def test_every_metric_is_looked_at_and_every_metric_that_is_looked_at_exists() -> None:
    types = set(re.findall(r'metric\.type=\\"([^"\\]+)', json.dumps(DASHBOARD)))
    user = "logging.googleapis.com/user/"
    charted = {metric.removeprefix(user) for metric in types if metric.startswith(user)}
    assert charted == set(METRICS)
    assert {metric.split("/")[0] for metric in types} == {
        "logging.googleapis.com",
        "run.googleapis.com",
        "firestore.googleapis.com",
    }


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_metrics_and_labels_that_exist(query: str) -> None:
    asked = re.findall(r"logging_googleapis_com:user_(\w+?)(_bucket|_count)?\{", query)
    of_google = re.findall(r"run_googleapis_com:request_count\{", query)
    assert len(asked) + len(of_google) == query.count("monitored_resource=") > 0
    for name, part in asked:
        kind = METRICS[name]["metricDescriptor"]["valueType"]
        assert kind == ("DISTRIBUTION" if part else "INT64")
        grouped = set(re.findall(r"by \((\w+)", query))
        assert grouped <= METRICS[name].get("labelExtractors", {}).keys()


def test_a_query_of_google_s_metrics_is_about_all_services_that_are_deployed() -> None:
    (query,) = [query for query in QUERIES if "run_googleapis_com" in query]
    patterns = re.findall(r'service_name=~"(.+?)"', query)
    services = ["appointments", *(name.replace("_", "-") for name in FUNCTIONS)]
    assert len(patterns) == 3
    for pattern in patterns:
        assert all(re.fullmatch(pattern, service) for service in services)


def test_a_chart_is_grouped_by_labels_that_exist() -> None:
    grouped = [
        (METRICS[name]["labelExtractors"], label.removeprefix("metric.label."))
        for data in CHARTED
        for name in re.findall(r"/user/(\w+)", data["filter"])
        for label in data["aggregation"].get("groupByFields", [])
    ]
    assert len(grouped) == 4
    assert all(label in labels for labels, label in grouped)


def test_charts_of_cloud_run_show_the_services_that_are_deployed() -> None:
    filters = [data["filter"] for data in CHARTED if "run.googleapis.com" in data["filter"]]
    assert len(filters) == 4
    for filter_ in filters:
        services = re.findall(r'"([\w-]+)"', filter_.split("one_of")[1])
        assert set(services) == {"appointments", *(name.replace("_", "-") for name in FUNCTIONS)}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_can_be_found_again_and_says_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["userLabels"] == {"app": "appointments"}
    assert "notificationChannels" not in alert
    assert "gcloud logging read" in alert["documentation"]["content"]


def test_tiles_lie_within_the_columns_and_do_not_overlap() -> None:
    def blocks(tile: dict[str, int]) -> set[tuple[int, int]]:
        columns = range(tile["xPos"], tile["xPos"] + tile["width"])
        return {(x, tile["yPos"] + y) for x in columns for y in range(tile["height"])}

    areas = [blocks(tile) for tile in LAYOUT["tiles"]]
    assert all(0 <= x < LAYOUT["columns"] for area in areas for x, _ in area)
    assert all(one.isdisjoint(other) for one, other in combinations(areas, 2))
