"""Mail servers on the loopback interface: real ones, and ones that misbehave."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.ports import HOST


@dataclass
class Taken:
    """A mail as a server has taken it, and how it came there."""

    sender: str
    receivers: Sequence[str]
    content: bytes
    user: str | None
    is_encrypted: bool
    greeting: str
    options: Sequence[str]


@dataclass
class Post:
    """What a server takes, and what it says to each command instead, if anything."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - the same
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802 - the same
        self, _: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" not in self.answers:
            self.taken.append(_taken(session, envelope))
        return self.answers.get("DATA", "250 OK")

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802
        return self.answers.get("QUIT", "221 Bye")


def _taken(session: Session, envelope: Envelope) -> Taken:
    assert isinstance(envelope.content, bytes)
    assert envelope.mail_from
    user = cast("bytes", session.auth_data).decode() if session.authenticated else None
    return Taken(
        envelope.mail_from,
        envelope.rcpt_tos,
        envelope.content,
        user,
        session.ssl is not None,
        session.host_name or "",
        envelope.mail_options,
    )


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """Let in who knows this user's password."""

    def authenticate(
        _: SMTP, __: Session, ___: Envelope, ____: str, data: LoginPassword
    ) -> AuthResult:
        known = data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=known, handled=False, auth_data=data.login)

    return authenticate


def server_tls(certificate: Path) -> ssl.SSLContext:
    """How a server with a certificate speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def mail_server(
    post: Post,
    tls: ssl.SSLContext | None = None,
    **options: Any,  # noqa: ANN401 - the library's own
) -> AsyncIterator[int]:
    """The port of a server, which with `tls` speaks nothing else."""
    protocol = partial(SMTP, post, hostname="mail.example", enable_SMTPUTF8=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(protocol, **options), HOST, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def bare_server(conversation: Conversation) -> AsyncIterator[int]:
    """The port of a server that says whatever it likes."""
    talks = set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(_talk(conversation, reader, writer)))

    async with await asyncio.start_server(serve, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _talk(
    conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await conversation(reader, writer)
    finally:
        writer.close()


def scripted(*answers: bytes, silent: bool = False) -> Conversation:
    """Greet, answer one command after the other, then close the connection or stay silent."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting, *others = answers
        writer.write(greeting)
        for answer in others:
            await reader.readline()
            writer.write(answer)
        if silent:
            await asyncio.Event().wait()

    return talk


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a mail, but only after thinking about each of the four commands for 0.4 s."""
    writer.write(b"220 a\r\n")
    while line := await reader.readline():
        await asyncio.sleep(0.4)
        if line.startswith(b"DATA"):
            writer.write(b"354 a\r\n")
            await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 a\r\n")
