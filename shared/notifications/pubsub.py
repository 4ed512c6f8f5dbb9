"""Pub/Sub: events published to a topic, by its REST interface.

https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
"""

from base64 import b64encode
from urllib.parse import quote

import msgspec

from shared.notifications.http_client import HttpClient
from shared.notifications.payloads import Render, payload, public_id, public_type
from shared.notifications.pubsub_token import GoogleToken
from shared.notifications.sink import DeliveryFailed, Message
from shared.settings import PubSubTopic

ENDPOINT = "https://pubsub.googleapis.com"


class PubSubSink:
    """Publishes events to a topic, in order for each appointment."""

    name = "pubsub"

    def __init__(
        self,
        topic: PubSubTopic,
        render: Render,
        client: HttpClient | None = None,
        token: GoogleToken | None = None,
    ) -> None:
        endpoint = f"http://{topic.emulator}" if topic.emulator else ENDPOINT
        self._url = f"{endpoint}/v1/{quote(topic.name, safe='/:')}:publish"
        self._render = render
        self._client = client or HttpClient()
        self._token = None if topic.emulator else token or GoogleToken()

    def wants(self, message: Message) -> bool:  # noqa: ARG002 - it takes all
        """Tell that it is told of everything."""
        return True

    async def send(self, message: Message) -> None:
        """Publish a message. Raises DeliveryFailed."""
        headers = {"content-type": "application/json"}
        if self._token:
            headers |= await self._token.headers()
        answer = await self._client.post(self._url, headers, self._body(message))
        if answer.status != 200:  # noqa: PLR2004
            raise DeliveryFailed(f"it answered {answer.status}{_status(answer.body)}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _body(self, message: Message) -> bytes:
        event = message.event
        published = {
            "data": b64encode(payload(message, self._render)).decode(),
            "attributes": {"type": public_type(event), "event_id": public_id(event)},
            "orderingKey": event.appointment_id,
        }
        return msgspec.json.encode({"messages": [published]})


class _Error(msgspec.Struct):
    status: str


class _Refused(msgspec.Struct):
    error: _Error


def _status(body: bytes) -> str:
    """Return what an answer calls its error, such as NOT_FOUND."""
    try:
        return f" {msgspec.json.decode(body, type=_Refused).error.status}"
    except msgspec.DecodeError:
        return ""
