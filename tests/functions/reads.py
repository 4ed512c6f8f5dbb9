"""What requests cost in the store, counted in documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.access.caller import Caller
from shared.observability.request_record import RequestRecord
from tests.functions.api import Api, calling


@asynccontextmanager
async def fresh(api: Api, caller: Caller, reads: list[int]) -> AsyncIterator[Api]:
    """An instance that remembers nothing, as somebody calls it; how much it reads is noted."""

    class Reads:
        def __call__(self, record: RequestRecord) -> None:
            reads.append(record.usage.reads)

        def close(self) -> None:
            """Nothing."""

    async with calling(api.dependencies.store, api.clock) as instance:
        yield instance.by(caller, Reads())
