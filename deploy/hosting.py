"""Firebase Hosting: one address for all functions."""

from collections.abc import Iterator

from deploy.firebase import configured, firebase, section
from deploy.options import Options
from deploy.resources import Resource

# The first words of these arguments add Firebase, which fails where it is there, and harms nothing.
_ADD = '"${@:1:$0}"; shift "$0"; "$@"'


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
    yield Resource(
        f"Hosting of {address_of_hosting(options)}",
        _deployment(options),
        look,
        current="",
        delete=firebase(options, f"hosting:disable --site {options.project} --force"),
    )


def address_of_hosting(options: Options) -> str:
    """Return the one address that all functions are under."""
    return f"https://{options.project}.web.app"


def _deployment(options: Options) -> list[str]:
    site = section("hosting")
    rewrites = [{**rewrite, "region": options.region} for rewrite in site["rewrites"]]
    config = {"hosting": {**site, "site": options.project, "rewrites": rewrites}}
    return configured(firebase(options, "deploy --only hosting"), config)
