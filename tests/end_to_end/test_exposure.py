"""A server that others can reach does not start before it is told who may call."""

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.processes import FRAMEWORK, PATIENCE_SECONDS, ROOT, UVICORN, environment
from tests.ports import free_port

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - what is tested
SERVERS = {
    "functions-framework, as it is": (
        *(FRAMEWORK, "--source", str(ROOT / "main.py"), "--target", "create_appointment"),
    ),
    "uvicorn": (UVICORN, "--factory", "shared.runtime.container:serve", "--host", ANY_ADDRESS),
}


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_others_can_reach_asks_who_may_call(tmp_path: Path, server: str) -> None:
    ended = subprocess.run(  # noqa: S603 - our own programs
        [*SERVERS[server], "--port", str(free_port())],
        cwd=tmp_path,
        env=environment(tmp_path, {"DOCTORS_FILE": str(ROOT / "doctors.json")}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        'AUTH: must be set where others than this machine can connect: "none", "firebase", or the'
        " https:// address of an issuer\n"
    )
