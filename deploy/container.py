"""All functions in one container, on Cloud Run."""

from collections.abc import Iterator

from deploy.database import database
from deploy.functions import how_to_run
from deploy.google_cloud import BUILD, gcloud, invokers, service_accounts, services
from deploy.options import Options
from deploy.smoke import Smoke
from deploy.source import CONTAINER_NEEDS, version
from deploy.steps import Action, Step

SERVICE = REPOSITORY = "appointments"
_STARTED = "httpGet.path=/health,periodSeconds=1,timeoutSeconds=1,failureThreshold=60"
_ALIVE = "httpGet.path=/health,periodSeconds=10,timeoutSeconds=5,failureThreshold=3"


def container(options: Options) -> Iterator[Action]:
    """From an empty project to a service that works."""
    registry = f"{options.region}-docker.pkg.dev/{options.project}/{REPOSITORY}"
    image = f"{registry}/{SERVICE}:{version(CONTAINER_NEEDS)}"
    yield from services(options)
    yield from service_accounts(options)
    yield from database(options)
    yield from _image(options, image)
    yield _service(options, image)
    yield _traffic(options)
    yield from invokers(options, SERVICE)
    url = f"run services describe {SERVICE} --region={options.region} --format=value(status.url)"
    yield Smoke(url_from=gcloud(options, url))


def _image(options: Options, image: str) -> Iterator[Step]:
    repository = f"{REPOSITORY} --location={options.region}"
    account = f"projects/{options.project}/serviceAccounts/{options.account(BUILD)}"
    yield Step(
        f"Image repository {REPOSITORY}",
        gcloud(options, f"artifacts repositories create {repository} --repository-format=docker"),
        unless=gcloud(options, f"artifacts repositories describe {repository}"),
    )
    yield Step(
        "The image, about two minutes",
        # A build with an account of its own must say where its log is kept.
        gcloud(
            options,
            f"builds submit . --tag={image} --region={options.region} --service-account={account}"
            " --default-buckets-behavior=regional-user-owned-bucket --suppress-logs",
        ),
        unless=gcloud(options, f"artifacts docker images describe {image}"),
    )


def _service(options: Options, image: str) -> Step:
    service = f"{SERVICE} --region={options.region}"
    command = gcloud(
        options,
        f"run deploy {service} --image={image} --startup-probe={_STARTED}"
        f" --liveness-probe={_ALIVE} {how_to_run(options)}",
    )
    label = version((), command)
    state = "metadata.labels.version,status.conditions[0].status"
    return Step(
        f"Service {SERVICE}",
        [*command, f"--labels=version={label}"],
        unless=gcloud(options, f"run services describe {service} --format=value({state})"),
        shows=rf"{label}\s+True",
    )


def _traffic(options: Options) -> Step:
    """Also where requests were sent to an older revision, to go back."""
    service = f"{SERVICE} --region={options.region}"
    return Step(
        "All requests to the new revision",
        gcloud(options, f"run services update-traffic {service} --to-latest --format=none"),
        unless=gcloud(
            options, f"run services describe {service} --format=value(spec.traffic.latestRevision)"
        ),
        shows="True",
    )
