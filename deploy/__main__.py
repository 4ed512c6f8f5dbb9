"""`python3 -m deploy VERB --project PROJECT`."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from deploy.container import container
from deploy.functions import functions
from deploy.options import Options, parsed
from deploy.remove import remove
from deploy.smoke import Smoke
from deploy.steps import Action, Failed, say
from deploy.watch import watch


def _smoke(options: Options) -> Iterator[Action]:
    yield Smoke(options.project, options.region, options.url)


_VERBS: dict[str, Callable[[Options], Iterable[Action]]] = {
    "functions": functions,
    "container": container,
    "watch": watch,
    "smoke": _smoke,
    "remove": remove,
}


def main(arguments: Sequence[str]) -> None:
    """Run what a verb consists of, or print it; ends with status 1 at the first that fails."""
    verb, options, dry_run = parsed(arguments)
    actions = _VERBS[verb](options)
    if dry_run:
        say("\n\n".join("\n".join(action.script()) for action in actions))
        return
    try:
        for action in actions:
            action.run()
    except Failed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nstopped; what gcloud has begun goes on")


if __name__ == "__main__":
    main(sys.argv[1:])
