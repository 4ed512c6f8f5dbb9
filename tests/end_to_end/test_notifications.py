"""The commands of docs/notifications.md, as they are printed there."""

import json
import os
import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.pasting import paste
from tests.end_to_end.processes import PATIENCE_SECONDS, ROOT, launched, local_runner
from tests.ports import free_port

PAGE = ROOT / "docs" / "notifications.md"
NEEDED = ("curl", "python3")


@pytest.fixture
def blocks() -> list[str]:
    """The commands of each terminal, on ports that are free."""
    text = PAGE.read_text("utf-8")
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[:3]
    ports = {port: str(free_port()) for port in ("8080", "9000", "1025")}
    pattern = re.compile(r"(localhost(?::|\", ))(\d+)")
    return [pattern.sub(lambda match: match[1] + ports[match[2]], block) for block in found]


def settings_of(command: str) -> dict[str, str]:
    """The settings that a `make run` is given."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == ["make", "run"]
    return dict(word.split("=", 1) for word in words[2:])


def lines_until_mail_ends(output: Iterator[str]) -> list[str]:
    """What the receiver prints until it has shown a webhook and a whole mail."""
    lines: list[str] = []
    while not (
        any(line.startswith("webhook:") for line in lines)
        and any(line.startswith("You get this automatic e-mail") for line in lines)
    ):
        lines.append(next(output))
    return lines


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="needs what the commands need")
def test_the_webhook_and_the_mail_come_as_printed(tmp_path: Path, blocks: list[str]) -> None:
    receiver, run, booking = blocks
    errors = tmp_path / "receiver.txt"
    path = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with launched(["bash", "-c", receiver], tmp_path, path, errors) as process:
        patience = threading.Timer(PATIENCE_SECONDS, process.kill)
        patience.start()
        try:
            port = int(re.findall(r"localhost:(\d+)/create_appointment", booking)[0])
            settings = {"DOCTORS_FILE": str(ROOT / "doctors.json"), **settings_of(run)}
            with local_runner(tmp_path, settings, port):
                [(status, booked)] = paste([booking.replace("\\\n", " ")], tmp_path)
                assert process.stdout
                lines = lines_until_mail_ends(process.stdout)
        finally:
            patience.cancel()
            process.kill()
    assert status == 201
    [webhook] = [line for line in lines if line.startswith("webhook:")]
    event = json.loads(webhook.split(" ", 2)[2])
    assert (event["type"], event["data"]) == ("appointment.booked", booked)
    assert "mail to Ada Lovelace <ada@mail.example> \n" in lines
    assert "Subject: Your appointment on Monday, January 7, 2030, 10:00 AM \n" in lines
    assert f"http://localhost:{port}/docs?appointment_id={booked['id']}\n" in lines
