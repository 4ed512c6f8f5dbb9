"""The answer to what is no HTTP."""

import asyncio
import json

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from shared.runtime.http_protocol import HttpProtocol
from tests.ports import HOST


async def test_what_is_no_http_gets_a_problem_like_all_others() -> None:
    config = uvicorn.Config(Starlette(), http=HttpProtocol, log_config=None)
    config.load()
    loop, state = asyncio.get_running_loop(), ServerState()
    async with await loop.create_server(lambda: HttpProtocol(config, state, {}), HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"BOOK /create_appointment HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *headers = head.split("\r\n")
    given = dict(line.split(": ") for line in headers)
    problem = json.loads(body)
    assert status == "HTTP/1.1 400 Bad Request"
    assert body.endswith("}\n")
    assert given["connection"] == "close"
    assert given["content-type"] == "application/problem+json"
    assert int(given["content-length"]) == len(body.encode())
    assert (problem["code"], problem["instance"]) == ("invalid_request", given["request-id"])
