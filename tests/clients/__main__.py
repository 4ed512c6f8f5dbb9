"""`python -m tests.clients` keeps the names that apps refer to, as the document makes them now."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clients.generators import GENERATORS, generate
from tests.clients.names import keep, names

for name in GENERATORS:
    with TemporaryDirectory() as folder:
        generate(name, Path(folder))
        keep(name, names(name, Path(folder)))
