"""The command line of a command for operators."""

import argparse
import sys
from typing import NoReturn


class CommandLine(argparse.ArgumentParser):
    """A parser that refuses with one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message alone."""
        sys.exit(message)
