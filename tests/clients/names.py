"""The names and types in generated clients: what an app's source refers to, and so breaks with."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import ndiff
from pathlib import Path
from typing import NamedTuple

KEPT = Path(__file__).parent / "names"


class Language(NamedTuple):
    """Where a generator writes what apps refer to, and how that looks there, line by line.

    `line` finds the groups `indent`, `name`, `rest` and perhaps `type`; lines below it that are
    indented more belong to it. `skip` finds lines to leave out, `noise` parts of lines.
    """

    files: tuple[str, ...]
    line: str
    skip: str
    noise: str


LANGUAGES: Mapping[str, Language] = {
    "swift6": Language(
        ("**/Models/*.swift", "**/APIs/*.swift"),
        r"(?P<indent> {0,4})(?:(?:public|open) (?:struct|enum|class func|class|var)|case) "
        r"(?P<name>\w+)(?P<rest>.*)",
        "CodingKey|WithRequestBuilder|containsUnknown",
        r"(, )?apiConfiguration: .*?shared| async throws\(ErrorResponse\)|Sendable, |, Hashable",
    ),
    "kotlin": Language(
        ("src/main/**/models/*.kt", "src/main/**/apis/*.kt"),
        r"(?P<indent> {0,4})(?:(?:(?:data |open |enum )?class|val|suspend fun) )?"
        r"(?P<name>[\w`]+)(?P<rest> ?[:(].*)",
        "WithHttpInfo|RequestConfig|encodeURI",
        r" = withContext\(Dispatchers.IO\)|kotlin\.(collections\.)?|\(basePath.*",
    ),
    "dart-dio": Language(
        ("lib/src/model/*.dart", "lib/src/api/*.dart"),
        r"(?P<indent> {0,2})(?:class|abstract class|static const|(?P<type>\S+)(?: get)?) "
        r"(?P<name>\w+)(?P<rest>(?: implements| extends| \{| \w+ = _|\(\{|;).*)",
        "Serializer|return |final ",
        r" = _.*|,? ?CancelToken.*| implements.*| extends.*",
    ),
    "typescript-fetch": Language(
        ("models/*.ts", "apis/*.ts"),
        r"(?P<indent> {0,4})(?:export (?:interface|class|const) |async )?"
        r"(?P<name>\w+)(?P<rest>(?:\??: |\(|.* \{).*)",
        r"\w+(Raw|RequestOpts)\(|function|import|(if|for) \(",
        r"(, )?initOverrides\?: [^)]*| extends runtime.BaseAPI",
    ),
    "openapi-typescript": Language(
        ("schema.d.ts",),
        r"(?P<indent> *)(?:export interface )?\"?(?P<name>[\w/-]+)\"?(?P<rest>(?:\??: | \{).*)",
        r" [45]\d\d: |never|headers: \{|\[name|API-Version|Request-Id|ETag|Replayed|Disposition",
        r"^\?: \{",
    ),
    "hey-api": Language(
        ("types.gen.ts", "sdk.gen.ts"),
        r"(?P<indent> *)(?:export (?:type|const) )?'?(?P<name>[\w-]+)'?(?P<rest>(?:\??: | = ).*)",
        r"^ +(url|[45]\d\d): |never|keyof",
        r"^\?: \{|<ThrowOnError.*client\)\.\w+|, ThrowOnError>.*",
    ),
    "python": Language(
        ("models/*.py", "api/*/*.py"),
        r"(?P<indent> {0,4})(?:class |def )?(?P<name>\w+)(?P<rest>(?:: |:$|\(.*[:>]| = \").*)",
        "_detailed|asyncio|kwargs|_parse|_build|additional_prop|_dict|__|Any] = {}|json_|_keys",
        r" \*, client: AuthenticatedClient( \| Client)?,?| = UNSET|,? ?:$",
    ),
}


def names(name: str, folder: Path) -> list[str]:
    """Return the names in a client that was generated in a folder, with their types, in order."""
    files = {f for part in LANGUAGES[name].files for f in (folder / "generated").glob(part)}
    return sorted({line for file in files for line in _names(LANGUAGES[name], file)})


def _names(language: Language, file: Path) -> Iterator[str]:
    # What stands in parentheses may go over several lines.
    text = re.sub(r"\([^()]*\)", lambda it: " ".join(it[0].split()), file.read_text("utf-8"))
    # What a module of Python has at its top is named after the module, if it is a function.
    owners = [(-1, file.stem)] if "\ndef sync(" in text else []
    for line in text.splitlines():
        found = re.match(language.line, line)
        if not found or re.search(language.skip, line):
            continue
        group = found.groupdict("")
        indent = len(group["indent"])
        owners = [each for each in owners if each[0] < indent] + [(indent, group["name"])]
        rest = re.sub(language.noise, "", group["rest"]).rstrip(" {;,=(")
        kind = f": {group['type']}" if group.get("type") else ""
        if (kind + rest).strip(" :"):
            yield ".".join(owner for _, owner in owners) + kind + rest


def keep(name: str, found: Iterable[str]) -> None:
    """Keep names as those that apps know."""
    (KEPT / f"{name}.txt").write_text("".join(f"{line}\n" for line in found), "utf-8")


def kept(name: str) -> list[str]:
    """Return the names that apps know."""
    return (KEPT / f"{name}.txt").read_text("utf-8").splitlines()


def difference(name: str, found: Iterable[str]) -> list[str]:
    """Return what differs from the names that apps know, each line with a + or a -."""
    return [line for line in ndiff(kept(name), [*found]) if line.startswith(("+", "-"))]
