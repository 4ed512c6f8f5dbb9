"""The table of all resources, in the order of their creation."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace

from deploy.bindings import EVERYBODY, INVOKER, binding, closed
from deploy.cloud_sql import as_owner, cloud_sql, connected, connection
from deploy.commands import ROOT
from deploy.events import FUNCTION, Target, delivery, events
from deploy.firestore import firestore
from deploy.hosting import hosting
from deploy.monitoring import monitoring
from deploy.options import BUILD, CALLER, RUNTIME, Options
from deploy.resources import Resource
from deploy.smoke import address_of_function
from deploy.source import contents, uploaded, version

CONTAINER = "appointments"  # the service, its image, and the repository of the image
_USER_OF_TOKENS = "roles/iam.serviceAccountOpenIdTokenCreator"
# The default accounts have no roles in projects made since 2024, and too many in older ones.
_BUILDER_ROLE = "roles/cloudbuild.builds.builder"
_FIRESTORE_ROLES = ("roles/datastore.user",)
_SQL_ROLES = ("roles/cloudsql.client", "roles/cloudsql.instanceUser")
_SERVICES = (
    "artifactregistry cloudbuild clouderrorreporting cloudfunctions cloudresourcemanager"
    " iam logging monitoring run serviceusage"
)
_FIRESTORE_SERVICES, _SQL_SERVICES = "firebaserules firestore", "sql-component sqladmin"
_STARTED = "httpGet.path=/health,periodSeconds=1,timeoutSeconds=1,failureThreshold=60"
_ALIVE = "httpGet.path=/health,periodSeconds=10,timeoutSeconds=5,failureThreshold=3"
_ONLY_IN_CONTAINER = ("Dockerfile", "doctors.json", "firebase.json", "public/")
_TWO_MINUTES = ", about two minutes"


def functions() -> list[str]:
    """Return the names of the functions: those of the modules in `functions/`."""
    # Importing them would need packages that an operator's Python may not have.
    return sorted(path.stem for path in (ROOT / "functions").glob("[!_]*.py"))


def service_of(function: str) -> str:
    """Return the service of Cloud Run that a function is; unlike the function, it has hyphens."""
    return function.replace("_", "-")


def _project(options: Options) -> Iterator[Resource]:
    gcloud, in_sql = options.gcloud, bool(options.sql_instance)
    services = f"{_SERVICES} {_SQL_SERVICES if in_sql else _FIRESTORE_SERVICES}"
    names = " ".join(f"{name}.googleapis.com" for name in services.split())
    yield Resource("Google Cloud services", gcloud(f"services enable {names}"))
    roles = {RUNTIME: _SQL_ROLES if in_sql else _FIRESTORE_ROLES, BUILD: (_BUILDER_ROLE,)}
    for name in roles:
        yield Resource(
            f"Service account {name}",
            gcloud(f"iam service-accounts create {name} --display-name={name}"),
            gcloud(f"iam service-accounts describe {options.account(name)}"),
        )
    for name, role in ((name, role) for name, its in roles.items() for role in its):
        member = f"serviceAccount:{options.account(name)}"
        yield binding(options, "projects", options.project, member, role)


def _caller(options: Options) -> Iterator[Resource]:
    """List the account that calls as a service, and who may call with its tokens."""
    gcloud, account = options.gcloud, options.account(CALLER)
    yield Resource(
        "Google Cloud service for tokens", gcloud("services enable iamcredentials.googleapis.com")
    )
    yield Resource(
        f"Service account {CALLER}",
        gcloud(f"iam service-accounts create {CALLER} --display-name={CALLER}"),
        gcloud(f"iam service-accounts describe {account}"),
        delete=gcloud(f"iam service-accounts delete {account} --quiet"),
    )
    for member in options.invoker:
        yield binding(options, "iam service-accounts", account, member, _USER_OF_TOKENS)


def _secrets(options: Options) -> Iterator[Resource]:
    """List who may read the secrets that variables hold."""
    if not options.secret:
        return
    enable = options.gcloud("services enable secretmanager.googleapis.com")
    yield Resource("Google Cloud service for secrets", enable)
    member = f"serviceAccount:{options.account(RUNTIME)}"
    for secret in sorted({value.partition(":")[0] for value in options.secrets().values()}):
        yield binding(options, "secrets", secret, member, "roles/secretmanager.secretAccessor")


def _guarded(options: Options, service: str, deployment: Iterable[Resource]) -> Iterator[Resource]:
    """List a deployment, and who may reach it; every function is a service of Cloud Run.

    An instance that asks for no token must never be reachable by everybody, neither before nor
    after a change of --auth. So a service is closed before such an instance starts, and opened
    after the last one has ended: gcloud's own flags change the policy at other moments.
    """
    name = f"{service} --region={options.region}"
    if options.is_open:
        yield from deployment
        yield binding(options, "run services", name, EVERYBODY, INVOKER)
        return
    yield closed(options, f"Openness of {service}", name)
    yield from deployment
    for member in options.invoker:
        yield binding(options, "run services", name, member, INVOKER)


def _database(options: Options) -> Iterable[Resource]:
    return cloud_sql(options) if options.sql_instance else firestore(options)


def _doctors(options: Options) -> Iterator[Resource]:
    """Load the doctors after the functions, because an older version refuses a newer doctor."""
    variables = {"GOOGLE_CLOUD_QUOTA_PROJECT": options.project}
    variables |= {"DOCTORS_FILE": options.doctors_file, **options.environment(sinks=False)}
    if options.sql_instance:
        load = as_owner(options, _load(variables, without=options.store()))
    else:
        load = _load({"STORE": "firestore", **variables})
    yield Resource(f"Doctors of {options.doctors_file}", load)


def _load(variables: Mapping[str, str], without: Container[str] = ()) -> list[str]:
    settings = [f"{name}={value}" for name, value in variables.items() if name not in without]
    # Whoever works with the emulators may have set these, too.
    emulators = ["-u", "FIRESTORE_EMULATOR_HOST", "-u", "FIREBASE_AUTH_EMULATOR_HOST"]
    return ["env", *emulators, *settings, "make", "doctors"]


def _functions(options: Options) -> Iterator[Resource]:
    files = [file for file in uploaded() if not file.startswith(_ONLY_IN_CONTAINER)]
    source = contents(files)
    for name in functions():
        service = service_of(name)
        deployment = [_function(options, name, source), *connection(options, service)]
        yield from _guarded(options, service, deployment)
    url = address_of_function(options.project, options.region)(FUNCTION)
    yield from delivery(options, Target(service_of(FUNCTION), url=url))


def _function(options: Options, name: str, source: bytes) -> Resource:
    deployed = f"{name} --region={options.region}"
    deploy = options.gcloud(
        f"functions deploy {deployed} --gen2 --runtime=python313 --trigger-http --source=."
        # After a rollback, requests go to an older revision.
        " --serve-all-traffic-latest-revision"
        f" --entry-point={name} --build-service-account={_builder(options)} {_runtime(options)}"
    )
    label = version(source, deploy)
    return Resource(
        f"Function {name}",
        [*deploy, f"--update-labels=version={label}"],
        options.gcloud(f"functions describe {deployed} --format=value(state,labels.version)"),
        current=rf"ACTIVE\s+{label}",
        delete=options.gcloud(f"functions delete {deployed} --quiet"),
        duration=_TWO_MINUTES,
    )


def _container(options: Options) -> Iterator[Resource]:
    registry = f"{options.region}-docker.pkg.dev/{options.project}/{CONTAINER}"
    image = f"{registry}/{CONTAINER}:{version(contents(uploaded()))}"
    yield from _image(options, image)
    yield from _guarded(options, CONTAINER, _service(_of_pages(options), image))
    yield from delivery(options, Target(CONTAINER, path=f"/{FUNCTION}"))


def _of_pages(options: Options) -> Options:
    """Return the options with the variable of what serves the pages, which no function does."""
    if not options.frame_ancestors:
        return options
    return replace(options, env=(*options.env, f"FRAME_ANCESTORS={options.frame_ancestors}"))


def _image(options: Options, image: str) -> Iterator[Resource]:
    gcloud, repository = options.gcloud, f"{CONTAINER} --location={options.region}"
    yield Resource(
        f"Image repository {CONTAINER}",
        gcloud(f"artifacts repositories create {repository} --repository-format=docker"),
        gcloud(f"artifacts repositories describe {repository}"),
        delete=gcloud(f"artifacts repositories delete {repository} --quiet"),
    )
    # A build with a service account of its own must say where its log goes.
    build = f"--service-account={_builder(options)} --suppress-logs"
    build += " --default-buckets-behavior=regional-user-owned-bucket"
    yield Resource(
        "Image",
        gcloud(f"builds submit . --tag={image} --region={options.region} {build}"),
        gcloud(f"artifacts docker images describe {image}"),
        duration=_TWO_MINUTES,
    )


def _service(options: Options, image: str) -> Iterator[Resource]:
    gcloud, service = options.gcloud, f"{CONTAINER} --region={options.region}"
    probes = f"--startup-probe={_STARTED} --liveness-probe={_ALIVE}"
    store = f" {connected(options)}" if options.sql_instance else ""
    deploy = gcloud(f"run deploy {service} --image={image} {probes} {_runtime(options)}{store}")
    label = version(b"", deploy)
    columns = "metadata.name,metadata.labels.version,status.conditions[0].status"
    yield Resource(
        f"Service {CONTAINER}",
        [*deploy, f"--labels=version={label}"],
        gcloud(f"run services describe {service} --format=value({columns})"),
        current=rf"{CONTAINER}\s+{label}\s+True",
        delete=gcloud(f"run services delete {service} --quiet"),
    )
    # After a rollback, requests go to an older revision.
    yield Resource(
        "All requests to the latest revision",
        gcloud(f"run services update-traffic {service} --to-latest --format=none"),
        gcloud(f"run services describe {service} --format=value(spec.traffic.latestRevision)"),
        current="True",
    )


def _builder(options: Options) -> str:
    return f"projects/{options.project}/serviceAccounts/{options.account(BUILD)}"


def _runtime(options: Options) -> str:
    """Return the flags that functions and container have in common."""
    # Commas separate origins, so semicolons separate variables.
    variables = ";".join(f"{name}={value}" for name, value in options.environment().items())
    secrets = ",".join(f"{name}={value}" for name, value in options.secrets().items())
    # Without a flag for it, gcloud asks who may call what is new; --quiet answers: nobody yet.
    access = "--quiet" if options.is_open else "--no-allow-unauthenticated"
    return (
        f"{access} --service-account={options.account(RUNTIME)}"
        f" --concurrency={options.concurrency} --cpu={options.cpu} --memory={options.memory}"
        f" --min-instances={options.min_instances} --max-instances={options.max_instances}"
        f" --timeout=60s --set-env-vars=^;^{variables} --format=none"
        f" {f'--set-secrets={secrets}' if secrets else '--clear-secrets'}"
    )


TABLE: dict[str, Callable[[Options], Iterable[Resource]]] = {
    "project": _project,
    "caller": _caller,
    "secrets": _secrets,
    "database": _database,
    "events": events,
    "functions": _functions,
    "hosting": hosting,
    "container": _container,
    "doctors": _doctors,
    "monitoring": monitoring,
}
