"""Addresses that keys of an issuer may come from."""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit


def is_address(text: str, *, local_http: bool) -> bool:
    """Whether a text is an https address without secrets or parameters.

    `local_http` allows http, too, on the loopback interface.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", text) or set(text) & set('{}?#@\\"<>'):
        return False
    try:
        address = urlsplit(text)
        _ = address.port  # Raises ValueError for one that cannot be.
    except ValueError:
        return False
    host = address.hostname or ""
    return bool(host) and (
        address.scheme == "https" or (local_http and address.scheme == "http" and is_loopback(host))
    )


@lru_cache(maxsize=1000)  # Rates ask about the address of every request.
def is_loopback(host: str) -> bool:
    """Whether a host is this machine, reached by nobody else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
