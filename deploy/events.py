"""Who calls deliver_events: Cloud Scheduler each minute, and Eventarc at each new event."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.bindings import INVOKER, binding
from deploy.commands import Command
from deploy.options import EVENTS, RUNTIME, Options
from deploy.resources import Resource

FUNCTION = "deliver_events"

_SERVICES = "cloudscheduler eventarc eventarcpublishing pubsub"
_CREATED = "google.cloud.firestore.document.v1.created"
_SECONDS = 60  # A call may take as long as the functions allow.
_EACH_MINUTE = "--schedule=* * * * *"
# In these scripts of bash, the first arguments are commands that print what the last one needs.
_WITH_URL = f'url=$($0) && "$@" --uri=$url/{FUNCTION}'
_WITH_URL_AS_AUDIENCE = f"{_WITH_URL} --oidc-token-audience=$url"
_LOOK = "name=$($0) && $1 $name"
_CHANGE = 'name=$($0) && url=$($1 $name) && "${@:2}" $name "--push-endpoint=$url"'
_CHANGE_TO_URL = f'{_CHANGE} --push-auth-token-audience=$(expr "$url" : "\\(https://[^/?]*\\)")'


@dataclass(frozen=True)
class Target:
    """The service of Cloud Run that delivers events, and where; `url` is "" if only it knows."""

    service: str
    path: str = ""
    url: str = ""


def events(options: Options) -> Iterator[Resource]:
    """List the account that has events delivered, and what it and the sinks need."""
    gcloud, account = options.gcloud, options.account(EVENTS)
    if options.has_sinks:
        names = " ".join(f"{name}.googleapis.com" for name in _SERVICES.split())
        yield Resource("Google Cloud services for events", gcloud(f"services enable {names}"))
    yield Resource(
        f"Service account {EVENTS}",
        gcloud(f"iam service-accounts create {EVENTS} --display-name={EVENTS}"),
        gcloud(f"iam service-accounts describe {account}"),
        delete=gcloud(f"iam service-accounts delete {account} --quiet"),
        wanted=options.has_sinks,
    )
    if _has_trigger(options):
        member = f"serviceAccount:{account}"
        yield binding(options, "projects", options.project, member, "roles/eventarc.eventReceiver")
    if topic := options.environment().get("PUBSUB_TOPIC"):
        member = f"serviceAccount:{options.account(RUNTIME)}"
        yield binding(options, "pubsub topics", topic, member, "roles/pubsub.publisher")


def delivery(options: Options, target: Target) -> Iterator[Resource]:
    """List what calls a service; without a sink, what an earlier deployment made goes."""
    if options.has_sinks:
        name = f"{target.service} --region={options.region}"
        member = f"serviceAccount:{options.account(EVENTS)}"
        yield binding(options, "run services", name, member, INVOKER)
    yield _job(options, target)
    yield _trigger(options, target)
    if _has_trigger(options):
        yield _subscription(options, target)


def _has_trigger(options: Options) -> bool:
    """Tell whether the database tells of new events, which only Firestore does."""
    return options.has_sinks and not options.sql_instance


def url_of(options: Options, service: str) -> Command:
    """Return the command that prints the address of a service of Cloud Run."""
    look = f"run services describe {service} --region={options.region}"
    return options.gcloud(f"{look} --format=value(status.url)")


def _job(options: Options, target: Target) -> Resource:
    gcloud, job = options.gcloud, f"{target.service} --location={options.region}"
    account = options.account(EVENTS)
    flags = (
        f"--http-method=post --attempt-deadline={_SECONDS}s --oidc-service-account-email={account}"
    )
    if options.is_open:
        flags += f" --oidc-token-audience={options.audience}"
    command = f"http {job} {flags} --format=none"
    columns = "schedule,httpTarget.uri,httpTarget.oidcToken.serviceAccountEmail"
    columns += ",httpTarget.oidcToken.audience"
    url = re.escape(target.url) or f"https://\\S+/{FUNCTION}"
    audience = re.escape(options.audience) if options.is_open else r"https://\S+"
    return Resource(
        f"Scheduler job {target.service}",
        _with_url(options, target, gcloud(f"scheduler jobs create {command}", _EACH_MINUTE)),
        gcloud(f"scheduler jobs describe {job} --format=value({columns})"),
        current=rf"\* \* \* \* \*\s+{url}\s+{re.escape(account)}\s+{audience}",
        update=_with_url(options, target, gcloud(f"scheduler jobs update {command}", _EACH_MINUTE)),
        delete=gcloud(f"scheduler jobs delete {job} --quiet"),
        wanted=options.has_sinks,
    )


def _with_url(options: Options, target: Target, command: Command) -> Command:
    """Return a command of a job with the address; where Cloud Run asks, that is the audience."""
    if not target.url:
        script = _WITH_URL if options.is_open else _WITH_URL_AS_AUDIENCE
        return ["bash", "-c", script, " ".join(url_of(options, target.service)), *command]
    audience = [] if options.is_open else [f"--oidc-token-audience={target.url}"]
    return [*command, f"--uri={target.url}", *audience]


def _trigger(options: Options, target: Target) -> Resource:
    """Return the trigger, which must be where the database is."""
    gcloud, trigger = options.gcloud, _name_of_trigger(options, target)
    service = f"--destination-run-service={target.service}"
    service += f" --destination-run-region={options.region}"
    if target.path:
        service += f" --destination-run-path={target.path}"
    filters = f"--event-filters=type={_CREATED} --event-filters=database={options.database}"
    filters += " --event-filters-path-pattern=document=outbox/{event}"
    filters += " --event-data-content-type=application/protobuf --format=none"
    filters += f" --service-account={options.account(EVENTS)}"
    return Resource(
        f"Trigger {target.service}",
        gcloud(f"eventarc triggers create {trigger} {service} {filters}"),
        gcloud(f"eventarc triggers describe {trigger} --format=json(eventFilters)"),
        current=rf'.*"{re.escape(options.database)}".*',
        update=gcloud(f"eventarc triggers update {trigger} {filters}"),
        delete=gcloud(f"eventarc triggers delete {trigger} --quiet"),
        duration=", about two minutes",
        wanted=_has_trigger(options),
    )


def _subscription(options: Options, target: Target) -> Resource:
    """Return the subscription of Pub/Sub that a trigger made, with what a trigger cannot choose.

    That is the audience of its tokens: that of a service, or Cloud Run's where it asks; and how
    long a call may take before it is made again.
    """
    trigger = f"eventarc triggers describe {_name_of_trigger(options, target)}"
    name = " ".join(options.gcloud(f"{trigger} --format=value(transport.pubsub.subscription)"))
    look = "pubsub subscriptions describe --format=value("
    chosen = f"{look}pushConfig.oidcToken.audience,ackDeadlineSeconds)"
    endpoint = " ".join(options.gcloud(f"{look}pushConfig.pushEndpoint)"))
    flags = f"--ack-deadline={_SECONDS} --push-auth-service-account={options.account(EVENTS)}"
    if options.is_open:
        flags += f" --push-auth-token-audience={options.audience}"
    change = options.gcloud(f"pubsub subscriptions update {flags}")
    script = _CHANGE if options.is_open else _CHANGE_TO_URL
    audience = re.escape(options.audience) if options.is_open else r"https://\S+"
    return Resource(
        f"Subscription of trigger {target.service}",
        ["bash", "-c", script, name, endpoint, *change],
        ["bash", "-c", _LOOK, name, " ".join(options.gcloud(chosen))],
        current=rf"{audience}\s+{_SECONDS}",
    )


def _name_of_trigger(options: Options, target: Target) -> str:
    return f"{target.service} --location={options.location or options.region}"
