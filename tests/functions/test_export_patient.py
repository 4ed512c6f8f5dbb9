"""export_patient: all that is kept of a patient."""

from tests import builders
from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, field_errors, problem
from tests.functions.callers import ADA, BOB, CLERK

PERSON: Json = {"name": "Ada", "email": "ada@example.org", "phone": "+44 1815 1852"}


async def lived(api: Api) -> list[Json]:
    """Appointments of Ada's in the order in which they are exported; it is December by then."""
    ada = api.by(ADA)
    asked: Json = {"patient": PERSON, "reason": "check-up"}
    ahead = await ada.book("2051-01-17T09:00")
    cancelled = (await ada.cancel(await ada.book("2050-11-23T09:00"), reason="ill")).json()
    moved = await ada.move(await ada.book("2050-11-22T09:00"), "2051-02-08T08:00", doctor_id="who")
    ended = (await ada.ask(start="2050-11-21T14:00", **asked)).json()
    api.clock.now = at("2050-12-05T12:00Z")
    last = await ada.book("2051-03-20T09:00")
    await api.by(BOB).book("2051-03-20T10:00")
    return [ended, moved, cancelled, ahead, last]


TOLD = [
    *("2050-11-21T14:00:00", "2051-02-08T08:00:00", "2050-11-23T09:00:00"),
    *("2051-01-17T09:00:00", "2051-03-20T09:00:00"),
]


@ON_BOTH_STORES
async def test_all_appointments_are_exported_whole_by_the_days_first_booked(api: Api) -> None:
    made = await lived(api)
    expected = [{**a, "told_start": told} for a, told in zip(made, TOLD, strict=True)]
    for caller, whose in ((ADA, "me"), (CLERK, "ada")):
        response = await api.by(caller).export({"patient_id": whose})
        assert response.status_code == 200
        assert response.json() == {
            "account": {
                "id": "ada",
                "changed_at": ["2050-12-05T13:00:00+01:00"],
                "erasing": False,
                "erased_at": [],
            },
            "appointments": expected,
            "next_page_token": None,
        }


@ON_BOTH_STORES
async def test_pages_together_hold_each_once_as_it_was_at_the_first(api: Api) -> None:
    made = await lived(api)
    whole = await api.by(ADA).export({"patient_id": "me", "page_size": 5})
    assert whole.json()["next_page_token"] is None
    query: Json = {"patient_id": "me", "page_size": 2}
    page = (await api.by(ADA).export(query)).json()
    await api.by(ADA).cancel(made[3])
    await api.by(ADA).book("2050-12-06T09:00")
    found = page["appointments"]
    while token := page["next_page_token"]:
        page = (await api.by(ADA).export({**query, "page_token": token})).json()
        found += page["appointments"]
    assert [appointment["id"] for appointment in found] == [a["id"] for a in made]
    assert [a["status"] for a in found] == ["booked", "booked", "cancelled", "booked", "booked"]


async def test_a_page_token_of_another_is_refused(api: Api) -> None:
    await lived(api)
    first: Json = {"patient_id": "me", "page_size": 1}
    token = (await api.by(ADA).export(first)).json()["next_page_token"]
    of_ada = {**first, "patient_id": "ada"}
    clerk_s = (await api.by(CLERK).export(of_ada)).json()["next_page_token"]
    refused = [
        await api.by(CLERK).export({**first, "patient_id": "bob|2", "page_token": clerk_s}),
        await api.by(BOB).export({**first, "page_token": token}),
        await api.by(CLERK).export({**first, "patient_id": "ada", "page_token": token}),
        await api.by(ADA).page(
            {"patient_id": "me", "start": "2050-11-01", "end": "2051-04-01", "page_token": token}
        ),
    ]
    for response in refused:
        assert field_errors(response) == [("page_token", "page_token")]


async def test_of_one_who_is_not_known_nothing_is_kept(api: Api) -> None:
    response = await api.by(ADA).export({"patient_id": "me"})
    nothing = {"id": "ada", "changed_at": [], "erasing": False, "erased_at": []}
    assert response.json() == {"account": nothing, "appointments": [], "next_page_token": None}


@ON_BOTH_STORES
async def test_half_an_erasure_shows_what_is_still_theirs(api: Api) -> None:
    await api.by(ADA).book("2051-01-17T09:00")
    await api.mark_erasing(ADA)
    response = (await api.by(ADA).export({"patient_id": "me"})).json()
    assert response["account"]["erasing"] is True
    assert len(response["appointments"]) == 1


# People without an account


async def test_staff_export_people_without_an_account_by_their_appointments(api: Api) -> None:
    second = (await api.ask(start="2050-11-22T09:00", patient=PERSON)).json()
    first = await api.book("2050-11-21T09:00")
    ids = [second["id"], first["id"], second["id"]]
    response = await api.by(CLERK).export({"appointment_ids": ids})
    assert response.json() == {
        "appointments": [
            {**first, "told_start": "2050-11-21T09:00:00"},
            {**second, "told_start": "2050-11-22T09:00:00"},
        ],
        "next_page_token": None,
    }


async def test_what_a_newer_version_added_is_exported_too(api: Api) -> None:
    newer = builders.appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z", "strange.20501121.x")
    await api.put(builders.schedule("2050-11-21", newer._replace(unknown_fields=b'{"room":"7"}')))
    response = await api.by(CLERK).export({"appointment_ids": newer.id})
    (exported,) = response.json()["appointments"]
    assert exported["other_fields"] == {"room": "7"}
    assert "told_start" not in exported


async def test_if_any_is_unknown_or_of_an_account_none_is_exported(api: Api) -> None:
    hers = (await api.by(ADA).ask()).json()["id"]
    nobody_s = (await api.book("2050-11-21T10:00"))["id"]
    unknown = await api.by(CLERK).export({"appointment_ids": [nobody_s, "strange.20501121.x"]})
    problem(unknown, 404, "unknown_appointment")
    owned = await api.by(CLERK).export({"appointment_ids": [nobody_s, hers]})
    assert field_errors(owned) == [("appointment_ids[1]", "has_account")]
