"""The commands that the pages print: they can be pasted into any shell, and are understood."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.options import RUNTIME, Options, parsed
from shared.runtime import events
from tests.deploy.deployments import PAGES, ROOT, StandIns, shell_lines


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


def test_before_a_restore_every_service_is_closed_to_everybody(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "backup.md").read_text("utf-8")
    restore = page.partition("### Restore")[2].partition("Then create it")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", restore, re.DOTALL | re.MULTILINE)
    gcloud = StandIns.made_in(tmp_path)
    gcloud.answer({"gcloud run services list *": (0, "appointments\\ncreate-series")})
    command = ["bash", "-euc", f"P=my-clinic R=europe-west1\n{block}"]
    subprocess.run(command, cwd=tmp_path, env={"PATH": gcloud.path}, check=True)  # noqa: S603
    account = Options(project="my-clinic").account(RUNTIME)
    of_ours = f"spec.template.spec.serviceAccountName={account}"
    where = "--project=my-clinic --region=europe-west1"
    assert gcloud.calls() == [
        f"gcloud run services list {where} --filter={of_ours} --format=value(metadata.name)",
        f"gcloud run services set-iam-policy appointments closed.json {where} --quiet",
        f"gcloud run services set-iam-policy create-series closed.json {where} --quiet",
    ]
    assert json.loads((tmp_path / "closed.json").read_text()) == {"bindings": []}


def test_the_commands_for_events_of_the_pages_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for page in PAGES for line in shell_lines(page)]
    found = [
        each for line in lines for each in re.findall(r"shared\.runtime\.events ([^|]+)", line)
    ]
    for arguments in found:
        events.main(arguments.split(), {"STORE": f"sqlite:{tmp_path / 'appointments.db'}"})
    assert {arguments.split()[0] for arguments in found} == {"list", "resend"}
    assert capsys.readouterr().out.count("0 set aside, 0 waiting") == 3


def test_every_module_that_a_page_runs_exists() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    modules = set(re.findall(r"python -m\s(shared\.runtime\.\w+)", text))
    assert len(modules) > 5
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []
