"""What is no HTTP at all is answered as everything else is, and spoils no answer."""

import asyncio
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.finishing import finished
from shared.http.problems import error_response
from shared.http.request_errors import InvalidRequest, UriTooLong
from shared.observability.request_log import log_unreadable
from shared.runtime.joined_writes import JoinedWrites

_DETAIL = "this is not HTTP/1.1; check the method, and that the address has no spaces"

LONGEST_URL = 65_535
"""The parser counts in 16 bits."""


class HttpProtocol(HttpToolsProtocol):
    """Uvicorn's, but for what it does with what it cannot read, and with how many writes."""

    transport: Any

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the head of an answer goes with its body."""
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says more
        """Answer, and close the connection: nobody knows where a next request would begin.

        What comes behind a whole request is no part of it. That is answered, as it may have booked,
        and then the connection is closed.
        """
        if self._is_answering_a_whole_request():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        nothing = Request({"type": "http", "headers": []})
        too_long = len(self.url or b"") > LONGEST_URL  # None before the first request.
        error = UriTooLong(LONGEST_URL) if too_long else InvalidRequest([], _DETAIL)
        response = finished(error_response(error), nothing, (), None)
        log_unreadable(response.headers["Request-Id"], error.status, error.code)
        headers = [b"%s: %s\r\n" % each for each in response.raw_headers]
        self.transport.write(STATUS_LINE[response.status_code] + b"".join(headers))
        self.transport.write(b"connection: close\r\n\r\n" + response.body)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        # The parser takes what follows for another protocol, and then for a next request.
        self.cycle.keep_alive = False

    def _is_answering_a_whole_request(self) -> bool:
        cycle = self.cycle  # None before the first request.
        return cycle is not None and not cycle.more_body and not cycle.response_complete
