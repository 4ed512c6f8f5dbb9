"""The files and the commands of docs/calendar.md, as they are printed there."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.deploy.deployments import shell_lines
from tests.end_to_end.pasting import paste
from tests.end_to_end.processes import ROOT, local_runner, run_module
from tests.ports import free_port

PAGE = ROOT / "docs" / "calendar.md"


def printed() -> tuple[str, str]:
    """The clinic file of the page, and the entry of a doctor who works at night."""
    file, entry = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return file, entry


def test_the_clinic_file_can_be_loaded_as_printed(tmp_path: Path) -> None:
    (tmp_path / "doctors.json").write_text(printed()[0])
    done = run_module("shared.runtime.load_doctors", tmp_path, {})
    assert (done.returncode, done.stdout) == (0, "the clinic: added\nstrange: added\nwho: added\n")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_commands_work_as_printed_with_a_doctor_who_works_at_night(tmp_path: Path) -> None:
    shipped = json.loads((ROOT / "doctors.json").read_text())
    doctors = [*shipped["doctors"], json.loads(printed()[1])]
    (tmp_path / "doctors.json").write_text(json.dumps({"doctors": doctors}))
    port = free_port()
    lines = [line.replace("localhost:8080", f"localhost:{port}") for line in shell_lines(PAGE)]
    asks = "\n".join(lines).partition(f"curl http://localhost:{port}/delete_override")
    with local_runner(tmp_path, {}, port):
        night, off, overrides = paste([asks[0]], tmp_path)
        rest = "".join(asks[1:]).replace("OVERRIDE_ID", off[1]["override_id"])
        rest = rest.replace('"ID"', f'"{night[1]["id"]}"')
        deleted, free, day, marked, late = paste([rest], tmp_path)
    assert night[0] == 201
    assert (night[1]["start"], night[1]["end"]) == ("2030-01-07T23:30:00Z", "2030-01-08T00:30:00Z")
    assert (off[0], off[1]["affected"]) == (201, [])
    assert [each["override_id"] for each in overrides[1]["overrides"]] == [off[1]["override_id"]]
    assert deleted[0] == 200
    assert (free[0], len(free[1]["days"])) == (200, 5)
    assert (day[0], day[1]["appointments"]) == (200, [night[1]])
    assert (marked[0], marked[1]["code"]) == (422, "too_early")
    assert (late[0], late[1]["start"][:16]) == (201, "2030-01-07T18:00")
