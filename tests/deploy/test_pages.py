"""The commands that the pages print: they can be pasted into any shell, and are understood."""

import re
from pathlib import Path

import pytest

from deploy.options import parsed
from tests.deploy.deployments import PAGES, ROOT, shell_lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_command_is_followed_by_a_comment(page: Path) -> None:
    """The shell of macOS takes it for arguments."""
    assert [line for line in shell_lines(page) if re.search(r"(^|\s)#", line)] == []


def test_what_the_pages_say_of_deploy_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    (_, _, options) = text.partition("cat > production.txt <<END\n")
    (tmp_path / "production.txt").write_text(options.partition("END\n")[0])
    monkeypatch.chdir(tmp_path)
    found = [
        line.replace("PROJECT", "my-clinic").replace("REGION", "europe-west1")
        for page in PAGES
        for line in shell_lines(page)
        if line.startswith("python3 -m deploy ")
    ]
    verbs = {parsed(line.split()[3:])[0] for line in found}
    assert verbs == {"functions", "container", "smoke", "watch", "remove"}
