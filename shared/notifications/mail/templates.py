"""Templates of mails: files of ours, each replaced by an operator's file of the same name.

    {event}.txt   the words of one event: "Subject: ...", a heading, and paragraphs between blank
                  lines, all of them plain text
    layout.html   what stands around them, in HTML and as plain text
    layout.txt
    calendar.txt  the title and the description of the entry in a calendar

Templates run in a sandbox: they can format what they are given, and reach nothing else.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

from babel import Locale, UnknownLocaleError
from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from shared.notifications.mail.facts import Facts
from shared.settings import SettingsError

FOLDER = Path(__file__).parents[1] / "templates"
OURS = "en"
"""The language of a file that neither an operator has nor we in the language of the mails."""
_SUBJECT = "Subject: "


class Words(Struct, frozen=True):
    """What one event is told in."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]


class Templates:
    """The templates of one language. A file is read once, so none changes while mails go out."""

    def __init__(self, language: str, folder: Path | None) -> None:
        self.locale = locale_of(language)
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(list(dict.fromkeys(_folders(language, folder)))),
            autoescape=select_autoescape(("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )

    def render(self, name: str, facts: Facts) -> str:
        """Fill one file. Raises what a template can raise, which is anything."""
        return self._environment.get_template(name).render(facts)

    def words(self, name: str, facts: Facts) -> Words:
        """Fill the words of an event. Raises ValueError if they have no subject or no heading."""
        first, *blocks = _blocks(self.render(name, facts))
        if not first.startswith(_SUBJECT) or not blocks:
            raise ValueError(f'{name} must begin with "{_SUBJECT}...", a blank line and a heading')
        heading, *paragraphs = blocks
        return Words(first.removeprefix(_SUBJECT), heading, tuple(paragraphs))

    def entry(self, facts: Facts) -> tuple[str, str]:
        """Fill the title and the description of an entry in a calendar."""
        title, *description = _blocks(self.render("calendar.txt", facts))
        return title, "\n\n".join(description)


def locale_of(language: str) -> Locale:
    """Return how people of a language write dates. Raises SettingsError for none such."""
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        rule = 'must be a language such as "fr" or "pt-BR"'
        raise SettingsError(f'MAIL_LANGUAGE: {rule}, not "{language}"') from None


def mistake(error: Exception) -> str:
    """Return, in one line, which template is wrong, where, and what about it."""
    cause = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, TemplateSyntaxError):
        return f"{_short(error.filename)}, line {error.lineno}: {cause}"
    lines = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if frame.f_code.co_filename.endswith((".txt", ".html"))
    ]
    if not lines:
        return cause
    file, line = lines[-1]
    return f"{_short(file)}, line {line}: {cause}"


def _folders(language: str, operators: Path | None) -> Iterator[Path]:
    """Yield where a file is looked for: the operator's, then ours; each in nearby languages."""
    nearby = dict.fromkeys((language, language.partition("-")[0]))
    if operators:
        yield from (operators / each for each in nearby)
    yield from (FOLDER / each for each in nearby)
    yield FOLDER / OURS


def _blocks(text: str) -> list[str]:
    """Return what blank lines separate, each in one line."""
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n", text.strip())]


def _short(file: str | None) -> str:
    """Return the language and the name of a file."""
    return "/".join(Path(file or "").parts[-2:])
