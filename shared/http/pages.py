"""Lists page by page: all pages show the instant of the first one, where the store keeps it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from shared.http.dependencies import Dependencies
from shared.http.page_tokens import Bookmark, Scope, expired, page_token, read_page_token
from shared.http.requests import checked
from shared.queries.paging import Page, Position
from shared.store.port import Snapshot, SnapshotExpired, StoreUnavailable

P = TypeVar("P", bound=Page[Any])

_NO_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)

ReadPage = Callable[[Snapshot, Position | None], Awaitable[P]]
"""Reads the page behind a position; the first one behind none."""


async def read_page(
    dependencies: Dependencies,
    scope: Scope,
    token: str | None,
    read: ReadPage[P],
    *,
    of_now: bool = False,
) -> tuple[P, str | None]:
    """Return the page that a token names, or the first one, and the token of the next one.

    With `of_now` each page shows what is there when it is read, and no view is kept: for what never
    changes its position, so that it is listed once at most. Raises InvalidRequest if the token is
    not one of this list, or too old; StoreUnavailable if erasures end each view of now at once.
    """
    keys = dependencies.page_token_keys
    after = instant = None
    if token is not None:
        bookmark = checked("page_token", read_page_token, token, scope, await keys.keys())
        after, instant = bookmark.position, None if of_now else bookmark.instant
    page, following = await _read(
        dependencies, instant, lambda view: read(view, after), of_now=of_now
    )
    if following is None:
        return page, None
    return page, page_token(following, scope, await keys.keys())


async def read_last_id(dependencies: Dependencies, scope: Scope, token: str | None) -> str:
    """Return the id behind which a page begins, empty for the first one.

    For lists in order of ids, whose pages show what there is when each is read. Raises
    InvalidRequest if the token is not one of this list.
    """
    if token is None:
        return ""
    keys = await dependencies.page_token_keys.keys()
    return checked("page_token", read_page_token, token, scope, keys).position[1]


async def id_token(dependencies: Dependencies, scope: Scope, last_id: str) -> str:
    """Return the token of the page behind an id."""
    bookmark = Bookmark((_NO_INSTANT, last_id), _NO_INSTANT)
    return page_token(bookmark, scope, await dependencies.page_token_keys.keys())


async def _read(
    dependencies: Dependencies,
    instant: datetime | None,
    read: Callable[[Snapshot], Awaitable[P]],
    *,
    of_now: bool,
) -> tuple[P, Bookmark | None]:
    """Read a page at an instant, or of now, and where the next one begins."""
    try:
        return await _read_once(dependencies, instant, read, of_now=of_now)
    except SnapshotExpired:
        if instant is not None:
            raise expired() from None
    # An erasure has ended the view before it was kept, which is no fault of the caller.
    try:
        return await _read_once(dependencies, instant, read, of_now=of_now)
    except SnapshotExpired as error:
        raise StoreUnavailable(str(error)) from error


async def _read_once(
    dependencies: Dependencies,
    instant: datetime | None,
    read: Callable[[Snapshot], Awaitable[P]],
    *,
    of_now: bool,
) -> tuple[P, Bookmark | None]:
    async with dependencies.store.snapshot(instant) as snapshot:
        page = await read(snapshot)
        if page.next_position is None:
            return page, None
        shown = _NO_INSTANT if of_now else await snapshot.instant()
        return page, Bookmark(page.next_position, shown)
