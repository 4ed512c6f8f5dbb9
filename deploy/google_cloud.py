"""What functions and container both need of a project: services, and service accounts."""

from collections.abc import Iterator

from deploy.options import Options
from deploy.steps import Step

RUNTIME, BUILD = "appointments", "appointments-build"
_SERVICES = (
    "artifactregistry",
    "cloudbuild",
    "clouderrorreporting",
    "cloudfunctions",
    "cloudresourcemanager",
    "firebaserules",
    "firestore",
    "iam",
    "logging",
    "monitoring",
    "run",
)
_ROLES = {RUNTIME: "roles/datastore.user", BUILD: "roles/cloudbuild.builds.builder"}


def gcloud(options: Options, words: str, *arguments: str) -> list[str]:
    """A command of gcloud on the project; `arguments` are those with spaces in them."""
    return ["gcloud", *words.split(), *arguments, f"--project={options.project}"]


def services(options: Options) -> Iterator[Step]:
    """Switch on what is used; those that are on stay on."""
    names = " ".join(f"{name}.googleapis.com" for name in _SERVICES)
    yield Step("Google Cloud services", gcloud(options, f"services enable {names}"))


def service_accounts(options: Options) -> Iterator[Step]:
    """One account to run as, that may use the data and nothing else; another one to build as.

    Projects made since 2024 may give the default accounts no roles, and older ones too many.
    """
    for name in _ROLES:
        yield Step(
            f"Service account {name}",
            gcloud(options, f"iam service-accounts create {name} --display-name={name}"),
            unless=gcloud(options, f"iam service-accounts describe {options.account(name)}"),
        )
    for name, role in _ROLES.items():
        member = f"serviceAccount:{options.account(name)}"
        yield _binding(options, "projects", options.project, member, role)


def invokers(options: Options, service: str) -> Iterator[Step]:
    """Who may call a service of Cloud Run, which a function is as well, under its own name."""
    for member in options.invoker:
        name = f"{service} --region={options.region}"
        yield _binding(options, "run services", name, member, "roles/run.invoker")


def _binding(options: Options, kind: str, name: str, member: str, role: str) -> Step:
    query = f"--flatten=bindings[].members --format=value(bindings.role) {name}"
    wanted = f'--filter=bindings.role="{role}" AND bindings.members="{member}"'
    bind = f"add-iam-policy-binding {name} --member={member} --role={role} --format=none"
    if kind == "projects":
        bind += " --condition=None"  # It would be asked for where others have conditions.
    return Step(
        f"{role} on {name.partition(' ')[0]} for {member}",
        gcloud(options, f"{kind} {bind}"),
        unless=gcloud(options, f"{kind} get-iam-policy {query}", wanted),
        shows=".+",
    )
