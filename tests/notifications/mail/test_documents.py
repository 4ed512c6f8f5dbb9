from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import icalendar
import pytest

from shared.notifications.mail.documents import DocumentSink
from shared.notifications.sink import DeliveryFailed
from shared.store.port import StoreError, StoreUnavailable
from tests.notifications.mail.messages import ID, composer, message, named


class Documents:
    """What is written, or the error that is raised instead."""

    def __init__(self, error: StoreError | None = None) -> None:
        self.written: list[tuple[str, str, Mapping[str, Any]]] = []
        self._error = error

    async def add_mail(
        self, event_id: str, appointment_id: str, fields: Mapping[str, object]
    ) -> None:
        if self._error:
            raise self._error
        self.written.append((event_id, appointment_id, fields))


async def test_a_mail_is_a_document_that_the_extension_reads() -> None:
    documents = Documents()
    sink = DocumentSink(documents, composer())
    assert (sink.name, sink.wants(message()), sink.wants(message("no_show"))) == (
        "mail",
        True,
        False,
    )
    await sink.send(message())
    await sink.close()
    mail = composer().compose(message())
    [(event_id, appointment_id, fields)] = documents.written
    assert (event_id, appointment_id) == (f"{ID}~00000001~0", ID)
    attachments = fields["message"].pop("attachments")
    assert fields == {
        "to": ["ada@mail.example"],
        "from": "Riverside Clinic <appointments@clinic.example>",
        "headers": {
            "Message-ID": "<f17426cdb664718d140aa7d8a4151cd7@clinic.example>",
            "Auto-Submitted": "auto-generated",
        },
        "message": {
            "subject": "Your appointment on Monday, November 23, 2026, 9:00 AM",
            "text": mail.text,
            "html": mail.html,
        },
    }
    [file] = attachments
    content = b64decode(file.pop("content"), validate=True)
    assert icalendar.Calendar.from_ical(content)["method"] == "REQUEST"
    assert file == {
        "filename": "appointment.ics",
        "encoding": "base64",
        "contentType": "text/calendar; charset=utf-8; method=REQUEST",
    }


async def test_a_mail_that_changes_no_calendar_has_no_file() -> None:
    documents = Documents()
    await DocumentSink(documents, composer()).send(message("reminder"))
    assert documents.written[0][2]["message"]["attachments"] == []


async def test_no_name_can_add_a_receiver() -> None:
    documents = Documents()
    await DocumentSink(documents, composer()).send(named('x" <eve@evil.example>, "y'))
    assert documents.written[0][2]["to"] == ["ada@mail.example"]


async def test_a_store_that_cannot_answer_is_a_failure() -> None:
    sink = DocumentSink(Documents(StoreUnavailable("UNAVAILABLE: no connection")), composer())
    with pytest.raises(DeliveryFailed, match="UNAVAILABLE: no connection"):
        await sink.send(message())
