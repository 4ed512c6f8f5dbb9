"""The sinks of the settings. Each is imported only if it is configured."""

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.notifications.sink import Sink
from shared.settings import NotificationSettings
from shared.store.port import Store


def open_sinks(settings: NotificationSettings, store: Store) -> list[Sink]:  # noqa: ARG001
    """Return every sink that is configured."""
    sinks = list[Sink]()
    if settings.webhooks:
        from shared.notifications.webhooks import open_webhooks  # noqa: PLC0415 - see above

        sinks += open_webhooks(settings.webhooks, rendered)
    if settings.pubsub:
        from shared.notifications.pubsub import PubSubSink  # noqa: PLC0415 - see above

        sinks.append(PubSubSink(settings.pubsub, rendered))
    return sinks


def rendered(appointment: Appointment, doctor: Doctor) -> str:
    """Return an appointment in JSON, exactly as the functions answer it."""
    from shared.http.schemas.appointment import AppointmentResponse  # noqa: PLC0415 - see above

    return AppointmentResponse.of_appointment(appointment, doctor).model_dump_json()
