"""Webhooks: events posted to addresses of others, signed as Standard Webhooks says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from shared.notifications.http_client import HttpClient
from shared.notifications.payloads import Render, payload, public_id
from shared.notifications.public_addresses import Reach
from shared.notifications.sink import DeliveryFailed, Message
from shared.settings import WebhookSettings

if TYPE_CHECKING:
    from shared.notifications.checked_network import CheckedNetwork

USER_AGENT = "appointments-webhooks"


def open_webhooks(settings: WebhookSettings, render: Render) -> list["WebhookSink"]:
    """Return a sink for each address; all share the connections."""
    reach = Reach(settings.private, settings.loopback)

    def network() -> "CheckedNetwork":
        from shared.notifications.checked_network import CheckedNetwork  # noqa: PLC0415 - as httpcore

        return CheckedNetwork(reach)

    client = HttpClient(network)
    return [WebhookSink(url, settings.secrets, render, client) for url in settings.urls]


class WebhookSink:
    """Posts events to one address, with a signature by each of the secrets."""

    def __init__(
        self, url: str, secrets: Sequence[str], render: Render, client: HttpClient
    ) -> None:
        self.name = webhook_name(url)
        self._url = url
        self._signers = [Webhook(secret) for secret in secrets]
        self._render = render
        self._client = client

    def wants(self, message: Message) -> bool:  # noqa: ARG002 - it takes all
        """Tell that it is told of everything."""
        return True

    async def send(self, message: Message) -> None:
        """Post a message. Raises DeliveryFailed unless the answer is a 2xx."""
        body = payload(message, self._render)
        answer = await self._client.post(self._url, self._headers(message, body), body)
        if answer.status // 100 != 2:  # noqa: PLR2004 - success
            raise DeliveryFailed(_refusal(answer.status))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        message_id, text = public_id(message.event), body.decode()
        signatures = [each.sign(message_id, message.now, text) for each in self._signers]
        return {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(message.now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def webhook_name(url: str) -> str:
    """Return the name of a sink: the same at every start, and without what may be secret."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"webhook.{urlsplit(url).hostname}.{digest}"


def _refusal(status: int) -> str:
    if status // 100 == 3:  # noqa: PLR2004 - a redirection
        return f"it answered {status}, and redirections are not followed; name its new address"
    return f"it answered {status}"
