"""Pub/Sub: published by REST, in order for each appointment."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from uuid import uuid4

import pytest

from shared.notifications.http_client import Answer, HttpClient
from shared.notifications.payloads import payload
from shared.notifications.pubsub import PubSubSink
from shared.notifications.pubsub_token import GoogleToken
from shared.notifications.sink import DeliveryFailed
from shared.runtime.sinks import rendered
from shared.settings import PubSubTopic
from tests.firestore_emulator import NoEmulatorError
from tests.notifications.messages import message
from tests.notifications.pubsub_emulator import Subscription, running_pubsub_emulator
from tests.notifications.receivers import receiver, says, status
from tests.notifications.test_pubsub_token import Account

TOPIC = "projects/clinic/topics/appointments"


class Posted(HttpClient):
    """Notes what would be sent to Google."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[tuple[str, dict[str, str], bytes]] = []

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:  # type: ignore[override]
        self.posted.append((url, headers, body))
        return Answer(200, b"{}")


async def test_a_message_holds_the_event_and_its_order() -> None:
    client = Posted()
    sink = PubSubSink(PubSubTopic(TOPIC), rendered, client, GoogleToken(Account().load))
    assert sink.name == "pubsub"
    assert sink.wants(message())
    await sink.send(message())
    await sink.close()
    ((url, headers, body),) = client.posted
    assert url == "https://pubsub.googleapis.com/v1/projects/clinic/topics/appointments:publish"
    assert headers == {"content-type": "application/json", "authorization": "Bearer 1"}
    (published,) = json.loads(body)["messages"]
    assert b64decode(published.pop("data")) == payload(message(), rendered)
    assert published == {
        "attributes": {
            "type": "appointment.booked",
            "event_id": "evt_79aa1a3f94bdbf00b177b15fa532b8e3",
        },
        "orderingKey": "strange.20261123.aa",
    }


async def test_a_topic_with_a_percent_sign_is_named_as_it_is() -> None:
    client = Posted()
    topic = PubSubTopic("projects/a.example:b/topics/a+b~c%2B")
    await PubSubSink(topic, rendered, client, GoogleToken(Account().load)).send(message())
    path = client.posted[0][0].removeprefix("https://pubsub.googleapis.com/v1/")
    assert path == "projects/a.example:b/topics/a%2Bb~c%252B:publish"


def refused(body: str) -> str:
    head = f"HTTP/1.1 404 Not Found\r\ncontent-length: {len(body)}\r\n\r\n"
    return head + body


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"error": {"code": 404, "status": "NOT_FOUND"}}', "it answered 404 NOT_FOUND"),
        ('{"error": "none"}', "it answered 404"),
        ("<html>", "it answered 404"),
    ],
)
async def test_a_refusal_is_named_as_google_does(body: str, why: str) -> None:
    async with receiver(says(refused(body))) as server:
        sink = PubSubSink(PubSubTopic(TOPIC, server.address), rendered)
        with pytest.raises(DeliveryFailed) as failed:
            await sink.send(message())
        await sink.close()
    assert str(failed.value) == why


async def test_the_emulator_is_given_no_token() -> None:
    async with receiver(status("200 OK")) as server:
        sink = PubSubSink(PubSubTopic(TOPIC, server.address), rendered)
        await sink.send(message())
        await sink.close()
        (request,) = server.requests
    assert request.target == f"POST /v1/{TOPIC}:publish HTTP/1.1"
    assert "authorization" not in request.headers


@pytest.fixture(scope="module")
def subscription(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subscription]:
    """A topic in Google's emulator; without one, a skip, or a failure in CI."""
    log = tmp_path_factory.mktemp("pubsub-emulator") / "log.txt"
    try:
        with running_pubsub_emulator(log) as address:
            made = Subscription(address, f"demo-{uuid4()}")
            made.create()
            yield made
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED WITH PUB/SUB: {error}")


@pytest.mark.pubsub
async def test_subscribers_of_the_emulator_get_events_in_order(subscription: Subscription) -> None:
    sink = PubSubSink(PubSubTopic(subscription.topic, subscription.emulator), rendered)
    for version in (1, 2, 3):
        await sink.send(message("updated" if version > 1 else "booked", version=version))
    await sink.close()
    pulled = subscription.pull(3)
    assert [each.attributes["type"] for each in pulled] == [
        "appointment.booked",
        "appointment.updated",
        "appointment.updated",
    ]
    assert [each.event["type"] for each in pulled] == [each.attributes["type"] for each in pulled]
    assert [each.event["data"]["version"] for each in pulled] == [1, 2, 3]
    assert len({each.attributes["event_id"] for each in pulled}) == 3
    assert {each.ordering_key for each in pulled} == {"strange.20261123.aa"}


@pytest.mark.pubsub
async def test_a_topic_that_is_not_there_is_told(subscription: Subscription) -> None:
    topic = PubSubTopic(f"projects/{subscription.project}/topics/nothing", subscription.emulator)
    sink = PubSubSink(topic, rendered)
    with pytest.raises(DeliveryFailed) as failed:
        await sink.send(message())
    await sink.close()
    assert str(failed.value) == "it answered 404 NOT_FOUND"
