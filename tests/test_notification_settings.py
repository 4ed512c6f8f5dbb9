"""Who is told of events: good settings, and one line about each bad one."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.settings import (
    MailSettings,
    NotificationSettings,
    PubSubTopic,
    SettingsError,
    SmtpServer,
    WebhookSettings,
    read_settings,
)

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
"""24 bytes, the fewest."""
UNPADDED = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3OA"
LONGEST = "whsec_" + "QUFB" * 21 + "QQ=="
HOOK = "https://clinic.example/hook"
FROM = "Clinic <appointments@clinic.example>"
CLOUD = {"K_SERVICE": "create_appointment", "AUTH": "none"}

LOCAL_RULE = (
    "WEBHOOK_URLS: must be https:// addresses, or http:// ones of this machine, without user, "
    "password and fragment, separated by commas (inside of one: %2C); see number "
)
RULE = (
    "WEBHOOK_URLS: must be https:// addresses, without user, password and fragment, "
    "separated by commas (inside of one: %2C); see number "
)
KEY_RULE = (
    'WEBHOOK_SECRET: must be one or two of "whsec_" and 24 to 64 random bytes in base64, '
    "separated by a comma"
)
SERVER_RULE = (
    'MAIL: must be "firestore", or a server such as "smtp://user:password@mail.example:587"'
)
FROM_RULE = 'MAIL_FROM: must be an address, as in "Clinic <appointments@clinic.example>"'
TOPIC_RULE = (
    'PUBSUB_TOPIC: must be a topic such as "appointments", with GOOGLE_CLOUD_PROJECT set, or '
    '"projects/my-clinic/topics/appointments"'
)
REMINDERS_RULE = (
    "REMINDERS: must be minutes before the start, up to 10 numbers from 1 to 525600, "
    'as in "1440,120", not '
)


def told(environment: dict[str, str], *, exposed: bool = False) -> NotificationSettings:
    return read_settings({"AUTH": "none", **environment}, exposed=exposed).notifications


def hooks(urls: str, **more: str) -> dict[str, str]:
    return {"WEBHOOK_URLS": urls, "WEBHOOK_SECRET": KEY, **more}


def mail(text: str, **more: str) -> dict[str, str]:
    return {"MAIL": text, "MAIL_FROM": FROM, **more}


def mistake_in(environment: dict[str, str], *, exposed: bool = False) -> str:
    with pytest.raises(SettingsError) as caught:
        told(environment, exposed=exposed)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("environment", [{}, {"WEBHOOK_URLS": "", "MAIL": "", "REMINDERS": ""}])
def test_without_settings_nobody_is_told(environment: dict[str, str]) -> None:
    assert told(environment) == NotificationSettings()
    assert not told(environment).is_any


@pytest.mark.parametrize(
    ("urls", "found"),
    [
        (HOOK, (HOOK,)),
        (f" {HOOK} ,, https://b.example:8443/,", (HOOK, "https://b.example:8443/")),
        ("https://a.example/x?key=a@b%2Cc&d", ("https://a.example/x?key=a@b%2Cc&d",)),
        ("https://10.0.0.1/;a=b", ("https://10.0.0.1/;a=b",)),
        ("http://localhost:9000/", ("http://localhost:9000/",)),
        ("http://127.0.0.1/,http://[::1]:9000", ("http://127.0.0.1/", "http://[::1]:9000")),
    ],
)
def test_webhooks_are_read(urls: str, found: tuple[str, ...]) -> None:
    settings = told(hooks(urls))
    assert settings == NotificationSettings(WebhookSettings(found, (KEY,), loopback=True))
    assert settings.is_any


@pytest.mark.parametrize("environment", [{}, CLOUD], ids=["exposed", "in the cloud"])
def test_where_others_can_connect_hooks_may_not_reach_this_machine(
    environment: dict[str, str],
) -> None:
    settings = told(hooks(HOOK, **environment), exposed=True)
    assert settings.webhooks == WebhookSettings((HOOK,), (KEY,), loopback=False)
    refused = hooks(f"{HOOK},http://localhost/", **environment)
    assert mistake_in(refused, exposed=True) == f"{RULE}2"


def test_private_addresses_are_allowed_only_if_that_is_said() -> None:
    settings = told(hooks(HOOK, WEBHOOK_PRIVATE="on")).webhooks
    assert settings == WebhookSettings((HOOK,), (KEY,), private=True, loopback=True)
    settings = told(hooks(HOOK, WEBHOOK_PRIVATE="off")).webhooks
    assert settings == WebhookSettings((HOOK,), (KEY,), loopback=True)


@pytest.mark.parametrize("secrets", [(KEY,), (UNPADDED,), (LONGEST,), (KEY, LONGEST)], ids=len)
def test_secrets_are_one_or_two_with_their_padding_or_without(secrets: tuple[str, ...]) -> None:
    settings = told({"WEBHOOK_URLS": HOOK, "WEBHOOK_SECRET": " , ".join(secrets)})
    assert settings.webhooks == WebhookSettings((HOOK,), secrets, loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "clinic.example",
        "http://clinic.example/",
        "http://127.1/",
        "ftp://clinic.example/",
        "https://",
        "https://user@clinic.example/",
        "https://user:password@clinic.example/",
        "https://clinic.example/#part",
        "https://clinic.example/?a#part",
        "https://clinic.example/a b",
        "https://clinic.example/?a b",
        "https://clinic.example/\u00e4",
        "https://clinic.example/?\u00e4",
        "https://clinic.example/?a\\b",
        "https://clinic.example:0/",
        "https://clinic.example:65536/",
        "https://clinic.example:https/",
        "https://[clinic]/",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_named_by_its_place_and_not_shown(url: str) -> None:
    assert mistake_in(hooks(f"{HOOK},{url}")) == f"{LOCAL_RULE}2"


def test_a_comma_in_an_address_separates_it() -> None:
    assert mistake_in(hooks(f"{HOOK}?key=se,cret")) == f"{LOCAL_RULE}2"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            hooks(",".join(f"{HOOK}/{number}" for number in range(11))),
            "WEBHOOK_URLS: must be at most 10, each of them once",
        ),
        (hooks(f"{HOOK},{HOOK}"), "WEBHOOK_URLS: must be at most 10, each of them once"),
        (hooks(HOOK, WEBHOOK_PRIVATE="yes"), 'WEBHOOK_PRIVATE: must be "off" or "on", not "yes"'),
        ({"WEBHOOK_SECRET": KEY}, "WEBHOOK_SECRET: means nothing without WEBHOOK_URLS"),
        (
            {"WEBHOOK_URLS": " , ", "WEBHOOK_PRIVATE": "on"},
            "WEBHOOK_PRIVATE: means nothing without WEBHOOK_URLS",
        ),
        ({"MAIL_FROM": FROM}, "MAIL_FROM: means nothing without MAIL"),
        ({"MAIL_LINK": HOOK}, "MAIL_LINK: means nothing without MAIL"),
        ({"MAIL_LANGUAGE": "de"}, "MAIL_LANGUAGE: means nothing without MAIL"),
        ({"MAIL_TEMPLATES": "a"}, "MAIL_TEMPLATES: means nothing without MAIL"),
        (
            {"MAIL": "smtp://mail.example"},
            'MAIL_FROM: must be set, as in "Clinic <appointments@clinic.example>"',
        ),
        (mail("firestore"), "MAIL: firestore needs STORE=firestore"),
        (mail("firestore", STORE="sqlite:a.db"), "MAIL: firestore needs STORE=firestore"),
        (mail("mail.example"), SERVER_RULE),
        (mail("smtp://"), SERVER_RULE),
        (mail("smtp://[mail"), SERVER_RULE),
        (mail("smtp://u:p@mail.example:mail"), SERVER_RULE),
        (mail("http://u:p@mail.example"), SERVER_RULE),
        (mail("smtp://u:p@mail.example/inbox"), SERVER_RULE),
        (mail("smtp://u:p@mail.example?tls=1"), SERVER_RULE),
        (
            mail("smtp://mail.example", MAIL_LANGUAGE="fr"),
            'MAIL_LANGUAGE: must be one of de, en, or a folder in MAIL_TEMPLATES, not "fr"',
        ),
        (
            mail("smtp://mail.example", MAIL_TEMPLATES="/nowhere"),
            'MAIL_TEMPLATES: must be a folder; "/nowhere" is none',
        ),
        (
            mail("smtp://mail.example", MAIL_LINK="clinic.example"),
            'MAIL_LINK: must be the https:// address of a page, not "clinic.example"',
        ),
        (
            {"MAIL": "smtp://mail.example", "MAIL_FROM": "clinic"},
            f'{FROM_RULE}, not "clinic": An email address must have an @-sign.',
        ),
        ({"PUBSUB_TOPIC": "appointments"}, TOPIC_RULE),
        ({"PUBSUB_TOPIC": "a", "GOOGLE_CLOUD_PROJECT": "clinic"}, TOPIC_RULE),
        ({"PUBSUB_TOPIC": "goog-a", "GOOGLE_CLOUD_PROJECT": "clinic"}, TOPIC_RULE),
        ({"PUBSUB_TOPIC": "projects/clinic/subscriptions/appointments"}, TOPIC_RULE),
        ({"PUBSUB_TOPIC": "projects/clinic/topics/1st"}, TOPIC_RULE),
        (
            {
                "PUBSUB_TOPIC": "projects/clinic/topics/appointments",
                "PUBSUB_EMULATOR_HOST": "127.0.0.1:8085",
                **CLOUD,
            },
            "PUBSUB_EMULATOR_HOST: must not be set in the cloud",
        ),
        (
            {"REMINDERS": "120"},
            "REMINDERS: needs a sink: WEBHOOK_URLS, MAIL or PUBSUB_TOPIC",
        ),
        (hooks(HOOK, REMINDERS="0"), f'{REMINDERS_RULE}"0"'),
        (hooks(HOOK, REMINDERS="525601"), f'{REMINDERS_RULE}"525601"'),
        (hooks(HOOK, REMINDERS="2 h"), f'{REMINDERS_RULE}"2 h"'),
        (
            hooks(HOOK, REMINDERS="1,2,3,4,5,6,7,8,9,10,11"),
            f'{REMINDERS_RULE}"1,2,3,4,5,6,7,8,9,10,11"',
        ),
    ],
)
def test_a_bad_setting_is_named_with_what_would_be_right(
    environment: dict[str, str], message: str
) -> None:
    assert mistake_in(environment) == message


@pytest.mark.parametrize(
    "secrets",
    [
        "",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY",
        "whsec_" + "QUFB" * 22,
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3A",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAx-jM0NTY3",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3====",
        f"{KEY},{KEY},{KEY}",
        f"{KEY},short",
    ],
    ids=["none", "no prefix", "short", "long", "cut off", "not base64", "padded", "three", "one"],
)
def test_secrets_that_cannot_be_used_are_not_shown(secrets: str) -> None:
    assert mistake_in({"WEBHOOK_URLS": HOOK, "WEBHOOK_SECRET": secrets}) == KEY_RULE


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587)),
        ("smtps://mail.example/", SmtpServer("mail.example", 465, tls=True)),
        (
            "smtp://us%40er:p%2Fw@mail.example:25",
            SmtpServer("mail.example", 25, "us@er", "p/w"),
        ),
    ],
)
def test_a_server_of_mail_is_read(text: str, server: SmtpServer) -> None:
    assert told(mail(text)) == NotificationSettings(mail=MailSettings(server, FROM))


def test_mail_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    more = {
        "MAIL_LANGUAGE": "fr",
        "MAIL_TEMPLATES": str(tmp_path),
        "MAIL_LINK": f"{HOOK}?id={{id}}",
    }
    firestore = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"}
    settings = told(mail("firestore", **more, **firestore)).mail
    assert settings == MailSettings("firestore", FROM, "fr", f"{HOOK}?id={{id}}", tmp_path)
    in_cloud = told(mail("firestore", MAIL_LANGUAGE="de", **CLOUD), exposed=True)
    assert in_cloud.mail == MailSettings("firestore", FROM, "de")
    assert in_cloud.is_any


@pytest.mark.parametrize(
    ("environment", "topic"),
    [
        (
            {"PUBSUB_TOPIC": "appointments", "GOOGLE_CLOUD_PROJECT": "clinic"},
            PubSubTopic("projects/clinic/topics/appointments"),
        ),
        (
            {
                "PUBSUB_TOPIC": "projects/example.com:clinic/topics/a.b~c%2B",
                "PUBSUB_EMULATOR_HOST": "127.0.0.1:8085",
            },
            PubSubTopic("projects/example.com:clinic/topics/a.b~c%2B", "127.0.0.1:8085"),
        ),
    ],
)
def test_a_topic_is_read(environment: dict[str, str], topic: PubSubTopic) -> None:
    assert told(environment) == NotificationSettings(pubsub=topic)
    assert told(environment).is_any


def test_reminders_are_read_the_earliest_first_and_each_of_them_once() -> None:
    assert told(hooks(HOOK, REMINDERS=" 120 ,1440,120, 525600")).reminders == (
        timedelta(days=365),
        timedelta(days=1),
        timedelta(hours=2),
    )
