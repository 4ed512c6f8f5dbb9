"""Firebase Hosting: one address for all functions."""

from collections.abc import Iterator

from deploy.commands import Command
from deploy.firebase import configured, firebase, section
from deploy.options import Options
from deploy.resources import Resource
from shared.public_headers import NOBODY, framed, read_ancestors, without_emulators

# The first words of these arguments add Firebase, which fails where it is there, and harms nothing.
_ADD = '"${@:1:$0}"; shift "$0"; "$@"'

_APP = r".*\d:web:.*"  # An app's id is in the tables that firebase prints.
# A token among the arguments would be shown to all users of the machine.
_LINK = (
    "app=$(\"$@\" | grep -Eom1 '[0-9]+:[0-9]+:web:[0-9a-z]+') || exit; "
    "printf 'Authorization: Bearer %s' \"$(gcloud auth print-access-token)\" | "
    "curl --fail-with-body --silent --show-error --request PATCH --header @- "
    "--header \"X-Goog-User-Project: $0\" --header 'Content-Type: application/json' "
    '--data "{\\"appId\\": \\"$app\\"}" '
    '"https://firebasehosting.googleapis.com/v1beta1/projects/$0/sites/$0?updateMask=appId"'
)


def hosting(options: Options) -> Iterator[Resource]:
    """List what Hosting needs to pass requests on to the functions.

    It cannot show Google a token, so it reaches only functions that everybody reaches.
    """
    if not options.is_open:
        return
    services = "firebase.googleapis.com firebasehosting.googleapis.com"
    yield Resource(
        "Google Cloud services for Hosting", options.gcloud(f"services enable {services}")
    )
    add = firebase(options, f"projects:addfirebase {options.project}")
    create = firebase(options, f"hosting:sites:create {options.project}")
    look = firebase(options, f"hosting:sites:get {options.project}")
    yield Resource(
        f"Hosting site {options.project}",
        ["bash", "-c", _ADD, str(len(add)), *add, *create],
        look,
    )
    if options.auth == "firebase":
        yield from _web_app(options, look)
    yield Resource(
        f"Hosting of {address_of_hosting(options)}",
        _deployment(options),
        look,
        current="",
        delete=firebase(options, f"hosting:disable --site {options.project} --force"),
    )


def _web_app(options: Options, look: Command) -> Iterator[Resource]:
    """List what gives `/__/firebase/init.js` a configuration, with which pages sign in."""
    apps = firebase(options, "apps:list WEB")
    create = firebase(options, "apps:create WEB Appointments")
    yield Resource("Hosting web app", create, apps, current=_APP)
    yield Resource(
        f"Hosting site {options.project}, linked with the web app",
        ["bash", "-c", _LINK, options.project, *apps],
        look,
        current=_APP,
    )


def address_of_hosting(options: Options) -> str:
    """Return the one address that all functions are under."""
    return f"https://{options.project}.web.app"


def _deployment(options: Options) -> list[str]:
    site = section("hosting")
    rewrites = [{**rewrite, "region": options.region} for rewrite in site["rewrites"]]
    headers = without_emulators(site["headers"])
    site["headers"] = framed(headers, read_ancestors(options.frame_ancestors or NOBODY))
    config = {"hosting": {**site, "site": options.project, "rewrites": rewrites}}
    return configured(firebase(options, "deploy --only hosting"), config)
