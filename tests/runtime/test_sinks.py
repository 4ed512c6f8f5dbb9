"""Who is told, as the settings say."""

from pathlib import Path

from shared.runtime.composition import open_dependencies
from shared.runtime.sinks import open_sinks
from shared.settings import NotificationSettings, read_settings
from shared.store.sqlite.store import SqliteStore

HOOKS = {
    "WEBHOOK_URLS": "https://a.example/hook,https://b.example/hook",
    "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
}
TOPIC = {"PUBSUB_TOPIC": "projects/clinic/topics/appointments"}


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
