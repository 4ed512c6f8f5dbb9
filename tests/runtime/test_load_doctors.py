"""The command that loads the doctors of the clinic file."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.observability.request_record import RequestRecord
from shared.runtime import load_doctors
from shared.runtime.composition import open_dependencies
from shared.settings import read_settings

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"


class Observer:
    """Notes that it was closed."""

    closed = False

    def __call__(self, record: RequestRecord) -> None:
        raise AssertionError(record)

    def close(self) -> None:
        self.closed = True


async def test_it_closes_the_store_and_every_observer_and_writes_only_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "appointments.db"
    settings = read_settings({"STORE": f"sqlite:{file}", "DOCTORS_FILE": str(DOCTORS_FILE)})
    for said in ("strange: added\nwho: added\n", "strange: unchanged\nwho: unchanged\n"):
        observer = Observer()
        opened = replace(open_dependencies(settings), observers=(observer,))
        before = file.stat().st_mtime_ns
        await load_doctors.load(opened)
        assert capsys.readouterr().out == said
        assert observer.closed
        assert (file.stat().st_mtime_ns == before) == ("unchanged" in said)
