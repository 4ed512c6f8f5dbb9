"""Health checks: of the instance, and of its store."""

from tests.functions.api import ON_BOTH_STORES, Api, calling, problem
from tests.functions.faults import IMPATIENT, SilentStore


async def test_an_instance_is_well_also_where_its_store_is_not(api: Api) -> None:
    async with calling(SilentStore(api.dependencies.store), api.clock, IMPATIENT) as impatient:
        response = await impatient.client.get("/health")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})
        problem(await impatient.client.get("/health/store"), 503, "try_again")


@ON_BOTH_STORES
async def test_a_store_that_answers_is_well(api: Api) -> None:
    response = await api.client.get("/health/store")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_health_check_is_a_get(api: Api) -> None:
    response = await api.client.post("/health")
    problem(response, 405, "method_not_allowed")
