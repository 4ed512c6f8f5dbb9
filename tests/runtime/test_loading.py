"""What a start imports: who does not use a thing does not pay for it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.runtime.test_mail_sink import DOCUMENTS, SMTP
from tests.runtime.test_sinks import HOOKS, TOPIC

ROOT = Path(__file__).parents[2]
EMULATOR = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}  # without one, credentials are loaded
ACCOUNTS = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "clinic"}

# The starts have in common what was imported before them, and nothing else.
STARTS = """
import json, os, sys
from shared.runtime.composition import start
names = sys.argv[2:]
for settings in json.loads(sys.argv[1]):
    if not os.fork():
        start({**os.environ, **settings}, exposed=False)
        print(json.dumps([name for name in names if name in sys.modules]), flush=True)
        os._exit(0)
    os.wait()
"""
MAIL = ["shared.notifications.mail.composer", "jinja2", "babel", "icalendar"]
BY_SERVER = ["shared.notifications.mail.smtp", "aiosmtplib"]
BY_EXTENSION = ["shared.notifications.mail.documents"]
BY_HTTP = ["shared.notifications.http_client"]
TO_HOOKS = ["shared.notifications.webhooks", "standardwebhooks"]
TO_TOPIC = ["shared.notifications.pubsub", "shared.notifications.pubsub_token"]
WHEN_SENT = ["shared.notifications.checked_network", "httpcore", "google.auth"]
FOR_TOKENS = ["cryptography", "jwt", "requests", "urllib3"]
ALL = sorted(
    MAIL + BY_SERVER + BY_EXTENSION + BY_HTTP + TO_HOOKS + TO_TOPIC + WHEN_SENT + FOR_TOKENS
)

LOADED: Mapping[str, tuple[Mapping[str, str], list[str]]] = {
    "nothing": ({}, []),
    "mail by a server": (SMTP, MAIL + BY_SERVER),
    "mail by the extension": ({**DOCUMENTS, **EMULATOR}, MAIL + BY_EXTENSION),
    "webhooks": (HOOKS, BY_HTTP + TO_HOOKS),
    "Pub/Sub": (TOPIC, BY_HTTP + TO_TOPIC),
    "accounts": (ACCOUNTS, FOR_TOKENS),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What each start has loaded, in a process of its own."""
    settings = json.dumps([settings for settings, _ in LOADED.values()])
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", STARTS, settings, *ALL],
        cwd=tmp_path_factory.mktemp("starts"),
        env={"PYTHONPATH": str(ROOT), "DOCTORS_FILE": str(ROOT / "doctors.json")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return dict(zip(LOADED, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("used", LOADED)
def test_what_nobody_uses_is_not_imported(used: str, found: Mapping[str, list[str]]) -> None:
    assert found[used] == sorted(LOADED[used][1])
