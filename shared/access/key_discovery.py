"""Where the keys of an issuer are found: at an address that is known, or by discovery.

Discovery is OpenID Connect's: a document under the issuer's address names the one of the keys.
"""

import json
import re
from collections.abc import Awaitable, Callable

from msgspec import Struct

from shared.access.errors import KeysUnavailable
from shared.access.key_cache import FetchedKeys
from shared.access.key_sets import read_key_set
from shared.settings.addresses import is_address

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])", re.IGNORECASE)


class Answer(Struct, frozen=True):
    """The body of an answer, and its header Cache-Control."""

    body: bytes
    cache_control: str = ""


Get = Callable[[str], Awaitable[Answer]]
"""Gets an address; raises KeysUnavailable."""


async def published_keys(address: str, get: Get) -> FetchedKeys:
    """Fetch the keys of an address. Raises KeysUnavailable."""
    answer = await get(address)
    max_age = _MAX_AGE.search(answer.cache_control)
    return FetchedKeys(read_key_set(answer.body), float(max_age[1]) if max_age else 0.0)


async def discovered_keys(issuer: str, get: Get) -> FetchedKeys:
    """Fetch the keys of an issuer, wherever it says that they are. Raises KeysUnavailable."""
    answer = await get(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
    try:
        document = json.loads(answer.body)
        named, address = document["issuer"], document["jwks_uri"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeysUnavailable("the issuer's configuration names no issuer or no keys") from None
    if named != issuer:
        raise KeysUnavailable("the issuer's configuration is that of another issuer")
    local = issuer.startswith("http://")  # Then it is on this machine.
    # Unlike an issuer's, the address of keys may have parameters.
    if not isinstance(address, str) or not is_address(address.partition("?")[0], local_http=local):
        raise KeysUnavailable("the issuer's keys are not at an https address")
    return await published_keys(address, get)
