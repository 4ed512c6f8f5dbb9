"""`python3 -m deploy VERB --project PROJECT --region REGION`."""

import sys
from collections.abc import Sequence

from deploy.commands import Failed, say
from deploy.options import parsed
from deploy.plans import PLANS


def main(arguments: Sequence[str]) -> None:
    """Run the actions of a verb, or print them; exit with status 1 at the first failure."""
    verb, options, dry_run = parsed(arguments)
    actions = list(PLANS[verb](options))
    if dry_run:
        say("\n\n".join("\n".join(action.script()) for action in actions))
        return
    try:
        for action in actions:
            action.run()
    except Failed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nstopped; operations that Google Cloud has begun continue")


if __name__ == "__main__":
    main(sys.argv[1:])
