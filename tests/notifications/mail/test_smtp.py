import ssl
from collections.abc import Sequence
from email import message_from_bytes, message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from shared.notifications.mail.smtp import SmtpSink, must_start_tls, tls_of
from shared.notifications.sink import DeliveryFailed, Message
from shared.settings import SmtpServer
from tests.certificates import certificate_of_this_machine
from tests.notifications.mail.messages import composer, message, named
from tests.notifications.mail.servers import (
    Post,
    bare_server,
    mail_server,
    only,
    scripted,
    server_tls,
    slow,
)
from tests.ports import HOST, free_port

PATIENCE = 60.0
USER, PASSWORD = "clinic@mail.example", "p:ss wörd"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of_this_machine(tmp_path_factory.mktemp("certificate"))


def sink(
    port: int,
    login: tuple[str, str] | None = None,
    *,
    tls: bool = False,
    trusted: ssl.SSLContext | None = None,
    seconds: float = PATIENCE,
) -> SmtpSink:
    user, password = login or (None, None)
    server = SmtpServer(HOST, port, user, password, tls)
    return SmtpSink(server, composer(), seconds, trusted)


async def failure(sink: SmtpSink, told: Message | None = None) -> str:
    """Why a mail is not delivered."""
    with pytest.raises(DeliveryFailed) as raised:
        await sink.send(told or message())
    assert "ada" not in str(raised.value).lower()
    assert raised.value.__cause__ is None
    return str(raised.value)


async def test_a_server_takes_the_mail() -> None:
    post = Post()
    async with mail_server(post) as port:
        await sink(port).send(message())
    [taken] = post.taken
    assert (taken.sender, taken.receivers) == (
        "appointments@clinic.example",
        ["ada@mail.example"],
    )
    assert (taken.user, taken.is_encrypted, taken.greeting) == (None, False, "clinic.example")
    read = message_from_bytes(taken.content, policy=default)
    assert read["Message-ID"] == "<f17426cdb664718d140aa7d8a4151cd7@clinic.example>"
    assert read["Subject"] == "Your appointment on Monday, November 23, 2026, 9:00 AM"


async def test_only_what_patients_are_to_know_is_sent() -> None:
    assert sink(1).wants(message())
    assert not sink(1).wants(message("arrived"))
    assert sink(1).name == "mail"
    await sink(1).close()


# TLS


@pytest.mark.parametrize("is_known", [True, False])
async def test_tls_is_used_where_the_server_offers_it(
    certificate: Path,
    is_known: bool,  # noqa: FBT001
) -> None:
    """A server of this machine need not prove who it is."""
    post = Post()
    trusted = ssl.create_default_context(cafile=certificate) if is_known else None
    async with mail_server(post, tls_context=server_tls(certificate)) as port:
        await sink(port, trusted=trusted).send(message())
    assert post.taken[0].is_encrypted


async def test_a_password_is_sent_through_tls(certificate: Path) -> None:
    post = Post()
    tls, knows = server_tls(certificate), only(USER, PASSWORD)
    async with mail_server(post, tls_context=tls, authenticator=knows, auth_required=True) as port:
        await sink(port, (USER, PASSWORD)).send(message())
    assert (post.taken[0].user, post.taken[0].is_encrypted) == (USER, True)


async def test_tls_may_be_spoken_from_the_start(certificate: Path) -> None:
    post = Post()
    trusted = ssl.create_default_context(cafile=certificate)
    async with mail_server(post, server_tls(certificate)) as port:
        await sink(port, tls=True, trusted=trusted).send(message())
    assert len(post.taken) == 1


@pytest.mark.parametrize("tls", [True, False])
async def test_a_server_elsewhere_must_prove_who_it_is(
    certificate: Path,
    tls: bool,  # noqa: FBT001
) -> None:
    post, strict = Post(), ssl.create_default_context()
    options: dict[str, Any] = {} if tls else {"tls_context": server_tls(certificate)}
    async with mail_server(post, server_tls(certificate) if tls else None, **options) as port:
        assert "certificate verify failed" in await failure(sink(port, tls=tls, trusted=strict))
    assert post.taken == []


@pytest.mark.parametrize(
    ("server", "starts_tls", "checks"),
    [
        (SmtpServer("mail.example", 587, "a", "b"), True, True),
        (SmtpServer("mail.example", 25), None, True),
        (SmtpServer("mail.example", 465, "a", "b", tls=True), False, True),
        (SmtpServer("localhost", 587, "a", "b"), None, False),
        (SmtpServer("127.0.0.1", 25), None, False),
        (SmtpServer("::1", 465, tls=True), False, False),
    ],
)
def test_a_password_goes_in_clear_to_nobody_but_this_machine(
    server: SmtpServer,
    starts_tls: bool | None,  # noqa: FBT001
    checks: bool,  # noqa: FBT001
) -> None:
    context = tls_of(server)
    assert must_start_tls(server) is starts_tls
    assert context.check_hostname is checks
    assert (context.verify_mode is ssl.CERT_REQUIRED) is checks


# Refusals


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (
            {"RCPT": "550 5.1.1 <ada@mail.example>: user unknown"},
            "the server refused the patient's address: 550 5.1.1",
        ),
        (
            {"RCPT": "452 ada@mail.example has too much mail"},
            "the server refused the patient's address: 452",
        ),
        (
            {"MAIL": "530 5.7.0 log in first"},
            "the server refused the address of MAIL_FROM: 530 5.7.0",
        ),
        ({"DATA": "554 5.7.1 spam for ada@mail.example"}, "the server refused: 554 5.7.1"),
        ({"DATA": "451 4.3.0 later"}, "the server refused: 451 4.3.0"),
    ],
)
async def test_a_refusal_is_told_by_its_number_and_not_by_its_words(
    answers: dict[str, str], reason: str
) -> None:
    post = Post(answers)
    async with mail_server(post) as port:
        assert await failure(sink(port)) == reason
    assert post.taken == []


async def test_a_wrong_password_is_told(certificate: Path) -> None:
    tls, knows = server_tls(certificate), only(USER, PASSWORD)
    async with mail_server(Post(), tls_context=tls, authenticator=knows) as port:
        reason = await failure(sink(port, (USER, "wrong")))
    assert reason == "the server refused the user or the password of MAIL: 535 5.7.8"


async def test_a_server_that_knows_no_users_is_told() -> None:
    async with mail_server(Post(), auth_exclude_mechanism=["LOGIN", "PLAIN"]) as port:
        reason = await failure(sink(port, (USER, PASSWORD)))
    assert "AUTH" in reason or "authentication method" in reason


@pytest.mark.parametrize(
    "answers",
    [
        [b""],
        [b"220 mail.example ESMTP\r\n"],
        [b"220 mail.example ESMTP\r\n", b"250 mail.example\r\n"],
        [b"220 a\r\n", b"250 a\r\n", b"250 a\r\n", b"250 a\r\n", b"354 a\r\n"],
    ],
)
async def test_a_server_that_closes_the_connection_has_taken_nothing(
    answers: Sequence[bytes],
) -> None:
    async with bare_server(scripted(*answers)) as port:
        reason = await failure(sink(port))
    assert reason == "the server closed the connection" or reason.endswith("EOF received")


@pytest.mark.parametrize(
    "answers", [[b""], [b"220 a\r\n"], [b"220 a\r\n", b"250 a\r\n", b"250 a\r\n", b"250 a\r\n"]]
)
async def test_a_server_that_hangs_is_left_in_time(answers: Sequence[bytes]) -> None:
    async with bare_server(scripted(*answers, silent=True)) as port:
        reason = await failure(sink(port, seconds=0.2))
    assert reason == "the server did not answer within 0.2 s"


async def test_a_server_that_takes_its_time_with_each_command_is_left_in_time_too() -> None:
    async with bare_server(slow) as port:
        reason = await failure(sink(port, seconds=1))
    assert reason == "the server did not answer within 1 s"


async def test_a_server_that_says_nonsense_is_told() -> None:
    async with bare_server(scripted(b"HTTP/1.1 400 Bad Request\r\n")) as port:
        assert (await failure(sink(port))).startswith("the server refused: ")


async def test_a_server_that_is_not_there_is_told() -> None:
    port = free_port()
    assert f"{HOST} on port {port}" in await failure(sink(port))


@pytest.mark.parametrize("goodbye", ["421 no", "554 no"])
async def test_what_was_taken_is_delivered_whatever_the_server_says_then(goodbye: str) -> None:
    post = Post({"QUIT": goodbye})
    async with mail_server(post) as port:
        await sink(port).send(message())
    assert len(post.taken) == 1


# Addresses


async def test_addresses_outside_ascii_go_to_servers_that_know_them() -> None:
    post = Post()
    async with mail_server(post) as port:
        await sink(port).send(named("Zoë Ω", "zoë@müller.example"))
    [taken] = post.taken
    assert taken.receivers == ["zoë@xn--mller-kva.example"]
    assert "SMTPUTF8" in taken.options
    read = message_from_string(taken.content.decode(), policy=default)
    [address] = read["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Zoë Ω", "zoë@xn--mller-kva.example")


async def test_a_domain_outside_ascii_goes_to_every_server() -> None:
    post = Post()
    async with mail_server(post) as port:
        await sink(port).send(named("Zoë", "zoe@müller.example"))
    assert post.taken[0].receivers == ["zoe@xn--mller-kva.example"]
    assert "SMTPUTF8" not in post.taken[0].options


async def test_a_server_that_does_not_know_them_is_told() -> None:
    greeting = [b"220 a\r\n", b"250 a\r\n", b"221 a\r\n"]
    async with bare_server(scripted(*greeting)) as port:
        reason = await failure(sink(port), named("Zoë", "zoë@mail.example"))
    assert "SMTPUTF8 is not supported by this server" in reason
