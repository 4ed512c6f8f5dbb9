"""The sinks of the settings. Each is imported only if it is configured."""

from shared.notifications.sink import Sink
from shared.settings import MailSettings, NotificationSettings
from shared.store.port import Store


def open_sinks(settings: NotificationSettings, store: Store) -> list[Sink]:
    """Return every sink that is configured. Raises SettingsError for one that cannot work."""
    sinks: list[Sink] = []
    if settings.mail:
        sinks.append(_mail(settings.mail, store))
    return sinks


def _mail(settings: MailSettings, store: Store) -> Sink:
    from shared.notifications.mail.composing import Composer  # noqa: PLC0415 - see above

    composer = Composer(settings)
    if settings.transport == "firestore":
        from shared.notifications.mail.documents import DocumentSink, MailStore  # noqa: PLC0415

        if not isinstance(store, MailStore):
            raise TypeError(f"{type(store).__name__} keeps no mail")  # The settings see to it.
        return DocumentSink(store, composer)
    from shared.notifications.mail.smtp import SmtpSink  # noqa: PLC0415

    return SmtpSink(settings.transport, composer)
