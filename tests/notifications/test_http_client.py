"""Requests to servers that are quick, slow, endless, broken, or not there."""

import asyncio
import ssl
from pathlib import Path

import pytest
from httpcore import ConnectError

from shared.notifications.checked_network import CheckedNetwork
from shared.notifications.http_client import Answer, HttpClient
from shared.notifications.public_addresses import Reach
from shared.notifications.sink import DeliveryFailed
from tests.certificates import certificate_of_this_machine
from tests.notifications import receivers
from tests.notifications.networks import Network
from tests.notifications.receivers import NO_CONTENT, receiver, repeats, says, status
from tests.ports import HOST, free_port

OK = "HTTP/1.1 200 OK\r\n"
JSON = {"content-type": "application/json", "x-id": "1"}


def client(seconds: float = 10, body_seconds: float = 10) -> HttpClient:
    """A client that trusts no certificate: those of the machine take a while to read."""
    return HttpClient(None, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), seconds, body_seconds)


async def post(client: HttpClient, url: str) -> Answer:
    """The answer to a small body; all connections are closed."""
    try:
        return await client.post(url, JSON, b"{}")
    finally:
        await client.close()


async def why_not(client: HttpClient, url: str) -> str:
    with pytest.raises(DeliveryFailed) as failed:
        await post(client, url)
    return str(failed.value)


async def test_a_body_is_posted_with_its_headers_and_nothing_else() -> None:
    async with receiver(says(f"{OK}content-length: 4\r\nset-cookie: a=b\r\n\r\nfine")) as server:
        answer = await post(client(), f"http://{server.address}/a/b;c=d?e=f,g&h")
        (request,) = server.requests
    assert answer == Answer(200, b"fine")
    assert request.target == "POST /a/b;c=d?e=f,g&h HTTP/1.1"
    assert request.body == b"{}"
    assert request.headers == {
        "host": server.address,
        "content-length": "2",
        "content-type": "application/json",
        "x-id": "1",
    }


async def test_an_address_without_a_path_means_the_root() -> None:
    async with receiver(NO_CONTENT) as server:
        assert await post(client(), f"http://{server.address}?a") == Answer(204, b"")
        assert server.requests[0].target == "POST /?a HTTP/1.1"


async def test_the_next_request_uses_the_same_connection_without_the_cookies_of_the_last() -> None:
    async with receiver(status("200 OK", "set-cookie: a=b")) as server:
        kept = client()
        for _ in range(3):
            await kept.post(f"http://{server.address}/", {}, b"")
        await kept.close()
        assert server.connections == 1
        assert [request.headers.get("cookie") for request in server.requests] == [None] * 3
        await server.wait_until_closed()


async def test_a_client_that_sent_nothing_is_closed_too() -> None:
    await HttpClient().close()


async def test_a_redirection_is_an_answer_like_any_other() -> None:
    async with receiver(status("301 Moved Permanently", "location: /")) as server:
        assert await post(client(), f"http://{server.address}/") == Answer(301, b"")
        assert len(server.requests) == 1


async def test_of_a_long_body_only_the_beginning_is_read_and_the_connection_closed() -> None:
    ten_megabytes = b"x" * 10_000_000
    answer = repeats(f"{OK}content-length: {len(ten_megabytes)}\r\n\r\n", ten_megabytes)
    async with receiver(answer) as server:
        assert await post(client(), f"http://{server.address}/") == Answer(200, b"x" * 4096)
        await server.wait_until_closed()


@pytest.mark.parametrize("pause", [0, 0.001], ids=["a flood", "a drip"])
async def test_a_body_without_an_end_does_not_change_the_status(pause: float) -> None:
    endless = repeats(f"{OK}transfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause)
    async with receiver(endless) as server:
        answer = await post(client(body_seconds=0.05), f"http://{server.address}/")
        assert answer.status == 200
        assert set(answer.body) == set(b"x")
        await server.wait_until_closed()


@pytest.mark.parametrize(
    "broken", ["transfer-encoding: chunked\r\n\r\nnonsense\r\n", "content-length: 5\r\n\r\nx"]
)
async def test_a_body_that_breaks_off_does_not_change_the_status(broken: str) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{OK}{broken}".encode())
        writer.close()
        raise ConnectionError

    async with receiver(answer) as server:
        assert (await post(client(), f"http://{server.address}/")).status == 200


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (receivers.hangs, "no answer within 0.1 s"),
        (repeats(OK, b"x-y: z\r\n", 0.001), "no answer within 0.1 s"),
        (repeats("", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.001), "no answer within 0.1 s"),
    ],
    ids=["hangs", "drips", "hints"],
)
async def test_the_deadline_is_absolute_and_ends_the_connection(
    answer: receivers.Answer, why: str
) -> None:
    async with receiver(answer) as server:
        assert await why_not(client(seconds=0.1), f"http://{server.address}/") == why
        await server.wait_until_closed()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (receivers.closes, "the connection was closed without an answer"),
        (receivers.resets, "the connection was lost before the answer"),
        (says("rubbish\r\n\r\n"), "no answer in HTTP"),
        (repeats(OK, b"x-y: z\r\n" * 1000), "no answer in HTTP"),
    ],
    ids=["closes", "resets", "rubbish", "endless headers"],
)
async def test_a_broken_answer_is_told_without_repeating_it(
    answer: receivers.Answer, why: str
) -> None:
    async with receiver(answer) as server:
        assert await why_not(client(), f"http://{server.address}/") == why
        await server.wait_until_closed()


async def test_where_nobody_listens_the_machine_says_why() -> None:
    url = f"http://{HOST}:{free_port()}/?key=secret"
    assert await why_not(client(), url) == "cannot connect: Connection refused"


async def test_a_connection_that_fails_without_a_cause_is_told_too() -> None:
    down = Network({HOST: ConnectError()})
    refusal = await why_not(HttpClient(lambda: down), f"http://{HOST}/")
    assert refusal == "cannot connect: ConnectError"


async def test_settings_of_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{HOST}:{free_port()}")
    async with receiver(NO_CONTENT) as server:
        assert (await post(client(), f"http://{server.address}/")).status == 204


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of_this_machine(tmp_path_factory.mktemp("tls"))


def served(certificate: Path, asked: list[str | None] | None = None) -> ssl.SSLContext:
    """The context of a server, which notes the names that clients ask for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if asked is not None:
        context.sni_callback = lambda _, name, __: asked.append(name)
    return context


def trusting(certificate: Path, **seconds: float) -> HttpClient:
    """A client that trusts a certificate, and takes every host for this machine."""

    async def resolve(_: str, __: int) -> list[str]:
        return [HOST]

    return HttpClient(
        lambda: CheckedNetwork(Reach(loopback=True), resolve),
        lambda: ssl.create_default_context(cafile=str(certificate)),
        **seconds,
    )


async def test_the_certificate_of_the_name_counts_although_an_address_is_connected_to(
    certificate: Path,
) -> None:
    asked = list[str | None]()
    async with receiver(NO_CONTENT, served(certificate, asked)) as server:
        assert (await post(trusting(certificate), f"https://{server.address}/")).status == 204
        port = server.address.rpartition(":")[2]
        refusal = await why_not(trusting(certificate), f"https://hook.example:{port}/?key=secret")
    assert asked == [None, "hook.example"]
    assert refusal == (
        "cannot connect: its certificate is not trusted: Hostname mismatch, certificate is not "
        "valid for 'hook.example'."
    )


async def test_a_certificate_that_nobody_vouches_for_does_not_count(certificate: Path) -> None:
    async with receiver(NO_CONTENT, served(certificate)) as server:
        refusal = await why_not(HttpClient(), f"https://{server.address}/")
        assert server.requests == []
    assert refusal == "cannot connect: its certificate is not trusted: self-signed certificate"


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (b"220 mail.example ready\r\n", "TLS: WRONG_VERSION_NUMBER"),
        (b"", "TLS: UNEXPECTED_EOF_WHILE_READING"),
    ],
)
async def test_a_server_without_tls_is_not_spoken_to(greeting: bytes, why: str) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(greet, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        refusal = await why_not(client(), f"https://{HOST}:{port}/")
    assert refusal == f"cannot connect: {why}"
