"""The database in Cloud SQL, in place of Firestore: for PostgreSQL.

Two users share the work. The owner makes the tables and loads the doctors, in a deployment and at
no other time: it gets a new password each time, which nobody keeps. The functions' service account
logs in by tokens, and may only read and write rows.
"""

from collections.abc import Iterator

from deploy.commands import Command
from deploy.options import SQL_DATABASE, Options
from deploy.resources import Resource

OWNER = "appointments-owner"

_CREATED = (
    "--database-version=POSTGRES_17 --edition=enterprise --storage-auto-increase"
    # Log-in by tokens, and the certificates with which Cloud Run can connect.
    " --database-flags=cloudsql.iam_authentication=on --server-ca-mode=GOOGLE_MANAGED_INTERNAL_CA"
)
# Setting the hour of daily backups turns them on.
_PROTECTION = (
    "--deletion-protection --enable-point-in-time-recovery --backup-start-time=01:00"
    " --retain-backups-on-delete"
)
_PROTECTED = r"\S+\s+True\s+True\s+True"
_ANNOTATION = "spec.template.metadata.annotations['run.googleapis.com/cloudsql-instances']"
# In these scripts of bash, the first argument is a command that takes a password. All users of the
# machine could read one among its arguments, so it comes as a file.
_WITH_NEW_LOGIN = (
    "set -e; export PGPASSWORD=$(head -c 32 /dev/urandom | base64); "
    "$0 --flags-file=<(echo \"--password: '$PGPASSWORD'\"); "
)
# The second one is the instance, the others are a command that uses the store as its owner.
_AS_OWNER = (
    "folder=$(mktemp -d); trap 'kill $proxy 2>/dev/null; rm -r \"$folder\"' EXIT; "
    'cloud-sql-proxy --quiet "$1?unix-socket-path=$folder" & proxy=$!; '
    'until test -S "$folder/.s.PGSQL.5432"; do '
    "kill -0 $proxy 2>/dev/null || wait $proxy; sleep 0.1; done; "
    f'export STORE="postgresql://{OWNER}@/{SQL_DATABASE}?host=$folder" STORE_LOGIN=password; '
    '"${@:2}"'
)
_MIGRATE = 'make migrate && psql "$STORE" --no-psqlrc --set=ON_ERROR_STOP=1 --command="$0"'


def cloud_sql(options: Options) -> Iterator[Resource]:
    """List the instance, the database, its users, and the tables, as this release needs them."""
    yield _instance(options)
    where = f"--instance={options.sql_instance}"
    create = f"sql databases create {SQL_DATABASE} {where}"
    yield Resource(
        f"Database {SQL_DATABASE}",
        options.gcloud(create),
        _look(options, f"sql databases list {where} --format=value(name)", SQL_DATABASE),
    )
    create = f"sql users create {options.sql_user} {where} --type=cloud_iam_service_account"
    yield _user(options, options.sql_user, options.gcloud(create))
    create = " ".join(options.gcloud(f"sql users create {OWNER} {where} --type=built_in"))
    yield _user(options, OWNER, ["bash", "-c", _WITH_NEW_LOGIN, create])
    yield Resource("Tables", as_owner(options, ["bash", "-c", _MIGRATE, _rights(options)]))


def connection(options: Options, service: str) -> Iterator[Resource]:
    """List what lets a function connect: only its service of Cloud Run can be told."""
    if not options.sql_instance:
        return
    name = f"{service} --region={options.region}"
    update = f"run services update {name} {connected(options)} --format=none"
    yield Resource(
        f"Connection of {service} to {options.sql_instance}",
        options.gcloud(update),
        options.gcloud(f"run services describe {name} --format=value({_ANNOTATION})"),
        current=options.sql_connection,
    )


def connected(options: Options) -> str:
    """Return the flag of a service of Cloud Run that lets it connect."""
    return f"--set-cloudsql-instances={options.sql_connection}"


def as_owner(options: Options, command: Command) -> Command:
    """Return a command that runs another one, here, with the store as it is for its owner."""
    where = f"--instance={options.sql_instance} --format=none"
    password = " ".join(options.gcloud(f"sql users set-password {OWNER} {where}"))
    script = _WITH_NEW_LOGIN + _AS_OWNER
    return ["bash", "-c", script, password, options.sql_connection, *command]


def deletion(options: Options) -> list[str]:
    """Return the commands that delete the data for good."""
    instance = options.sql_instance
    update = f"sql instances patch {instance} --no-deletion-protection"
    return [update, f"sql instances delete {instance}"]


def _instance(options: Options) -> Resource:
    name = options.sql_instance
    backup = "settings.backupConfiguration"
    columns = f"name,settings.deletionProtectionEnabled,{backup}.enabled"
    columns += f",{backup}.pointInTimeRecoveryEnabled"
    size = f"--tier={options.sql_tier} --region={options.region}"
    create = f"sql instances create {name} {_CREATED} {size} {_PROTECTION} --format=none"
    return Resource(
        f"Cloud SQL instance {name}",
        options.gcloud(create),
        _look(options, f"sql instances list --format=value({columns})", name),
        current=_PROTECTED,
        update=options.gcloud(f"sql instances patch {name} {_PROTECTION} --format=none"),
        duration=", about ten minutes",
    )


def _user(options: Options, name: str, create: Command) -> Resource:
    users = f"sql users list --instance={options.sql_instance} --format=value(name)"
    return Resource(f"Database user {name}", create, _look(options, users, name))


def _look(options: Options, command: str, name: str) -> list[str]:
    return options.gcloud(command, f'--filter=name="{name}"')


def _rights(options: Options) -> str:
    rights = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
    return f'GRANT {rights} TO "{options.sql_user}"'
