"""The Firestore database: what protects it, its indexes, its rules, and the doctors."""

import json
from collections.abc import Iterator
from typing import Any

from deploy.google_cloud import gcloud
from deploy.options import Options
from deploy.steps import ROOT, Step


def database(options: Options) -> Iterator[Step]:
    """Everything that must stand before the first booking, in that order."""
    yield from _database(options)
    for override in json.loads((ROOT / "firestore.indexes.json").read_text())["fieldOverrides"]:
        yield from _field(options, override)
    yield Step(
        "The rules of firestore.rules",
        ["bash", "deploy/rules.sh", options.project, options.database],
    )
    yield _doctors(options)


def _database(options: Options) -> Iterator[Step]:
    which = f"--database={options.database}"
    describe = f"firestore databases describe {which}"
    protected = "deleteProtectionState,pointInTimeRecoveryEnablement"
    backups = f"firestore backups schedules list {which} --format=value(name)"
    daily = f"firestore backups schedules create {which} --recurrence=daily --retention=14d"
    location = options.location or options.region
    yield Step(
        f"Firestore database {options.database}",
        gcloud(options, f"firestore databases create {which} --location={location}"),
        unless=gcloud(options, describe),
    )
    yield Step(
        "Its protection against deletion, and point-in-time recovery",
        gcloud(options, f"firestore databases update {which} --delete-protection --enable-pitr"),
        unless=gcloud(options, f"{describe} --format=value({protected})"),
        shows=r"DELETE_PROTECTION_ENABLED\s+POINT_IN_TIME_RECOVERY_ENABLED",
    )
    yield Step(
        "A backup every day, kept for a fortnight",
        gcloud(options, daily),
        unless=gcloud(options, backups),
        shows=".+",
    )


def _field(options: Options, override: dict[str, Any]) -> Iterator[Step]:
    """What firestore.indexes.json says of one field."""
    group, field, ttl = override["collectionGroup"], override["fieldPath"], override.get("ttl")
    place = f"{field} --collection-group={group} --database={options.database}"
    describe = f"firestore indexes fields describe {place}"
    # This takes minutes. It need not be waited for, unless the same field is changed again.
    disable = "--disable-indexes" if ttl else "--disable-indexes --async"
    indexes = "--format=value(indexConfig.usesAncestorConfig,indexConfig.indexes)"
    yield Step(
        f"No index on {group}.{field}",
        gcloud(options, f"firestore indexes fields update {place} {disable}"),
        unless=gcloud(options, f"{describe} {indexes}"),
        shows="",
    )
    if ttl:
        yield Step(
            f"Deletion of {group} after {field}",
            gcloud(options, f"firestore fields ttls update {place} --enable-ttl --async"),
            unless=gcloud(options, f"{describe} --format=value(ttlConfig.state)"),
            shows=".+",
        )


def _doctors(options: Options) -> Step:
    """Loaded with the functions' own settings; so this also finds those that are wrong."""
    # A person's credentials count for no project, or for another one, unless they are told.
    variables = {"STORE": "firestore", "GOOGLE_CLOUD_QUOTA_PROJECT": options.project}
    variables |= {"DOCTORS_FILE": options.doctors_file, **options.environment()}
    settings = [f"{name}={value}" for name, value in variables.items()]
    return Step(
        f"The doctors of {options.doctors_file}",
        ["env", "-u", "FIRESTORE_EMULATOR_HOST", *settings, "make", "doctors"],
    )
