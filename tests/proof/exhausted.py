"""A gRPC server that refuses whatever it is asked for: a database that is out of quota, or down."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]

from tests.ports import HOST


class Refusals(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers every method with one status; `calls` counts them by the method's name."""

    def __init__(self, status: grpc.StatusCode) -> None:
        self.calls: Counter[str] = Counter()
        self._status = status

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc has no types
        """A handler that reads nothing, and so is one for methods of every kind."""
        self.calls[handler_call_details.method.rpartition("/")[2]] += 1
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    async def _refuse(self, _requests: object, context: grpc.aio.ServicerContext) -> None:
        await context.abort(self._status, "as the test wants it")


@asynccontextmanager
async def refusing_server(status: grpc.StatusCode) -> AsyncIterator[tuple[int, Refusals]]:
    """The port of a server on the loopback interface, and what it has refused."""
    refusals = Refusals(status)
    server = grpc.aio.server(handlers=[refusals])
    port = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    try:
        yield port, refusals
    finally:
        await server.stop(grace=None)
