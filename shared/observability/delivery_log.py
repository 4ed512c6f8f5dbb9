"""Lines about deliveries. None holds anything about a patient."""

import logging

from shared.model.event import Event
from shared.store.port import StoreError

_log = logging.getLogger("appointments")


def log_failed(event: Event, sink: str, reason: str) -> None:
    """Write a line about a try that failed, which will be made again."""
    fields = {"event_id": event.id, "event_type": event.type, "sink": sink}
    _log.warning("%s did not take %s: %s", sink, event.id, reason, extra={"fields": fields})


def log_set_aside(event: Event, sink: str, reason: str) -> None:
    """Write a line about an event that is not tried any more, until an operator resends it."""
    fields = {"event_id": event.id, "event_type": event.type, "sink": sink, "set_aside": True}
    _log.error("%s set aside for %s: %s", event.id, sink, reason, extra={"fields": fields})


def log_stopped(error: StoreError) -> None:
    """Write a line about a run that the store ended; there will be another one."""
    _log.warning("events wait: %s: %s", type(error).__name__, error)


def log_run(delivered: int, failed: int, oldest_seconds: float) -> None:
    """Write a line about a run that found something due."""
    fields = {"delivered": delivered, "failed": failed, "oldest_seconds": round(oldest_seconds, 3)}
    line = "%d delivered, %d failed, the oldest %.1f s old"
    _log.info(line, delivered, failed, oldest_seconds, extra={"fields": fields})
