"""The keys of a deployment's page tokens: the first signs, all verify."""

import secrets
from collections.abc import Sequence

from shared.settings import STORED_KEY
from shared.store.port import Store

_NAME = "page_token_key"


class PageTokenKeys:
    """The keys of the settings; where these say `stored`, the one that the store keeps.

    The first instance that needs the stored key creates it; every other one finds it. It is read
    when the first token is issued or checked, and then remembered. It never changes by itself:
    whoever can read it can read the appointments too, so a new one would protect nothing.
    To replace it, an operator lists keys in the settings, in an order that breaks no token.
    """

    def __init__(self, configured: Sequence[str], store: Store) -> None:
        self._configured = configured
        self._store = store
        self._keys: Sequence[bytes] = ()

    async def keys(self) -> Sequence[bytes]:
        """Return the keys. Raises StoreError while the stored one is needed and not known."""
        if not self._keys:
            self._keys = [await self._key(key) for key in self._configured]
        return self._keys

    async def _key(self, configured: str) -> bytes:
        if configured == STORED_KEY:
            configured = await self._store.secret(_NAME, secrets.token_urlsafe(32))
        return configured.encode()
