"""The commands of docs/calendar-feeds.md, as they are printed there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from icalendar import Calendar

from tests.deploy.deployments import shell_lines
from tests.end_to_end.processes import PATIENCE_SECONDS, ROOT, local_runner
from tests.ports import free_port

SETTINGS = {"DOCTORS_FILE": str(ROOT / "doctors.json")}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_commands_work_as_printed(tmp_path: Path) -> None:
    port = free_port()
    page = ROOT / "docs" / "calendar-feeds.md"
    lines = [line.replace("localhost:8080", f"localhost:{port}") for line in shell_lines(page)]
    commands = [line for line in lines if not line.startswith("gcloud ")]
    with local_runner(tmp_path, SETTINGS, port):
        ended = subprocess.run(  # noqa: S603 - our own commands
            ["bash", "-c", "\n".join(commands)],  # noqa: S607 - the bash of whoever runs this
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
    booked, link = (json.loads(line) for line in ended.stderr.splitlines() if line[:1] == b"{")
    file, rest = ended.stdout.split(b"END:VCALENDAR\r\n", 1)
    feed, rest = rest.split(b"END:VCALENDAR\r\n", 1)
    renewed, gone = map(json.loads, rest.splitlines())
    (event,) = Calendar.from_ical(file + b"END:VCALENDAR\r\n").walk("VEVENT")
    assert (event["uid"], event["summary"]) == (booked["id"], "Doctor Strange")
    assert event["description"] == "a second opinion"
    (event,) = Calendar.from_ical(feed + b"END:VCALENDAR\r\n").walk("VEVENT")
    assert (event["uid"], event["summary"]) == (booked["id"], "Booked")
    assert link["path"].startswith("doctor_calendar?token=strange.")
    assert renewed["doctor_id"] == "strange"
    assert renewed["token"] != link["token"]
    assert (gone["status"], gone["code"]) == (404, "unknown_calendar")
    assert not re.search(b"Ada", feed)
