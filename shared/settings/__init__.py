"""Settings from the environment, checked all at once; nothing is read at import."""

from shared.settings.auth import AuthSettings
from shared.settings.environment import STORED_KEY, Settings, read_settings
from shared.settings.errors import SettingsError
from shared.settings.notifications import (
    MailSettings,
    NotificationSettings,
    PubSubTopic,
    SmtpServer,
    WebhookSettings,
)
from shared.settings.stores import FirestoreDatabase, PostgresqlDatabase, SqliteFile

__all__ = [
    "STORED_KEY",
    "AuthSettings",
    "FirestoreDatabase",
    "MailSettings",
    "NotificationSettings",
    "PostgresqlDatabase",
    "PubSubTopic",
    "Settings",
    "SettingsError",
    "SmtpServer",
    "SqliteFile",
    "WebhookSettings",
    "read_settings",
]
