"""Connections of hooks, made only to addresses that are allowed.

The host name is resolved once, every address that it has is judged, and one of those is connected
to: a name that means another address a moment later ("DNS rebinding") gains nothing by it. TLS
still asks for the certificate of the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from httpcore import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from shared.notifications.public_addresses import Reach
from shared.notifications.sink import DeliveryFailed

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host, as numbers; raises OSError or UnicodeError."""

ADDRESS_SECONDS = 3.0
"""How long one address may take while there are others."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as this machine knows them.

    The host may also be an address, in every numeric form that the resolver accepts.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(AsyncNetworkBackend):
    """Connects to hosts of which all addresses are within reach."""

    def __init__(
        self, reach: Reach, resolve: Resolve = resolved, network: AsyncNetworkBackend | None = None
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._network = network or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises DeliveryFailed if there is none, or if any must not be connected to.
        """
        try:
            *others, last = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise DeliveryFailed("its host name cannot be resolved") from None
        refusal = self._reach.refusal([*others, last])
        if refusal:
            raise DeliveryFailed(refusal)
        for address in others:
            try:
                return await self._network.connect_tcp(
                    address, port, ADDRESS_SECONDS, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)
