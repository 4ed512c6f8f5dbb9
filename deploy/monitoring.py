"""Metrics, alerts and dashboards, from the files in `deploy/monitoring/`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.commands import ROOT
from deploy.options import Options
from deploy.resources import ETAG, NAME, Resource

_FOLDER = Path("deploy", "monitoring")
# Where nobody is told of events, nobody delivers any, and that is no reason for an alert.
_WITH_SINKS = ("no_delivery",)
_WITH_SQL = ("connections", "disk")
# What the tiles of a database ask for.
_IN_FIRESTORE, _IN_SQL = "firestore.googleapis.com/Database", "cloudsql_database"
# Older versions of gcloud have policies in alpha only.
_POLICIES, _DASHBOARDS = "alpha monitoring policies", "monitoring dashboards"


def monitoring(options: Options) -> Iterator[Resource]:
    """List the metrics, the alerts, which query them, and the dashboards."""
    for kind, make in (("metrics", _metric), ("alerts", _alert), ("dashboards", _dashboard)):
        for path in sorted((ROOT / _FOLDER / kind).iterdir()):
            yield make(options, path.relative_to(ROOT))


def _metric(options: Options, path: Path) -> Resource:
    config = f"{path.stem} --config-from-file={path}"
    return Resource(
        f"Metric {path.stem}",
        options.gcloud(f"logging metrics create {config}"),
        options.gcloud(f"logging metrics describe {path.stem}"),
        current="",
        update=options.gcloud(f"logging metrics update {config}"),
        delete=options.gcloud(f"logging metrics delete {path.stem} --quiet"),
    )


def _alert(options: Options, path: Path) -> Resource:
    config, channels = f"--policy-from-file={path}", ",".join(options.notification_channel)
    create = f" --notification-channels={channels}" if channels else ""
    update = f" --set-notification-channels={channels}" if channels else ""
    return Resource(
        f"Alert {_display_name(path)}",
        options.gcloud(f"{_POLICIES} create {config}{create}"),
        _look(options, f"{_POLICIES} list --limit=1 --format=value(name)", path),
        current="",
        update=options.gcloud(f"{_POLICIES} update {NAME} {config}{update}"),
        delete=options.gcloud(f"{_POLICIES} delete {NAME} --quiet"),
        wanted=_is_wanted(options, path.stem),
    )


def _is_wanted(options: Options, alert: str) -> bool:
    if alert in _WITH_SINKS:
        return options.has_sinks
    return bool(options.sql_instance) or alert not in _WITH_SQL


def _dashboard(options: Options, path: Path) -> Resource:
    config = _with_tiles(options, json.loads((ROOT / path).read_text("utf-8")))
    # An update must contain the etag of the state that it replaces.
    update = f"--config={json.dumps(config | {'etag': ETAG})}"
    return Resource(
        f"Dashboard {_display_name(path)}",
        options.gcloud(f"{_DASHBOARDS} create", f"--config={json.dumps(config)}"),
        _look(options, f"{_DASHBOARDS} list --limit=1 --format=value(name,etag)", path),
        current="",
        update=options.gcloud(f"{_DASHBOARDS} update {NAME}", update),
        delete=options.gcloud(f"{_DASHBOARDS} delete {NAME} --quiet"),
    )


def _with_tiles(options: Options, config: dict[str, Any]) -> dict[str, Any]:
    """Return a dashboard without the tiles of the database that is not used."""
    unused, layout = _IN_FIRESTORE if options.sql_instance else _IN_SQL, config["mosaicLayout"]
    tiles = [tile for tile in layout["tiles"] if unused not in json.dumps(tile)]
    return {**config, "mosaicLayout": {**layout, "tiles": tiles}}


def _look(options: Options, command: str, path: Path) -> list[str]:
    return options.gcloud(command, f'--filter=displayName="{_display_name(path)}"')


def _display_name(path: Path) -> str:
    """Return the display name of the whole: the first in a file, be it YAML or JSON."""
    text = (ROOT / path).read_text("utf-8")
    found = re.search(r'^ *"?displayName"?: *"?(.+?)"?,? *$', text, re.MULTILINE)
    if not found:
        raise ValueError(f"{path}: must have a displayName")
    return found[1]
