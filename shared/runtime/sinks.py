"""The sinks of the settings. Each is imported only if it is configured."""

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.notifications.sink import Sink
from shared.settings import MailSettings, NotificationSettings
from shared.store.port import Store


def open_sinks(settings: NotificationSettings, store: Store) -> list[Sink]:
    """Return every sink that is configured. Raises SettingsError for one that cannot work."""
    sinks = list[Sink]()
    if settings.webhooks:
        from shared.notifications.webhooks import open_webhooks  # noqa: PLC0415 - see above

        sinks += open_webhooks(settings.webhooks, rendered)
    if settings.mail:
        sinks.append(_mail(settings.mail, store))
    if settings.pubsub:
        from shared.notifications.pubsub import PubSubSink  # noqa: PLC0415 - see above

        sinks.append(PubSubSink(settings.pubsub, rendered))
    return sinks


def _mail(settings: MailSettings, store: Store) -> Sink:
    from shared.notifications.mail.composer import Composer  # noqa: PLC0415 - see above

    composer = Composer(settings)
    if settings.transport == "firestore":
        from shared.notifications.mail.documents import DocumentSink, MailStore  # noqa: PLC0415

        if not isinstance(store, MailStore):
            raise TypeError(f"{type(store).__name__} keeps no mail")  # The settings see to it.
        return DocumentSink(store, composer)
    from shared.notifications.mail.smtp import SmtpSink  # noqa: PLC0415

    return SmtpSink(settings.transport, composer)


def rendered(appointment: Appointment, doctor: Doctor) -> str:
    """Return an appointment in JSON, exactly as the functions answer it."""
    from shared.http.schemas.appointment import AppointmentResponse  # noqa: PLC0415 - see above

    return AppointmentResponse.of_appointment(appointment, doctor).model_dump_json()
