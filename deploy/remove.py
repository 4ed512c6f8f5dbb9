"""Everything away again, but the data."""

import shlex
from collections.abc import Iterator

from deploy.container import REPOSITORY, SERVICE
from deploy.functions import FUNCTIONS, name_in_cloud
from deploy.google_cloud import BUILD, RUNTIME, gcloud
from deploy.options import Options
from deploy.steps import Action, Note, Step
from deploy.watch import unwatch


def remove(options: Options) -> Iterator[Action]:
    """Take the functions, the container and what watches them down."""
    # Nothing is found in a project that is not there, or was misspelt.
    reached = gcloud(options, f"projects describe {options.project} --format=none")
    yield Step("The project can be reached", reached)
    yield from unwatch(options)
    for name in FUNCTIONS:
        yield _gone(options, "functions", f"{name_in_cloud(name)} --region={options.region}")
    yield _gone(options, "run services", f"{SERVICE} --region={options.region}")
    yield _gone(options, "artifacts repositories", f"{REPOSITORY} --location={options.region}")
    yield _what_stays(options)


def _gone(options: Options, kind: str, which: str) -> Step:
    return Step.removal(
        f"{which.partition(' ')[0]}, of {kind}",
        gcloud(options, f"{kind} describe {which}"),
        lambda _: gcloud(options, f"{kind} delete {which} --quiet"),
    )


def _what_stays(options: Options) -> Note:
    which = f"--database={options.database}"
    commands = [
        f"firestore databases update {which} --no-delete-protection",
        f"firestore databases delete {which}",
        *(f"iam service-accounts delete {options.account(name)}" for name in (RUNTIME, BUILD)),
    ]
    return Note(
        [
            "The appointments are still there. These commands delete them for good, and then the",
            "service accounts; backups stay until they expire:",
            *(f"  {shlex.join(gcloud(options, command))}" for command in commands),
        ]
    )
