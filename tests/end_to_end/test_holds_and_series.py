"""The commands of docs/holds-and-series.md, as they are printed there."""

import shutil
from pathlib import Path

import pytest

from tests.deploy.deployments import shell_lines
from tests.end_to_end.pasting import paste
from tests.end_to_end.processes import ROOT, local_runner
from tests.ports import free_port


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, as the commands do")
def test_the_commands_work_as_printed(tmp_path: Path) -> None:
    port = free_port()
    page = ROOT / "docs" / "holds-and-series.md"
    commands = [line.replace("localhost:8080", f"localhost:{port}") for line in shell_lines(page)]
    with local_runner(tmp_path, {"DOCTORS_FILE": str(ROOT / "doctors.json")}, port):
        held, taken, booked, released, series, refused, some, ended = paste(commands, tmp_path)
    assert (held[0], taken[0], booked[0], released[0]) == (201, 409, 201, 200)
    assert taken[1]["code"] == "slot_taken"
    assert 0 < taken[1]["retry_after"] <= 300
    assert booked[1]["start"] == held[1]["start"]
    days = ["05", "07", "12", "14", "19", "21"]
    assert series[0] == 201
    assert [each["start"][8:10] for each in series[1]["appointments"]] == days
    assert (refused[0], refused[1]["code"]) == (409, "series_unavailable")
    assert [each["start"][8:10] for each in refused[1]["unavailable"]] == ["05", "07"]
    assert some[0] == 201
    assert [each["start"][8:10] for each in some[1]["appointments"]] == ["06"]
    assert some[1]["skipped"] == refused[1]["unavailable"]
    assert ended[0] == 200
    assert [each["start"][8:10] for each in ended[1]["cancelled"]] == days[3:]
    assert ended[1]["kept"] == []
