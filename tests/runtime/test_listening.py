"""Who can connect, as the commands of both servers have understood their options."""

import click
import pytest
from functions_framework import _cli
from uvicorn.main import main as uvicorn

from shared.runtime.listening import is_exposed

FRAMEWORK = _cli._cli  # noqa: SLF001 - the command that is installed as functions-framework


@pytest.mark.parametrize(
    ("command", "options", "exposed"),
    [
        (FRAMEWORK, ["--target", "f"], True),
        (FRAMEWORK, ["--target", "f", "--host", "127.0.0.1"], False),
        (FRAMEWORK, ["--target", "f", "--host", "192.168.1.7"], True),
        (uvicorn, ["a:b"], False),
        (uvicorn, ["a:b", "--host", "127.0.0.2"], False),
        (uvicorn, ["a:b", "--host", "localhost"], False),
        (uvicorn, ["a:b", "--host", "::1"], False),
        (uvicorn, ["a:b", "--host", "0.0.0.0"], True),  # noqa: S104 - that is the point
        (uvicorn, ["a:b", "--host", "::"], True),
        (uvicorn, ["a:b", "--host", "clinic.example"], True),
        (uvicorn, ["a:b", "--host", ""], True),
        (uvicorn, ["a:b", "--uds", "/tmp/s"], True),  # noqa: S108 - it is never opened
        (uvicorn, ["a:b", "--fd", "0"], True),
    ],
    ids=lambda value: " ".join(value[1:]) or "default" if isinstance(value, list) else "",
)
def test_only_the_loopback_interface_is_not_exposed(
    monkeypatch: pytest.MonkeyPatch, command: click.Command, options: list[str], *, exposed: bool
) -> None:
    for name in ("HOST", "UVICORN_HOST"):
        monkeypatch.delenv(name, raising=False)
    with command.make_context("server", options):
        assert is_exposed() is exposed


@pytest.mark.parametrize(("host", "exposed"), [("127.0.0.1", False), ("10.0.0.1", True)])
def test_the_environment_counts_like_the_command_line(
    monkeypatch: pytest.MonkeyPatch, host: str, *, exposed: bool
) -> None:
    monkeypatch.setenv("HOST", host)
    with FRAMEWORK.make_context("functions-framework", ["--target", "f"]):
        assert is_exposed() is exposed
    monkeypatch.setenv("UVICORN_HOST", host)
    with uvicorn.make_context("uvicorn", ["a:b"], auto_envvar_prefix="UVICORN"):
        assert is_exposed() is exposed


def test_without_a_command_nobody_knows_so_it_counts_as_exposed() -> None:
    assert is_exposed()
    with click.Command("server").make_context("server", []):
        assert is_exposed()
