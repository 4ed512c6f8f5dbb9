"""Usage is charged to those whose work it is, and to nobody else."""

import asyncio

from shared.store.usage import StoreUsage, charged_to, count_attempt, count_reads, count_writes


def test_what_is_done_is_charged_to_all_of_those_and_afterwards_to_others_again() -> None:
    outer, one, two = StoreUsage(), StoreUsage(), StoreUsage()
    count_reads(1)
    with charged_to([outer]):
        with charged_to([one, two]):
            count_reads(2)
            count_writes(3)
            count_attempt(4)
            count_attempt(2)
        count_attempt(5)
    count_writes(1)
    assert one == two == StoreUsage(attempts=2, batch_size=2, reads=2, writes=3)
    assert outer == StoreUsage(attempts=1, batch_size=5)


async def test_a_task_is_charged_to_those_for_whom_it_was_created() -> None:
    creator, other = StoreUsage(), StoreUsage()

    async def work() -> None:
        await asyncio.sleep(0)
        count_reads(1)

    with charged_to([creator]):
        task = asyncio.create_task(work())
    with charged_to([other]):
        await task
    assert (creator.reads, other.reads) == (1, 0)
