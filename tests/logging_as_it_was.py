"""For tests of what configures logging, which is one for the whole process."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Whatever is configured inside, afterwards all is as before."""
    loggers = [logging.getLogger(name) for name in (None, "appointments")]
    before = [(logger, logger.handlers.copy(), logger.level) for logger in loggers]
    hooks = sys.unraisablehook, threading.excepthook
    yield
    logging.captureWarnings(capture=False)
    sys.unraisablehook, threading.excepthook = hooks
    for logger, handlers, level in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
