"""The sinks of the settings. Each is imported only if it is configured."""

from shared.notifications.sink import Sink
from shared.settings import NotificationSettings
from shared.store.port import Store


def open_sinks(settings: NotificationSettings, store: Store) -> list[Sink]:  # noqa: ARG001
    """Return every sink that is configured."""
    return []
