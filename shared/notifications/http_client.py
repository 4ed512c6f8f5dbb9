"""POST requests to servers of others: bounded, without redirections, proxies and cookies.

httpcore is imported when something is first sent: most instances never send anything.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from shared.notifications.sink import SECONDS, DeliveryFailed

if TYPE_CHECKING:
    from httpcore import AsyncConnectionPool, AsyncNetworkBackend, Request, Response

MOST_BYTES = 4096
"""How much of a body is read, and a little more; what has more is not read to its end."""
BODY_SECONDS = 1.0
"""How long a body may take once the status is known."""
KEPT_SECONDS = 1.0
"""How soon a connection must be used again: sooner than any server's patience ends."""
MOST_KEPT = 16


class Answer(NamedTuple):
    """The status of an answer, and the beginning of its body."""

    status: int
    body: bytes


class HttpClient:
    """Sends POST requests, of which each has ended after so many seconds.

    `network` opens connections, `tls` says which certificates count; None: as httpcore does.
    """

    def __init__(
        self,
        network: "Callable[[], AsyncNetworkBackend] | None" = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
        seconds: float = SECONDS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._network = network
        self._tls = tls
        self._seconds = seconds
        self._body_seconds = body_seconds
        self._opened: AsyncConnectionPool | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body; follow no redirection. Raises DeliveryFailed if there is no answer.

        The status counts as soon as it is there, whatever becomes of the body of the answer.
        """
        import httpcore  # noqa: PLC0415 - see above

        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(ends_at):
                response = await self._pool().handle_async_request(_request(url, headers, body))
        except (TimeoutError, httpcore.TimeoutException):
            raise DeliveryFailed(f"no answer within {self._seconds:g} s") from None
        except httpcore.ConnectError as error:
            raise DeliveryFailed(f"cannot connect: {_cause(error)}") from None
        except httpcore.NetworkError:
            raise DeliveryFailed("the connection was lost before the answer") from None
        except httpcore.RemoteProtocolError as error:
            ended = error.__context__ is None  # What the server said wrong has another cause.
            why = "the connection was closed without an answer" if ended else "no answer in HTTP"
            raise DeliveryFailed(why) from None
        return Answer(
            response.status, await _beginning(response, min(ends_at, self._body_ends_at()))
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._opened:
            await self._opened.aclose()

    def _body_ends_at(self) -> float:
        return asyncio.get_running_loop().time() + self._body_seconds

    def _pool(self) -> "AsyncConnectionPool":
        if self._opened is None:
            import httpcore  # noqa: PLC0415 - see above

            # As many as are asked for: who asks sees to it that these are not too many.
            self._opened = httpcore.AsyncConnectionPool(
                ssl_context=self._tls() if self._tls else httpcore.default_ssl_context(),
                max_connections=None,
                max_keepalive_connections=MOST_KEPT,
                keepalive_expiry=KEPT_SECONDS,
                network_backend=self._network() if self._network else None,
            )
        return self._opened


def _request(url: str, headers: Mapping[str, str], body: bytes) -> "Request":
    import httpcore  # noqa: PLC0415 - see above

    address = urlsplit(url)
    query = f"?{address.query}" if address.query else ""
    # Taken apart here, because httpcore loses what follows a semicolon, and brackets of IPv6.
    target = httpcore.URL(
        scheme=address.scheme,
        host=address.hostname or "",
        port=address.port,
        target=f"{address.path or '/'}{query}",
    )
    own = [("host", address.netloc), ("content-length", str(len(body)))]
    return httpcore.Request("POST", target, headers=[*own, *headers.items()], content=body)


async def _beginning(response: "Response", ends_at: float) -> bytes:
    """Return the beginning of a body; a connection on which more may come is closed."""
    import httpcore  # noqa: PLC0415 - see above

    body, chunks = b"", response.aiter_stream()
    try:
        async with asyncio.timeout_at(ends_at):
            async for chunk in chunks:
                body += chunk
                if len(body) > MOST_BYTES:
                    break
    except (TimeoutError, httpcore.NetworkError, httpcore.RemoteProtocolError):
        pass  # The status has told what was to be known.
    finally:
        await response.aclose()  # While there are `chunks`, whose end would close it too late.
    return body[:MOST_BYTES]


def _cause(error: BaseException) -> str:
    """Return why there is no connection, in the words of the machine or of TLS."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS: {error.reason}"
        case OSError(errno=int(number)):
            return os.strerror(number)
    return type(error).__name__
