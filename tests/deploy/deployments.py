"""The deploy command as a process, and stand-ins for the programs that it calls."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

# Records the call, and answers as the first matching pattern of the table says.
STAND_IN = """\
#!/bin/bash
line="${0##*/} $*"
echo "$line" >> "%(folder)s/calls"
while IFS=$'\\t' read -r pattern status output; do
  if [[ "$line" == $pattern ]]; then
    if ((status)); then printf '%%b\\n' "$output" >&2; else printf '%%b\\n' "$output"; fi
    exit "$status"
  fi
done < "%(folder)s/table"
"""


def shell_lines(page: Path) -> Iterator[str]:
    """Yield the commands of a page, each on one line."""
    text = page.read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield from block.replace("\\\n", " ").splitlines()


def deploy(
    *arguments: str,
    path: str,
    top: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `python3 -m deploy` to its end, with the programs of this PATH only."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "deploy", *arguments],
        cwd=top,
        env={"PATH": path, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class StandIns:
    """A folder with programs named gcloud, firebase and make."""

    folder: Path

    @classmethod
    def made_in(cls, folder: Path) -> "StandIns":
        """Create programs that print nothing and succeed, until `answer` says otherwise."""
        for name in ("gcloud", "firebase", "make"):
            program = folder / name
            program.write_text(STAND_IN % {"folder": folder})
            program.chmod(0o755)
        stand_ins = cls(folder)
        stand_ins.answer({})
        return stand_ins

    @property
    def path(self) -> str:
        """Return a PATH on which they come first."""
        return f"{self.folder}:{Path(sys.executable).parent}:{os.defpath}"

    def answer(self, table: Mapping[str, tuple[int, str]]) -> None:
        """Set the status and the output of every command, by patterns of bash."""
        lines = [f"{pattern}\t{status}\t{output}\n" for pattern, (status, output) in table.items()]
        (self.folder / "table").write_text("".join(lines))

    def calls(self) -> list[str]:
        """Return the commands since the previous question."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines
