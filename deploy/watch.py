"""Metrics from the log, alerts and a dashboard, from the files in `deploy/monitoring/`."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.google_cloud import gcloud
from deploy.options import Options
from deploy.steps import ROOT, Step

_FOLDER = ROOT / "deploy" / "monitoring"
# Older versions of gcloud have them only in alpha, newer ones there too.
_POLICIES = "alpha monitoring policies"
_DASHBOARDS = "monitoring dashboards"


def watch(options: Options) -> Iterator[Step]:
    """Create what is missing, update the rest; metrics come first, because alerts use them."""
    for file in _files("metrics/*.yaml"):
        yield _metric(options, file)
    for file in _files("alerts/*.yaml"):
        yield _alert(options, file)
    for file in _files("dashboards/*.json"):
        yield _dashboard(options, file)


def unwatch(options: Options) -> Iterator[Step]:
    """Delete what `watch` makes, in the opposite order."""
    for file in _files("dashboards/*.json"):
        yield _gone(options, _DASHBOARDS, _name(file))
    for file in _files("alerts/*.yaml"):
        yield _gone(options, _POLICIES, _name(file))
    for file in _files("metrics/*.yaml"):
        yield _without_metric(options, file.stem)


def _metric(options: Options, file: Path) -> Step:
    config = f"{file.stem} --config-from-file={_path(file)}"
    return Step(
        f"Metric {file.stem}",
        gcloud(options, f"logging metrics create {config}"),
        unless=gcloud(options, f"logging metrics describe {file.stem}"),
        otherwise=lambda _: gcloud(options, f"logging metrics update {config}"),
    )


def _without_metric(options: Options, name: str) -> Step:
    return Step.removal(
        f"Metric {name}",
        gcloud(options, f"logging metrics describe {name}"),
        lambda _: gcloud(options, f"logging metrics delete {name} --quiet"),
    )


def _alert(options: Options, file: Path) -> Step:
    config = f"--policy-from-file={_path(file)}"
    channels = ",".join(options.notification_channel)
    told = f" --notification-channels={channels}" if channels else ""
    kept = f" --set-notification-channels={channels}" if channels else ""
    return Step(
        f"Alert {_name(file)}",
        gcloud(options, f"{_POLICIES} create {config}{told}"),
        unless=_find(options, _POLICIES, _name(file)),
        shows=".+",
        otherwise=lambda name: gcloud(options, f"{_POLICIES} update {name} {config}{kept}"),
    )


def _dashboard(options: Options, file: Path) -> Step:
    def update(found: str) -> Sequence[str]:
        # An update names the state that it replaces.
        name, _, etag = found.partition("\t")
        config = json.dumps({**json.loads(file.read_text()), "etag": etag})
        return gcloud(options, f"{_DASHBOARDS} update {name}", f"--config={config}")

    return Step(
        f"Dashboard {_name(file)}",
        gcloud(options, f"{_DASHBOARDS} create --config-from-file={_path(file)}"),
        unless=_find(options, _DASHBOARDS, _name(file), "name,etag"),
        shows=".+",
        otherwise=update,
    )


def _gone(options: Options, kind: str, display_name: str) -> Step:
    return Step.removal(
        f"{display_name}, of {kind.removeprefix('alpha ')}",
        _find(options, kind, display_name),
        lambda name: gcloud(options, f"{kind} delete {name} --quiet"),
    )


def _find(options: Options, kind: str, display_name: str, printed: str = "name") -> list[str]:
    command = f"{kind} list --limit=1 --format=value({printed})"
    return gcloud(options, command, f'--filter=displayName="{display_name}"')


def _files(pattern: str) -> list[Path]:
    return sorted(_FOLDER.glob(pattern))


def _path(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _name(file: Path) -> str:
    """The first display name in a file is that of the whole, in YAML and in JSON."""
    found = re.search(r'^ *"?displayName"?: *"?(.+?)"?,? *$', file.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{file.name}: must have a displayName")
    return found[1]
