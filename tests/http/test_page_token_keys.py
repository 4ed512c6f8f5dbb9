"""Where the keys of page tokens come from, and when the store is asked."""

import pytest

from shared.http.page_token_keys import PageTokenKeys
from shared.store.port import StoreUnavailable
from tests.simulated_store import Port, SimulatedStore

OWN = "a key of the settings, long enough"


class Secrets(Port):
    """A store that keeps secrets, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(SimulatedStore())
        self.kept: dict[str, str] = {}
        self.asked = 0
        self.silent = False

    async def secret(self, name: str, proposed: str) -> str:
        self.asked += 1
        if self.silent:
            raise StoreUnavailable("no answer")
        return self.kept.setdefault(name, proposed)


async def test_keys_of_the_settings_are_used_in_their_order_and_the_store_is_not_asked() -> None:
    store = Secrets()
    assert await PageTokenKeys((OWN, OWN + "2"), store).keys() == [
        b"a key of the settings, long enough",
        b"a key of the settings, long enough2",
    ]
    assert store.asked == 0


async def test_the_stored_key_is_one_for_all_instances_and_is_read_once_by_each() -> None:
    store = Secrets()
    instances = [PageTokenKeys(("stored",), store) for _ in range(3)]
    assert store.asked == 0
    keys = [await instance.keys() for instance in instances * 2]
    assert keys == [keys[0]] * 6
    assert store.asked == 3
    ((key,),) = {tuple(each) for each in keys}
    assert len(key) >= 32


async def test_stores_do_not_share_their_keys() -> None:
    keys = [await PageTokenKeys(("stored",), Secrets()).keys() for _ in range(2)]
    assert keys[0] != keys[1]


async def test_the_stored_key_stands_where_the_settings_put_it() -> None:
    store = Secrets()
    (stored,) = await PageTokenKeys(("stored",), store).keys()
    assert await PageTokenKeys((OWN, "stored"), store).keys() == [OWN.encode(), stored]
    assert await PageTokenKeys(("stored", OWN), store).keys() == [stored, OWN.encode()]


async def test_while_the_store_does_not_answer_there_are_no_keys_and_it_is_asked_again() -> None:
    store = Secrets()
    keys = PageTokenKeys((OWN, "stored"), store)
    store.silent = True
    with pytest.raises(StoreUnavailable):
        await keys.keys()
    store.silent = False
    assert len(await keys.keys()) == 2
