"""A network that only notes what is connected to."""

from collections.abc import Iterable

from httpcore import SOCKET_OPTION, AsyncMockStream, AsyncNetworkBackend, AsyncNetworkStream


class Network(AsyncNetworkBackend):
    """Notes what is connected to, and for how long; some addresses do not answer."""

    def __init__(self, down: dict[str, Exception] | None = None) -> None:
        self.tried: list[tuple[str, int, float | None]] = []
        self._down = down or {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        assert (local_address, socket_options) == (None, None)
        self.tried.append((host, port, timeout))
        if host in self._down:
            raise self._down[host]
        return AsyncMockStream([])
