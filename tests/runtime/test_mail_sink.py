"""Mail as the settings want it, and a start that ends where it could not work at night."""

from pathlib import Path

import pytest

from shared.notifications.mail.documents import DocumentSink
from shared.notifications.mail.smtp import SmtpSink
from shared.runtime.composition import start
from shared.runtime.sinks import open_sinks
from shared.settings import FirestoreDatabase, read_settings
from shared.store.firestore.store import FirestoreStore
from shared.store.sqlite.store import SqliteStore

SMTP = {"MAIL": "smtp://mail.example", "MAIL_FROM": "Clinic <appointments@clinic.example>"}
DOCUMENTS = {**SMTP, "MAIL": "firestore", "STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "clinic"}


def test_mail_is_sent_by_a_server_or_written_for_the_extension(tmp_path: Path) -> None:
    file = SqliteStore(str(tmp_path / "a.db"))
    firestore = FirestoreStore(FirestoreDatabase("clinic", "(default)", None), 10)
    [by_server] = open_sinks(read_settings(SMTP).notifications, file)
    [by_extension] = open_sinks(read_settings(DOCUMENTS).notifications, firestore)
    assert (type(by_server), type(by_extension)) == (SmtpSink, DocumentSink)
    # What waits goes on waiting for the same sink when the way of sending changes.
    assert by_server.name == by_extension.name == "mail"


def test_only_firestore_has_documents_that_the_extension_reads(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="SqliteStore keeps no mail"):
        open_sinks(read_settings(DOCUMENTS).notifications, SqliteStore(str(tmp_path / "a.db")))


def test_a_mistake_in_a_template_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/booked.txt").write_text("Subject: a\n\n{{ patent }}\n")
    environment = {**SMTP, "MAIL_TEMPLATES": str(tmp_path), "STORE": f"sqlite:{tmp_path}/a.db"}
    with pytest.raises(SystemExit) as ended:
        start(environment, exposed=False)
    assert ended.value.code == ("MAIL_TEMPLATES: en/booked.txt, line 3: 'patent' is undefined")
    # A function that is served alone does not pay for what only `deliver_events` needs.
    start({**environment, "FUNCTION_TARGET": "create_appointment"}, exposed=False)
    with pytest.raises(SystemExit):
        start({**environment, "FUNCTION_TARGET": "deliver_events"}, exposed=False)
