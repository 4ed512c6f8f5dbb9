"""A webhook that takes everything at once, by as little as a server needs."""

from typing import Any

HEAD = {"type": "http.response.start", "status": 204, "headers": []}
END = {"type": "http.response.body", "body": b""}


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - those of ASGI
    """Read a request to its end, and answer 204."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send(HEAD)
        await send(END)
