"""The settings that say who is told of events: webhooks, e-mail, Pub/Sub, and when."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from shared.settings.addresses import is_address
from shared.settings.errors import SettingsError
from shared.settings.values import listed, switch
from shared.texts import email_address

MOST_WEBHOOKS = 10
MOST_REMINDERS = 10
LONGEST_REMINDER = 525_600
SECRET_BYTES = (24, 64)
"""The shortest and the longest secret (Standard Webhooks, "Signature scheme")."""
MAIL_LANGUAGES = ("de", "en")
SMTP_PORTS = {"smtp": 587, "smtps": 465}

_OF_WEBHOOKS = ("WEBHOOK_SECRET", "WEBHOOK_PRIVATE")
_OF_MAIL = ("MAIL_FROM", "MAIL_LINK", "MAIL_LANGUAGE", "MAIL_TEMPLATES")
_PREFIX = "whsec_"
_SECRET = re.compile(rf"{_PREFIX}[A-Za-z0-9+/]+={{0,2}}")
_NOT_IN_QUERIES = set('{}#\\"<>')
_EMULATOR = "PUBSUB_EMULATOR_HOST"


class WebhookSettings(Struct, frozen=True):
    """Where events are posted, and the secrets that sign them, newest first.

    `private` allows addresses that the internet cannot reach, `loopback` those of this machine.
    """

    urls: tuple[str, ...]
    secrets: tuple[str, ...]
    private: bool = False
    loopback: bool = False


class SmtpServer(Struct, frozen=True):
    """A server that takes mail. `tls` tells that the connection is encrypted from the start."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False


class MailSettings(Struct, frozen=True):
    """How patients get mail: by a server, or as documents that an extension of Firebase sends.

    `link` is the page where a patient moves or cancels, `templates` the folder of an operator
    whose files take the place of ours.
    """

    transport: SmtpServer | Literal["firestore"]
    sender: str
    language: str = "en"
    link: str | None = None
    templates: Path | None = None


class PubSubTopic(Struct, frozen=True):
    """The whole name of a topic. `emulator` is the address of an emulator to use in its place."""

    name: str
    emulator: str | None = None


class NotificationSettings(Struct, frozen=True):
    """Who is told of events. `reminders` are how long before its start an appointment is due."""

    webhooks: WebhookSettings | None = None
    mail: MailSettings | None = None
    pubsub: PubSubTopic | None = None
    reminders: tuple[timedelta, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether anybody is told: only then are events written."""
        return bool(self.webhooks or self.mail or self.pubsub)


def read_notifications(given: Mapping[str, str], *, exposed: bool) -> NotificationSettings:
    """Read who is told. Raises SettingsError for the first value that cannot be used.

    `exposed` tells that the process serves more than the loopback interface.
    """
    on_loopback = not exposed and "K_SERVICE" not in given
    found = NotificationSettings(
        _webhooks(given, loopback=on_loopback),
        _mail(given, loopback=on_loopback),
        _topic(given),
        _reminders(given.get("REMINDERS", "")),
    )
    if found.reminders and not found.is_any:
        raise SettingsError("REMINDERS: needs a sink: WEBHOOK_URLS, MAIL or PUBSUB_TOPIC")
    return found


def _webhooks(given: Mapping[str, str], *, loopback: bool) -> WebhookSettings | None:
    urls = listed(given.get("WEBHOOK_URLS", ""))
    if not urls:
        _refuse(given, _OF_WEBHOOKS, "WEBHOOK_URLS")
        return None
    private = switch(given, "WEBHOOK_PRIVATE")
    for number, url in enumerate(urls, start=1):
        if not _is_hook(url, loopback=loopback):
            # Not repeated: what knows an address may post to it.
            raise SettingsError(
                f"WEBHOOK_URLS: {_hooks_rule(loopback=loopback)}; see number {number}"
            )
    if len(urls) > MOST_WEBHOOKS or len(set(urls)) < len(urls):
        raise SettingsError(f"WEBHOOK_URLS: must be at most {MOST_WEBHOOKS}, each of them once")
    secrets = listed(given.get("WEBHOOK_SECRET", ""))
    if len(secrets) not in (1, 2) or not all(map(_is_secret, secrets)):
        least, most = SECRET_BYTES
        rule = f'one or two of "{_PREFIX}" and {least} to {most} random bytes in base64'
        raise SettingsError(f"WEBHOOK_SECRET: must be {rule}, separated by a comma")
    return WebhookSettings(urls, secrets, private, loopback)


def _is_hook(url: str, *, loopback: bool) -> bool:
    """Whether a text is an address that can be posted to, as it stands."""
    address, _, query = url.partition("?")
    if not is_address(address, local_http=loopback) or urlsplit(address).port == 0:
        return False
    return re.fullmatch(r"[\x21-\x7e]*", query) is not None and not set(query) & _NOT_IN_QUERIES


def _hooks_rule(*, loopback: bool) -> str:
    more = ", or http:// ones of this machine" if loopback else ""
    parts = "without user, password and fragment"
    return f"must be https:// addresses{more}, {parts}, separated by commas (inside of one: %2C)"


def _is_secret(text: str) -> bool:
    if not _SECRET.fullmatch(text):
        return False
    encoded = text.removeprefix(_PREFIX)
    try:
        # The padding may be absent, as to the libraries that sign and verify.
        secret = b64decode(encoded + "=" * (-len(encoded) % 4))
    except Base64Error:
        return False
    least, most = SECRET_BYTES
    return least <= len(secret) <= most


def _mail(given: Mapping[str, str], *, loopback: bool) -> MailSettings | None:
    text = given.get("MAIL")
    if text is None:
        _refuse(given, _OF_MAIL, "MAIL")
        return None
    if text == "firestore" and not _uses_firestore(given):
        raise SettingsError("MAIL: firestore needs STORE=firestore")
    if "MAIL_FROM" not in given:
        raise SettingsError('MAIL_FROM: must be set, as in "Clinic <appointments@clinic.example>"')
    language = given.get("MAIL_LANGUAGE", "en")
    templates = Path(given["MAIL_TEMPLATES"]) if "MAIL_TEMPLATES" in given else None
    if templates and not templates.is_dir():
        raise SettingsError(f'MAIL_TEMPLATES: must be a folder; "{templates}" is none')
    if language not in MAIL_LANGUAGES and not (templates and (templates / language).is_dir()):
        rule = f"must be one of {', '.join(MAIL_LANGUAGES)}, or a folder in MAIL_TEMPLATES"
        raise SettingsError(f'MAIL_LANGUAGE: {rule}, not "{language}"')
    link = given.get("MAIL_LINK")
    if link and not is_address(link.partition("?")[0], local_http=loopback):
        raise SettingsError(f'MAIL_LINK: must be the https:// address of a page, not "{link}"')
    sender = _sender(given["MAIL_FROM"])
    return MailSettings(_transport(text), sender, language, link, templates)


def _transport(text: str) -> SmtpServer | Literal["firestore"]:
    return "firestore" if text == "firestore" else _smtp_server(text)


def _smtp_server(text: str) -> SmtpServer:
    example = '"firestore", or a server such as "smtp://user:password@mail.example:587"'
    try:
        address = urlsplit(text)
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    # The text may hold a password, so nobody repeats it.
    if not host or address.scheme not in SMTP_PORTS or address.path.strip("/") or address.query:
        raise SettingsError(f"MAIL: must be {example}")
    user, password = address.username, address.password
    return SmtpServer(
        host,
        port or SMTP_PORTS[address.scheme],
        unquote(user) if user else None,
        unquote(password) if password else None,
        address.scheme == "smtps",
    )


def _sender(text: str) -> str:
    try:
        email_address(text, allow_name=True)
    except ValueError as error:
        rule = 'must be an address, as in "Clinic <appointments@clinic.example>"'
        raise SettingsError(f'MAIL_FROM: {rule}, not "{text}": {error}') from None
    return text


def _topic(given: Mapping[str, str]) -> PubSubTopic | None:
    text = given.get("PUBSUB_TOPIC")
    if text is None:
        return None
    project = given.get("GOOGLE_CLOUD_PROJECT")
    name = text if "/" in text or project is None else f"projects/{project}/topics/{text}"
    if not re.fullmatch(
        r"projects/[a-z0-9:.-]+/topics/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}", name
    ):
        rule = 'must be a topic such as "appointments", with GOOGLE_CLOUD_PROJECT set, or'
        raise SettingsError(f'PUBSUB_TOPIC: {rule} "projects/my-clinic/topics/appointments"')
    if _EMULATOR in given and "K_SERVICE" in given:
        raise SettingsError(f"{_EMULATOR}: must not be set in the cloud")
    return PubSubTopic(name, given.get(_EMULATOR))


def _reminders(text: str) -> tuple[timedelta, ...]:
    minutes = listed(text)
    right = all(re.fullmatch(r"[0-9]{1,6}", m) and 1 <= int(m) <= LONGEST_REMINDER for m in minutes)
    if not right or len(minutes) > MOST_REMINDERS:
        rule = f"minutes before the start, up to {MOST_REMINDERS} numbers from 1"
        raise SettingsError(
            f'REMINDERS: must be {rule} to {LONGEST_REMINDER}, as in "1440,120", not "{text}"'
        )
    return tuple(timedelta(minutes=each) for each in sorted(set(map(int, minutes)), reverse=True))


def _uses_firestore(given: Mapping[str, str]) -> bool:
    return given.get("STORE", "firestore" if "K_SERVICE" in given else "") == "firestore"


def _refuse(given: Mapping[str, str], names: tuple[str, ...], needed: str) -> None:
    for name in names:
        if name in given:
            raise SettingsError(f"{name}: means nothing without {needed}")
