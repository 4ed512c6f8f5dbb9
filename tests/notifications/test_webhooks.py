"""Webhooks: signed as receivers verify it, and tried again unless they say 2xx."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.notifications.http_client import HttpClient
from shared.notifications.sink import DeliveryFailed, Message
from shared.notifications.webhooks import WebhookSink, open_webhooks, webhook_name
from shared.runtime.sinks import rendered
from shared.settings import WebhookSettings
from tests.notifications.messages import NOW, message
from tests.notifications.receivers import NO_CONTENT, Received, Receiver, receiver, status

OLD = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
NEW = "whsec_YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3"


async def sent(
    server: Receiver, *messages: Message, secrets: tuple[str, ...] = (NEW,)
) -> list[Received]:
    """The requests that a server got; all connections are closed."""
    sink = WebhookSink(f"http://{server.address}/hook?key=k", secrets, rendered, HttpClient())
    try:
        for each in messages:
            assert sink.wants(each)
            await sink.send(each)
    finally:
        await sink.close()
    return server.requests


async def test_a_receiver_verifies_what_it_gets_with_the_library() -> None:
    async with receiver(NO_CONTENT) as server:
        (request,) = await sent(server, message(now=datetime.now(UTC)))
    event = Webhook(NEW).verify(request.body, request.headers)
    assert event["type"] == "appointment.booked"
    assert event["data"]["id"] == "strange.20261123.aa"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body.replace(b"Ada", b"Eve"), request.headers)


async def test_while_secrets_are_changed_both_of_them_verify() -> None:
    async with receiver(NO_CONTENT) as server:
        (request,) = await sent(server, message(now=datetime.now(UTC)), secrets=(NEW, OLD))
    assert request.headers["webhook-signature"].count("v1,") == 2
    for secret in (NEW, OLD):
        assert Webhook(secret).verify(request.body, request.headers)


async def test_headers_name_the_event_and_the_time_of_the_try() -> None:
    later = message(now=NOW + timedelta(minutes=5))
    async with receiver(NO_CONTENT) as server:
        first, second = await sent(server, message(), later)
    assert first.target == "POST /hook?key=k HTTP/1.1"
    assert first.headers == {
        "host": server.address,
        "content-length": str(len(first.body)),
        "content-type": "application/json",
        "user-agent": "appointments-webhooks",
        "webhook-id": "evt_79aa1a3f94bdbf00b177b15fa532b8e3",
        "webhook-timestamp": "1793536215",
        "webhook-signature": first.headers["webhook-signature"],
    }
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.headers["webhook-timestamp"] == "1793536515"
    assert second.headers["webhook-signature"] != first.headers["webhook-signature"]
    assert second.body == first.body


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "204 No Content", "299 Fine"])
async def test_every_2xx_is_success(line: str) -> None:
    async with receiver(status(line)) as server:
        assert len(await sent(server, message())) == 1


NOT_FOLLOWED = ", and redirections are not followed; name its new address"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("500 Internal Server Error", "it answered 500"),
        ("410 Gone", "it answered 410"),
        ("301 Moved Permanently", f"it answered 301{NOT_FOLLOWED}"),
        ("307 Temporary Redirect", f"it answered 307{NOT_FOLLOWED}"),
    ],
)
async def test_everything_else_fails_with_a_reason_that_shows_no_secret(
    line: str, why: str
) -> None:
    async with receiver(status(line, "location: /hook?key=k")) as server:
        with pytest.raises(DeliveryFailed) as failed:
            await sent(server, message())
        assert len(server.requests) == 1
    assert str(failed.value) == why


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Hooks.Clinic.example/a?key=secret", "webhook.hooks.clinic.example.ae240fc9"),
        ("https://hooks.clinic.example:8443/b", "webhook.hooks.clinic.example.afa57b5c"),
        ("http://[::1]:9000/", "webhook.::1.8cb85fab"),
    ],
)
def test_a_sink_has_a_name_that_stays_and_shows_no_secret(url: str, name: str) -> None:
    assert webhook_name(url) == name


async def test_there_is_a_sink_for_each_address_and_this_machine_is_reached_only_if_it_may_be() -> (
    None
):
    async with receiver(NO_CONTENT) as server:
        urls = f"http://{server.address}/a", f"http://{server.address}/b"
        sinks = open_webhooks(WebhookSettings(urls, (NEW,), loopback=True), rendered)
        for sink in sinks:
            await sink.send(message())
            await sink.close()
        targets = [request.target for request in server.requests]
        assert targets == ["POST /a HTTP/1.1", "POST /b HTTP/1.1"]
        assert len({sink.name for sink in sinks}) == 2
        (refused,) = open_webhooks(WebhookSettings(urls[:1], (NEW,)), rendered)
        with pytest.raises(DeliveryFailed) as failed:
            await refused.send(message())
        assert len(server.requests) == 2
    assert str(failed.value) == (
        "its host has the loopback address 127.0.0.1; WEBHOOK_PRIVATE=on allows it"
    )


async def test_an_event_is_one_json_document() -> None:
    async with receiver(NO_CONTENT) as server:
        (request,) = await sent(server, message())
    assert list(json.loads(request.body)) == ["type", "timestamp", "data"]
