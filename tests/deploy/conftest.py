from pathlib import Path

import pytest

from tests.deploy.deployments import StandIns


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    stand_ins = StandIns.made_in(tmp_path)
    monkeypatch.setenv("PATH", stand_ins.path)
    return stand_ins
