"""What is no HTTP at all is answered as everything else is."""

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.errors import InvalidRequest
from shared.http.finishing import finished
from shared.http.problems import error_response

_DETAIL = "this is not HTTP/1.1; check the method, and that the address has no spaces"


class HttpProtocol(HttpToolsProtocol):
    """Uvicorn's, but with a problem document in the place of its text without a line feed."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - logged already
        """Answer, and close the connection: nobody knows where a next request would begin."""
        nothing = Request({"type": "http", "headers": []})
        response = finished(error_response(InvalidRequest([], _DETAIL)), nothing, (), None)
        headers = [b"%s: %s\r\n" % each for each in response.raw_headers]
        self.transport.write(STATUS_LINE[response.status_code] + b"".join(headers))
        self.transport.write(b"connection: close\r\n\r\n" + response.body)
        self.transport.close()
