import re
from collections.abc import Mapping
from datetime import datetime

import pytest

from shared.http.dependencies import Dependencies
from shared.model.patient_key import PatientKey, patient_key
from shared.runtime.block_caller import block, main
from tests.builders import at
from tests.runtime.clinic import NOW, Clinic

FIREBASE = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "demo-clinic"}
ISSUER = "https://securetoken.google.com/demo-clinic"


async def blocked(dependencies: Dependencies) -> Mapping[PatientKey, datetime]:
    return await dependencies.store.blocked()


async def test_tokens_of_the_caller_that_were_issued_before_now_end(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.environment |= FIREBASE
    await clinic.run(lambda dependencies: block(dependencies, "uid-1"))
    assert await clinic.run(blocked) == {patient_key(ISSUER, "uid-1"): NOW}
    said = "Tokens of uid-1 that were issued before 2026-11-26T12:00:00Z end within a minute.\n"
    assert capsys.readouterr().out == said


async def test_a_caller_of_another_issuer_can_be_named(clinic: Clinic) -> None:
    clinic.environment |= FIREBASE
    google = "https://accounts.google.com"
    await clinic.run(lambda dependencies: block(dependencies, "113", google))
    assert await clinic.run(blocked) == {patient_key(google, "113"): NOW}


async def test_blocking_again_ends_the_tokens_that_were_issued_since(clinic: Clinic) -> None:
    clinic.environment |= FIREBASE
    await clinic.run(lambda dependencies: block(dependencies, "uid-1"))
    clinic.now = at("2026-11-27T12:00Z")
    await clinic.run(lambda dependencies: block(dependencies, "uid-1"))
    assert await clinic.run(blocked) == {patient_key(ISSUER, "uid-1"): clinic.now}


def test_the_command_blocks_in_the_store_of_the_settings(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["uid-1"], {**clinic.environment, **FIREBASE})
    assert re.fullmatch(r"Tokens of uid-1 that .* end within a minute\.\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["a"], {}, "AUTH: must be set as for the functions: nobody has a token without it"),
        ([], FIREBASE, "the following arguments are required: sub"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    clinic: Clinic, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, {**clinic.environment, **environment})
    assert ended.value.code == said
