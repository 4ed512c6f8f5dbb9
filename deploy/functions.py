"""Every function by itself, on Cloud Functions."""

from collections.abc import Iterator

from deploy.database import database
from deploy.google_cloud import BUILD, RUNTIME, gcloud, invokers, service_accounts, services
from deploy.options import Options
from deploy.smoke import Smoke, address_of_function
from deploy.source import FUNCTIONS_NEED, version
from deploy.steps import Action, Note, Step

# Not imported from the functions: an operator's python3 need not have what these import.
FUNCTIONS = (
    "create_appointment",
    "list_appointments",
    "first_available",
    "get_appointment",
    "cancel_appointment",
    "reschedule_appointment",
)


def functions(options: Options) -> Iterator[Action]:
    """From an empty project to functions that work."""
    yield from services(options)
    yield from service_accounts(options)
    yield from database(options)
    for name in FUNCTIONS:
        yield _function(options, name)
        yield from invokers(options, name_in_cloud(name))
    address = address_of_function(options.project, options.region)
    yield Note(["The functions:", *(f"  {address(name)}" for name in FUNCTIONS)])
    yield Smoke(options.project, options.region)


def name_in_cloud(name: str) -> str:
    """What a function is called there; underscores are not allowed."""
    return name.replace("_", "-")


def _function(options: Options, name: str) -> Step:
    deployed = f"{name_in_cloud(name)} --region={options.region}"
    build = f"projects/{options.project}/serviceAccounts/{options.account(BUILD)}"
    command = gcloud(
        options,
        # Also where requests were sent to an older revision, to go back.
        f"functions deploy {deployed} --gen2 --runtime=python313 --trigger-http --source=."
        " --serve-all-traffic-latest-revision"
        f" --entry-point={name} --build-service-account={build} {how_to_run(options)}",
    )
    label = version(FUNCTIONS_NEED, command)
    describe = f"functions describe {deployed} --format=value(state,labels.version)"
    return Step(
        f"Function {name_in_cloud(name)}, about two minutes",
        [*command, f"--update-labels=version={label}"],
        unless=gcloud(options, describe),
        shows=rf"ACTIVE\s+{label}",
    )


def how_to_run(options: Options) -> str:
    """The flags that a function and a container have in common."""
    # Origins are separated by commas; so the variables are separated by something else.
    variables = ";".join(f"{name}={value}" for name, value in options.environment().items())
    return (
        f"--no-allow-unauthenticated --service-account={options.account(RUNTIME)}"
        f" --concurrency={options.concurrency} --cpu={options.cpu} --memory={options.memory}"
        f" --min-instances={options.min_instances} --max-instances={options.max_instances}"
        f" --timeout=30s --set-env-vars=^;^{variables} --format=none"
    )
