"""Commands as somebody pastes them."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.end_to_end.processes import PATIENCE_SECONDS


def paste(commands: Sequence[str], home: Path) -> list[tuple[int, Any]]:
    """The statuses and the JSON that commands get; curl's own settings make it show the status."""
    (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "%{http_code}\\n"\n')
    ended = subprocess.run(  # noqa: S603 - our own commands
        ["bash", "-c", "\n".join(commands)],  # noqa: S607 - the bash of whoever runs this
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    lines = ended.stdout.splitlines()
    bodies, statuses = lines[::2], lines[1::2]
    return [(int(status), json.loads(body)) for body, status in zip(bodies, statuses, strict=True)]
