"""The texts of automatic replies: the shipped ones, or instead the owner's own, from the folder beside his file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from milter import shipped
from milter.settings import spanish
from milter.settings.findings import Wrong, nearest
from milter.settings.values import Problem

NAME = re.compile(r"(?P<template>[a-z][a-z-]*)\.(?P<language>[a-z]{2,3})\.txt")
_FOUND = re.compile(r"line (\d+): (.*); (.*)", re.S)  # as `delivery.render.check_source` answers
_PAGES = (".html", ".htm")
_DOCUMENTS = (".docx", ".doc", ".odt", ".rtf", ".md", ".text")
Check = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Texts:
    """`by_name`: every text in force by the name of its file (`closed.es.txt`)."""

    by_name: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(template, language) of each."""
        return frozenset(
            (found["template"], found["language"]) for name in self.by_name if (found := NAME.fullmatch(name))
        )

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(language for _, language in self.pairs)

    def missing(self, language: str) -> tuple[str, ...]:
        """The files without which this language has not every text that another one has."""
        pairs = self.pairs
        return tuple(
            sorted(f"{one}.{language}.txt" for one in {one for one, _ in pairs} if (one, language) not in pairs)
        )


def factory(folder: Path | None = None) -> Texts:
    """The shipped texts."""
    folder = folder or shipped("templates")
    return Texts({file.name: file.read_text("utf-8") for file in _files(folder) if NAME.fullmatch(file.name)})


def with_own(base: Texts, folder: Path, check: Check) -> Texts:
    """`base` with the owner's files laid over it. Other files in his folder are left alone, likely slips warned of."""
    texts = dict(base.by_name)
    problems: list[Problem] = []
    templates = {one for one, _ in base.pairs}
    try:
        files = _files(folder)
    except PermissionError as error:
        wrong = Wrong(f"cannot be read ({error.strerror})", "make it readable for the service")
        return Texts(texts, (_problem(folder, 0, wrong),))
    for file in files:
        found = NAME.fullmatch(file.name)
        if file.suffix != ".txt":
            problems += _other_kind(file, base)
            continue
        if not found or (templates and found["template"] not in templates):
            problems.append(_unused(file, base))
            continue
        source = _read(file, check)
        if isinstance(source, Problem):
            problems.append(source)
        else:
            texts[file.name] = source
    return Texts(texts, tuple(problems))


def check_source(name: str, source: str) -> str | None:
    """What is wrong with a text, from the room that renders it; None if nothing is."""
    from milter.delivery import (
        render,
    )  # here, because render itself reads settings, and only an owner's own text needs it

    return render.check_source(name, source)


def _read(file: Path, check: Check) -> str | Problem:
    try:
        source = file.read_text("utf-8-sig")
    except OSError as error:
        return _problem(file, 0, Wrong(f"cannot be read ({error.strerror})", "make it readable for the service"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return _problem(file, line, Wrong("is not UTF-8", "save the file as UTF-8"))
    wrong = check(file.name, source)
    if wrong is None:
        return source
    if found := _FOUND.fullmatch(" ".join(wrong.split())):
        return _problem(file, int(found[1]), Wrong(found[2], found[3]))
    return _problem(
        file, 1, Wrong(" ".join(wrong.split()), "mend it, or delete the file: then the shipped text is used")
    )


def _problem(file: Path, line: int, wrong: Wrong) -> Problem:
    return Problem(file, line, file.name, wrong.what, wrong.instead)


def _unused(file: Path, base: Texts) -> Problem:
    stem = file.name.partition(".")[0]  # the endings are alike: "cerrado.es.txt" is not nearly "neutral.es.txt"
    if f"{stem}.txt" == file.name and f"{stem}.es.txt" in base.by_name:
        named = f'name it with its language, such as "{stem}.es.txt"'
        return Problem(file, 0, file.name, "is no text that is ever sent", named, warning=True, slip=True)
    meant = spanish.meant(stem, {one for one, _ in base.pairs})
    if meant and (named := f"{meant}{file.name.removeprefix(stem)}") in base.by_name:
        return Problem(
            file, 0, file.name, "is no text that is ever sent", f'name it "{named}"', warning=True, slip=True
        )
    near = nearest(file.name, base.by_name) if nearest(stem, {one for one, _ in base.pairs}) else None
    instead = f'name it "{near}"' if near else 'name it like a shipped text, such as "closed.es.txt"'
    return Problem(file, 0, file.name, "is no text that is ever sent", instead, warning=True, slip=near is not None)


def _other_kind(file: Path, base: Texts) -> list[Problem]:
    """A text that a word processor saved, or HTML in a file of its own; backups of editors are nobody's slip."""
    name = f"{file.stem.removesuffix('.txt')}.txt"
    if file.suffix.lower() not in (*_PAGES, *_DOCUMENTS) or name not in base.by_name:
        return []
    instead = (
        f'put the HTML into "{name}", below a line --- html ---'
        if file.suffix.lower() in _PAGES
        else f'save it as plain text, "{name}"'
    )
    return [Problem(file, 0, file.name, "is no text that is ever sent", instead, warning=True, slip=True)]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
