"""One TOML file while it is read: what it says, and every problem found in it so far."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from milter.settings.findings import Wrong
from milter.settings.lines import KeyPath, Lines
from milter.settings.values import Problem

# Finding a line parses the file some ten times: one owner's careless file must not keep the parent from the others.
MOST = 100  # problems, and warnings, of one file
LARGEST = 1 << 20  # bytes of one file

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_TABLE = re.compile(r"\('[^()]*\)")  # ('identity', 'studio'), as tomllib writes [identity.studio]
_NAME = re.compile(r"'([^']*)'")
_AT_END = " (at end of document)"
# What tomllib says, and what a person should do about it; the first that fits.
_ADVICE = (
    ("Cannot declare", "give each [table] once"),
    ("Cannot overwrite", "give each key once"),
    (
        "Invalid value",
        'put texts between double quotes, such as "ana@estudio.example"; dates, numbers, true and false go without',
    ),
    ("Invalid date", "write a day that exists, as 2026-12-24"),
    ("Unterminated string", "close the double quotes"),
    ("Illegal character", "close the double quotes on the same line"),
    ("Unclosed array", "put a comma between the entries, and ] behind the last"),
    ("Unescaped", "write / for each \\"),
    ("Invalid hex", "write / for each \\"),
    ("Expected newline", "write one key = value a line, and # before a remark"),
    ("Expected '='", "write key = value"),
    ("Invalid statement", "write key = value or [table]"),
)
_QUOTED = re.compile(r'"[^"]*"|#.*')
_SHORT_DAY = re.compile(r"\b(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b")
_YES_OR_NO = re.compile(r"=\s*(s[ií]|yes|on|true|verdadero|no|off|false|falso)\s*$", re.I)
_ADDRESS_KEY = re.compile(r"(?<![\w.@])(@?[\w.+-]+@[\w.-]+|@[\w.-]+)\s*=")
_ACCENTED_KEY = re.compile(r"(?:^|[{,])\s*((?=[\w-]*[^\W\x00-\x7f])[\w-]+)\s*=")
_QUOTES_INSIDE = re.compile(r"\s*([\w-]+)\s*=\s*\"([^']*)\"\s*(?:#.*)?")
_CURLY = re.compile("[“”„«»‘’]")
_STRANGE_SPACE = re.compile(r"[\u00a0\u2000-\u200f\u202f\u205f\u3000\ufeff]")
_OPEN_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]?\s*")
_UNQUOTED = re.compile(r"\s*([\w-]+)\s*=\s*([^\"'\[\]{}#]*[^\W\d_][^\"'\[\]{}#]*?)\s*(?:#.*)?")
# 16:00-20:00, 7d, 0660: TOML takes the figures in front for a number.
_FIGURES = re.compile(r"\s*([\w-]+)\s*=\s*((?!\d{4}-\d\d-\d\d)\d[^\"'\[\]{}#,]*?)\s*(?:#.*)?")
_NUMBERS = ("workers", "message_size_limit", "hourly_limit", "urgent_quota")
_COLOUR = re.compile(r"\s*([\w-]+)\s*=\s*(#[0-9A-Fa-f]{3,6})\s*")
_QUOTES_OF_WRITERS = "“”„«»‘’´` "
_DAY_FIRST = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](20\d\d)\b")
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]\"]+)(\]\]?)\s*(?:#.*)?")


@dataclass
class Source:
    """`data` {} if the file cannot be read. `problems` grows while it is read. `top`: the keys above all tables; `tables`."""

    file: Path
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    top: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    @property
    def broken(self) -> bool:
        return any(not one.warning for one in self.problems)

    def problem(self, path: KeyPath, wrong: Wrong) -> None:
        self._add(path, wrong, warning=False)

    def warn(self, path: KeyPath, wrong: Wrong, *, slip: bool = False) -> None:
        self._add(path, wrong, warning=True, slip=slip)

    def _add(self, path: KeyPath, wrong: Wrong, *, warning: bool, slip: bool = False) -> None:
        same_kind = sum(one.warning is warning for one in self.problems)
        if same_kind > MOST:
            return
        if same_kind == MOST:
            self.problems.append(Problem(self.file, 0, "file", "there are more", "mend these first", warning))
            return
        found = Problem(self.file, self.lines.of(path), key_of(path), wrong.what, wrong.instead, warning, slip)
        if found not in self.problems:
            self.problems.append(found)


def key_of(path: KeyPath) -> str:
    """`client.acme.names."laura@acme.example"`; the place in an array of tables is left to the line."""
    return ".".join(one if _BARE.fullmatch(one) else f'"{one}"' for one in path if isinstance(one, str))


def read(file: Path) -> Source:
    """The file as TOML. One that cannot be read or parsed has `data` {} and its problem says where."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        return Source(file, problems=[Problem(file, 0, "file", f"cannot be read ({why})", _unread(file, error))])
    if len(raw) > LARGEST:
        return Source(file, problems=[Problem(file, 0, "file", f"has more than {LARGEST} bytes", "make it shorter")])
    try:
        text = raw.decode("utf-8-sig")  # editors of other systems put a byte order mark in front
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Source(file, problems=[Problem(file, line, "encoding", "is not UTF-8", "save the file as UTF-8")])
    try:
        return Source(file, text, tomllib.loads(text))
    except RecursionError:
        return Source(file, text, problems=[Problem(file, 1, "syntax", "lists nested too deep", "write plain lists")])
    except ValueError as error:  # TOMLDecodeError, and int() of thousands of digits
        return Source(file, text, problems=[_syntax(file, text, str(error))])


def _unread(file: Path, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError):
        return "make it readable for the service"
    if file.is_symlink():
        return "mend the link, or remove it"
    return "write it, or name another with --config"


def _syntax(file: Path, text: str, message: str) -> Problem:
    if found := _AT_LINE.search(message):
        line = int(found[1])
    else:
        line = len(text.rstrip("\n").split("\n"))
    what = _AT_LINE.sub("", message).removesuffix(_AT_END)
    what = _TABLE.sub(lambda found: f"[{'.'.join(_NAME.findall(found[0]))}]", what)
    what = what[:1].lower() + what[1:]
    return Problem(file, line, "syntax", what, _advice(message, [*text.split("\n"), ""][line - 1]))


def _advice(message: str, line: str) -> str:
    """What people write, before what the reader of TOML makes of it."""
    bare = _QUOTED.sub("", line)
    if day := _DAY_FIRST.search(bare):
        return f"write {day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    if day := _SHORT_DAY.search(bare):
        whole = f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
        if whole != day[0]:
            return f"write {whole}"
    if said := _YES_OR_NO.search(bare):
        return f"write {'false' if said[1].casefold() in ('no', 'off', 'false', 'falso') else 'true'}, without quotes"
    if one := _ADDRESS_KEY.search(bare) or _ACCENTED_KEY.search(bare):
        return f'write "{one[1]}" between double quotes'
    if message.startswith("Invalid value") and (one := _UNQUOTED.fullmatch(line) or _COLOUR.fullmatch(line)):
        return f'put texts between double quotes: {one[1]} = "{one[2].strip(_QUOTES_OF_WRITERS)}"'
    if _CURLY.search(bare):
        return 'write straight quotes, such as "ana@estudio.example"'
    if message.startswith("Expected newline"):
        if one := _FIGURES.fullmatch(line):
            if one[1] in _NUMBERS:
                return "write a whole number, without quotes"
            return f'put texts between double quotes: {one[1]} = "{one[2]}"'
        if bare.rstrip().endswith(","):
            return "remove the comma at the end of the line"
        if (one := _QUOTES_INSIDE.fullmatch(line)) and '"' in one[2]:
            return f"put single quotes around it: {one[1]} = '{one[2]}'"
    if _STRANGE_SPACE.search(bare):
        return "write plain spaces: one here is of another kind, from a web page or Word"
    if header := _HEADER.fullmatch(line):
        plain = "".join(one for one in unicodedata.normalize("NFD", header[2]) if not unicodedata.combining(one))
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain.strip().replace("/", "."))
        if header[1] == "[" and plain == "vacation":
            return "write [[vacation]]"
        if plain != header[2]:
            return f"write {header[1]}{plain}{header[3]}"
    if message.startswith("Expected ']") and (opened := _OPEN_HEADER.fullmatch(bare)):
        return f"write {opened[1]}{opened[2].strip()}{']' * len(opened[1])}"
    return next(
        (instead for start, instead in _ADVICE if message.startswith(start)),
        "write key = value, texts in double quotes",
    )
