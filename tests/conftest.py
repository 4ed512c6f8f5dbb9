"""What tests of several kinds share: the stores that they run against."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.auth_emulator import running_auth_emulator
from tests.firestore_emulator import VARIABLE, NoEmulatorError, running_emulator

STORES = ("sqlite", "firestore")


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's address, in the environment too; without one, a skip, or a failure in CI."""
    log = tmp_path_factory.mktemp("emulator") / "log.txt"
    try:
        with running_emulator(log) as address, pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, address)
            yield address
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED ON FIRESTORE: {error}")


@pytest.fixture(scope="session")
def auth_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Firebase's emulator of accounts; without one, a skip, or a failure in CI."""
    try:
        with running_auth_emulator(tmp_path_factory.mktemp("auth-emulator")) as address:
            yield address
    except NoEmulatorError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(f"NOT TESTED WITH FIREBASE'S ACCOUNTS: {error}")


@pytest.fixture(scope="module", params=STORES)
def store_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a process that uses one of the stores, which is empty yet."""
    if request.param == "sqlite":
        return {"STORE": "sqlite:appointments.db"}
    # A project is a database of its own: the emulator makes it when it is first used.
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{uuid4()}",
        VARIABLE: request.getfixturevalue("emulator"),
    }
