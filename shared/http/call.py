"""One call of a function: what is asked, by whom, and what to answer it with."""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from shared.access.caller import Caller
from shared.http.dependencies import Dependencies
from shared.http.schemas.fields import RequestModel

Asked = TypeVar("Asked", bound=RequestModel)


class Call(Struct, Generic[Asked], frozen=True):
    """A request that may be asked: checked in form, and against the table of permissions.

    `now` is when it arrived, `key` the idempotency key that it came with.
    """

    asked: Asked
    caller: Caller
    now: datetime
    dependencies: Dependencies
    key: str | None = None
