"""Who is blocked is read once a minute at most, and known while the store is down."""

from collections.abc import Mapping
from datetime import UTC, datetime

from shared.access.blocked_callers import BlockedCallers
from shared.model.patient_key import PatientKey, patient_key
from shared.store.port import StoreUnavailable

ADA = patient_key("https://id.example", "ada")
NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
BEFORE = int(NOON.timestamp()) - 1


class Source:
    """A store of blocked callers, and the clock of the cache."""

    def __init__(self) -> None:
        self.since: dict[PatientKey, datetime] = {}
        self.down = False
        self.asked = 0
        self.seconds = 0.0
        self.cache = BlockedCallers(self, lambda: self.seconds)

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        self.asked += 1
        if self.down:
            raise StoreUnavailable("no answer")
        return dict(self.since)


async def test_a_block_is_seen_within_a_minute() -> None:
    source = Source()
    assert not await source.cache.refuses(ADA, BEFORE)
    source.since[ADA] = NOON
    source.seconds = 59.9
    assert not await source.cache.refuses(ADA, BEFORE)
    source.seconds = 60.0
    assert await source.cache.refuses(ADA, BEFORE)
    assert not await source.cache.refuses(ADA, BEFORE + 1)
    assert source.asked == 2


async def test_who_was_blocked_stays_blocked_while_the_store_is_down() -> None:
    source = Source()
    source.since[ADA] = NOON
    assert await source.cache.refuses(ADA, BEFORE)
    source.seconds, source.down = 3600.0, True
    assert await source.cache.refuses(ADA, BEFORE)
    assert not await source.cache.refuses(patient_key("https://id.example", "eve"), BEFORE)
