"""How often one caller may call an instance: a token bucket for each."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from msgspec import Struct
from starlette.requests import Request

from shared.access.caller import Caller
from shared.http.caller_errors import CallsTooOften
from shared.settings.addresses import is_loopback

BURST_SECONDS = 4
"""How many seconds' requests a caller may send at once."""
MOST_CALLERS = 10_000

Name = tuple[str, ...]


class _Bucket(Struct):
    """How many requests a caller may still send at once, as it was at `filled_at`."""

    left: float
    filled_at: float


class Rates:
    """Counts the requests of each caller. Of those remembered, the one longest silent is dropped.

    `rate` is the requests that a caller may send in a second, 0 if nobody counts. `seconds` is a
    clock that only goes forward.
    """

    def __init__(self, rate: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._seconds = seconds
        self._buckets: OrderedDict[Name, _Bucket] = OrderedDict()

    def count(self, name: Name | None) -> None:
        """Count a request of a caller, if it has a name. Raises CallsTooOften: one too many."""
        if name is None or not self._rate:
            return
        bucket = self._filled(name)
        if bucket.left < 1:
            raise CallsTooOften(ceil((1 - bucket.left) / self._rate))
        bucket.left -= 1

    def _filled(self, name: Name) -> _Bucket:
        """Return the bucket of a caller as it is now; a new one is full."""
        most, now = float(BURST_SECONDS * self._rate), self._seconds()
        bucket = self._buckets.setdefault(name, _Bucket(most, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        bucket.left = min(most, bucket.left + (now - bucket.filled_at) * self._rate)
        bucket.filled_at = now
        return bucket


def name_of(caller: Caller, request: Request, *, proxied: bool) -> Name | None:
    """Return what to count a caller by: their account or, without a token, their address.

    None on this machine. Only the last address of X-Forwarded-For is true where a proxy is in
    front, which appended it; without one, none is.
    """
    if caller.name:
        return caller.name
    address = request.client.host if request.client else ""
    if proxied:
        address = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return None if is_loopback(address) else (address,)
