"""What a server does when it starts."""

from shared.access.authentication import Open
from shared.http.application import application
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.sqlite.store import SqliteStore


class Beginning(Open):
    """Counts how often it is told to begin."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1


async def test_keys_are_fetched_from_the_start_on_and_not_before() -> None:
    authenticator = Beginning()
    store = SqliteStore("nowhere/appointments.db")
    dependencies = build_dependencies(read_settings({}), store, authenticator=authenticator)
    app = application(dependencies, [], lambda: None)
    assert authenticator.begun == 0
    async with app.router.lifespan_context(app):
        assert authenticator.begun == 1
