"""Requests to issuers, in a thread, so that the loop never waits for one."""

import asyncio
import time
from typing import Final

import requests
from urllib3.exceptions import HTTPError

from shared.access.errors import KeysUnavailable
from shared.access.key_discovery import Answer

MOST_BYTES: Final = 256 * 1024
LONGEST_SECONDS: Final = 3.0
_CHUNK = 16 * 1024


async def get(address: str, longest_seconds: float = LONGEST_SECONDS) -> Answer:
    """Get an address that needs no secret; follow no redirection.

    Raises KeysUnavailable, also for a body that has not ended after the longest time.
    """
    return await asyncio.to_thread(_get, address, time.monotonic() + longest_seconds)


def _get(address: str, ends_at: float) -> Answer:
    try:
        with requests.get(
            address, allow_redirects=False, stream=True, timeout=LONGEST_SECONDS
        ) as response:
            if response.status_code != requests.codes.ok:
                raise KeysUnavailable(f"{address} answered {response.status_code}")
            body = b""
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > MOST_BYTES or time.monotonic() > ends_at:
                    raise KeysUnavailable(f"{address} answers too much, or too slowly")
            return Answer(body, response.headers.get("Cache-Control", ""))
    except (requests.RequestException, HTTPError, OSError) as error:
        raise KeysUnavailable(f"{address}: {type(error).__name__}") from error
