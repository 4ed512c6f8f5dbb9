"""Google's Pub/Sub emulator, for as long as tests need it, and what its subscribers get."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.firestore_emulator import NoEmulatorError, started
from tests.ports import HOST, free_port

VARIABLE = "PUBSUB_EMULATOR_HOST"
_SCRIPT = "platform/pubsub-emulator/bin/cloud-pubsub-emulator"
_SECONDS = 60


@contextmanager
def running_pubsub_emulator(log: Path) -> Iterator[str]:
    """The address of the emulator that the environment names, or of one started here.

    Raises NoEmulatorError where neither is to be had.
    """
    if given := os.environ.get(VARIABLE):
        yield given
        return
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        raise NoEmulatorError("gcloud and java are needed to start the Pub/Sub emulator")
    asked = [gcloud, "info", "--format=value(installation.sdk_root)"]
    root = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    script = Path(root, _SCRIPT)
    if not script.exists():
        raise NoEmulatorError("`gcloud components install pubsub-emulator` is needed")
    port = free_port()
    with started([str(script), f"--host={HOST}", f"--port={port}"], log, ready="Server started"):
        yield f"{HOST}:{port}"


@dataclass
class Pulled:
    """A message as a subscriber gets it."""

    event: dict[str, Any]
    attributes: dict[str, str]
    ordering_key: str


@dataclass
class Subscription:
    """A new topic, and all that is published to it."""

    emulator: str
    project: str

    @property
    def topic(self) -> str:
        """The whole name of the topic."""
        return f"projects/{self.project}/topics/appointments"

    def create(self) -> None:
        """Make both, so that messages of one key come in order."""
        self._put(self.topic, {})
        self._put(self._name, {"topic": self.topic, "enableMessageOrdering": True})

    def pull(self, count: int) -> list[Pulled]:
        """The next messages, which are then done with."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            got = self._call(f"{self._name}:pull", {"maxMessages": count - len(found)})
            new = got.get("receivedMessages", [])
            if new:
                acknowledged = {"ackIds": [each["ackId"] for each in new]}
                self._call(f"{self._name}:acknowledge", acknowledged)
            found += [each["message"] for each in new]
        return [
            Pulled(json.loads(b64decode(it["data"])), it["attributes"], it.get("orderingKey", ""))
            for it in found
        ]

    @property
    def _name(self) -> str:
        return f"projects/{self.project}/subscriptions/all"

    def _put(self, name: str, body: dict[str, object]) -> None:
        url = f"http://{self.emulator}/v1/{name}"
        httpx.put(url, json=body, trust_env=False, timeout=_SECONDS).raise_for_status()

    def _call(self, name: str, body: Mapping[str, object]) -> dict[str, Any]:
        url = f"http://{self.emulator}/v1/{name}"
        answer = httpx.post(url, json=body, trust_env=False, timeout=_SECONDS)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found
