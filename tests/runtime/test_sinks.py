"""Who is told, as the settings say; and who is not told costs nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.composition import open_dependencies
from shared.runtime.sinks import open_sinks
from shared.settings import NotificationSettings, read_settings
from shared.store.sqlite.store import SqliteStore

ROOT = Path(__file__).parents[2]
HOOKS = {
    "WEBHOOK_URLS": "https://a.example/hook,https://b.example/hook",
    "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
}
TOPIC = {"PUBSUB_TOPIC": "projects/clinic/topics/appointments"}
LOADED = """
import json, os, sys
from shared.runtime.composition import start
start(os.environ, exposed=False)
print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))
"""
PARTS = ("webhooks", "pubsub", "http_client", "checked_network", "google_token")
LIBRARIES = ("standardwebhooks", "httpcore", "google.auth")


def test_there_is_a_sink_for_each_webhook_and_one_for_the_topic(tmp_path: Path) -> None:
    settings = read_settings({**HOOKS, **TOPIC})
    sinks = open_sinks(settings.notifications, SqliteStore(str(tmp_path / "a.db")))
    assert [sink.name for sink in sinks] == [
        "webhook.a.example.7225f113",
        "webhook.b.example.fba25401",
        "pubsub",
    ]
    assert open_sinks(NotificationSettings(), SqliteStore(str(tmp_path / "b.db"))) == []


async def test_sinks_that_have_sent_nothing_are_closed_with_the_rest(tmp_path: Path) -> None:
    settings = read_settings({**HOOKS, **TOPIC, "STORE": f"sqlite:{tmp_path}/a.db"})
    await open_dependencies(settings).close()


@pytest.mark.parametrize(
    ("settings", "loaded"),
    [
        ({}, []),
        (HOOKS, ["shared.notifications.webhooks", "shared.notifications.http_client"]),
        (
            TOPIC,
            [
                "shared.notifications.pubsub",
                "shared.notifications.http_client",
                "shared.notifications.google_token",
            ],
        ),
    ],
    ids=["nobody", "webhooks", "Pub/Sub"],
)
def test_what_nobody_configures_is_not_imported_and_what_sends_only_with_what_is_sent(
    tmp_path: Path, settings: dict[str, str], loaded: list[str]
) -> None:
    environment = {"PYTHONPATH": str(ROOT), "DOCTORS_FILE": str(ROOT / "doctors.json"), **settings}
    parts = [f"shared.notifications.{part}" for part in PARTS]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOADED, *parts, *LIBRARIES],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    libraries = ["standardwebhooks"] if settings is HOOKS else []
    assert json.loads(done.stdout) == [*loaded, *libraries]
