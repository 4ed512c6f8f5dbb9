"""One call of a function: what is asked, by whom, and what to answer it with."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from shared.access.caller import Caller
from shared.http.dependencies import Dependencies
from shared.http.schemas.fields import RequestModel

Asked = TypeVar("Asked", bound=RequestModel)


class Call(Struct, Generic[Asked], frozen=True):
    """A request that may be asked: checked in form, and against the table of permissions.

    `now` is the present to the rules, `arrived_at` to all else: when it arrived by the server's
    clock. The two differ only where a test says what time it is. `key` is the idempotency key that
    it came with, `versions` are those that it is about, if it says so (`If-Match`). `knows` tells
    whether the client has what an entity tag names (`If-None-Match`).
    """

    asked: Asked
    caller: Caller
    now: datetime
    dependencies: Dependencies
    arrived_at: datetime
    key: str | None = None
    versions: frozenset[int] | None = None
    knows: Callable[[str], bool] = lambda _: False
