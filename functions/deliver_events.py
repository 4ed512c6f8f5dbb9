"""Deliver what has happened to webhooks, mail and Pub/Sub."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.responses import json_response
from shared.http.schemas.deliver_events import DeliveredEvents
from shared.http.schemas.fields import RequestModel
from shared.notifications.sending import Report
from shared.notifications.sink import SECONDS
from shared.observability.delivery_log import log_run

LONGEST_SECONDS = 50.0
"""Within the minute in which it is called again."""
RUN_SECONDS = LONGEST_SECONDS - SECONDS - 2
"""What is sent last may take as long as one try, and is then recorded."""


@endpoint(
    "POST",
    group="Events",
    responses={200: Success("All that was due was tried", DeliveredEvents)},
    reads_body=False,
    counted=False,
    seconds=LONGEST_SECONDS,
)
async def deliver_events(call: Call[RequestModel]) -> Response:
    """Deliver the events that are due to webhooks, mail and Pub/Sub.

    A scheduler and a trigger call it, with any body. What fails is tried again later.
    """
    dependencies = call.dependencies
    report = Report()
    if dependencies.deliverer:
        rules_now = call.now if call.now != call.arrived_at else None
        report = await dependencies.deliverer.run(RUN_SECONDS, rules_now)
    if report.tried:
        log_run(report.delivered, report.failed, report.oldest_seconds)
    return json_response(DeliveredEvents(delivered=report.delivered, failed=report.failed))
