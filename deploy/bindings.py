"""Who has which role: bindings of IAM policies."""

import re

from deploy.options import Options
from deploy.resources import Resource

INVOKER, EVERYBODY = "roles/run.invoker", "allUsers"


def binding(options: Options, kind: str, name: str, member: str, role: str) -> Resource:
    """Return the binding of a role on something of a kind, such as `projects`."""
    create = f"{kind} add-iam-policy-binding {name} --member={member} --role={role} --format=none"
    if kind == "projects":
        create += " --condition=None"  # gcloud asks for one if other bindings have conditions.
    describe = f"{kind} get-iam-policy {name} --flatten=bindings[].members"
    wanted = f'--filter=bindings.role="{role}" AND bindings.members="{member}"'
    return Resource(
        f"{role} on {re.split('[ @]', name)[0]} for {member}",
        options.gcloud(create),
        options.gcloud(f"{describe} --format=value(bindings.role)", wanted),
    )


def closed(options: Options, title: str, name: str) -> Resource:
    """Return the openness of a service to everybody, which is not wanted."""
    command = f"run services remove-iam-policy-binding {name} --member={EVERYBODY}"
    close = options.gcloud(f"{command} --role={INVOKER} --format=none")
    everybody = binding(options, "run services", name, EVERYBODY, INVOKER)
    return Resource(title, (), everybody.describe, delete=close, wanted=False)
