"""The database in Firestore."""

from collections.abc import Iterator

from deploy.firebase import configured, firebase, section
from deploy.options import Options
from deploy.resources import Resource

_PROTECTED = r"\S+\s+DELETE_PROTECTION_ENABLED\s+POINT_IN_TIME_RECOVERY_ENABLED"


def firestore(options: Options) -> Iterator[Resource]:
    """List the database, its backups, and who may do what in it."""
    gcloud, which = options.gcloud, f"--database={options.database}"
    protection = f"{which} --delete-protection --enable-pitr"
    location = options.location or options.region
    columns = "name,deleteProtectionState,pointInTimeRecoveryEnablement"
    yield Resource(
        f"Firestore database {options.database}",
        gcloud(f"firestore databases create {protection} --location={location}"),
        gcloud(f"firestore databases describe {which} --format=value({columns})"),
        current=_PROTECTED,
        update=gcloud(f"firestore databases update {protection}"),
    )
    yield Resource(
        "Daily backups, each kept for 14 days",
        gcloud(f"firestore backups schedules create {which} --recurrence=daily --retention=14d"),
        gcloud(f"firestore backups schedules list {which} --format=value(name)"),
    )
    yield Resource("Rules, index exemptions and TTL policy", _rules_and_indexes(options))


def deletion(options: Options) -> list[str]:
    """Return the commands that delete the data for good."""
    which = f"--database={options.database}"
    update = f"firestore databases update {which} --no-delete-protection"
    return [update, f"firestore databases delete {which}"]


def _rules_and_indexes(options: Options) -> list[str]:
    """Deploy what differs. Without --force, firebase deletes no index that it does not know."""
    command = firebase(options, "deploy --only firestore:rules,firestore:indexes")
    if options.database == "(default)":
        return command
    return configured(
        command, {"firestore": {**section("firestore"), "database": options.database}}
    )
