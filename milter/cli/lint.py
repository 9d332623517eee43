"""`recado lint`: every text in force, in every language and both tones, held against the rules of the voice."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from milter import shipped
from milter.cli import configuration
from milter.cli.names import unknown
from milter.core.owner import Kind, Owner
from milter.delivery.lint import Finding, Report, lint
from milter.settings import load
from milter.settings.owner_file import files_of, folder_of
from milter.settings.values import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A finding where its reader can mend it."""

    owner: str
    file: str
    line: int
    what: str
    instead: str


@click.command()
@configuration.option
@click.option("--owner", "wanted", metavar="OWNER", help="Only this owner's. Default: everybody's.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each finding.")
def command(file: Path, wanted: str | None, as_json: bool) -> None:
    """Check every text as its readers would get it; exit 0, or 2 with one line per finding.

    Each is rendered for a client of each plan, with and without a name, in another time zone, and for a stranger; closed
    by the hours, a holiday, a day off and a vacation; with everything to offer and with nothing.
    """
    loaded = load(file, make_secret=False, today=datetime.now(UTC).date())
    broken = [one for one in loaded.problems if not one.warning and _concerns(one.file, file, wanted)]
    places = [Place("", str(one.file), one.line, f"{one.key}: {one.what}", one.instead) for one in broken]
    reports: dict[str, Report] = {}
    if loaded.settings:
        for owner in _owners(loaded.settings, wanted, refuse=not broken):
            files = _Files(loaded.settings, owner)
            reports[owner.id] = lint(owner, loaded.settings.texts[owner.id], files.own)
            places += [files.place(one) for one in reports[owner.id].findings]
    for place in _once(places):
        click.echo(json.dumps(asdict(place), ensure_ascii=False) if as_json else _line(place))
    if places:
        raise SystemExit(2)
    if not as_json:
        for owner_id, report in reports.items():
            click.echo(f"{owner_id}: {_summary(report)}")


def _concerns(problem: Path, host: Path, wanted: str | None) -> bool:
    """recado.toml concerns everybody, ana.toml and the folder ana/ Ana alone."""
    return wanted is None or problem == host or wanted in (problem.stem, problem.parent.name)


def _owners(settings: Settings, wanted: str | None, *, refuse: bool) -> tuple[Owner, ...]:
    owners = settings.policy.owners
    if wanted is None:
        return owners
    found = tuple(one for one in owners if one.id == wanted)
    if not found and refuse:
        raise unknown(wanted, "owner", (one.id for one in owners), "--owner")
    return found


class _Files:
    """Where the texts of one owner lie."""

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self._owner = owner.id
        self._file = next((one for one in files_of(settings.file, settings.owners) if one.stem == owner.id), None)
        folder = folder_of(self._file) if self._file else None
        names = settings.texts[owner.id]
        self._own = {one: folder / one for one in names if folder and (folder / one).is_file()}
        self._shipped = shipped("templates")

    @property
    def own(self) -> frozenset[str]:
        return frozenset(self._own)

    def place(self, one: Finding) -> Place:
        file, line = self._own.get(one.name, self._shipped / one.name), one.line
        if not line:
            # The words are in no text: a value in the owner's file brought them in.
            written = self._mention(one.phrase)
            file, line = (self._file, written) if self._file and written else (file, 1)
        return Place(self._owner, str(file), line, one.what, one.instead)

    def _mention(self, phrase: str) -> int:
        try:
            lines = self._file.read_text("utf-8-sig").split("\n") if self._file and phrase else []
        except (OSError, UnicodeDecodeError):
            return 0
        return next((number for number, line in enumerate(lines, start=1) if phrase.lower() in line.lower()), 0)


def _once(places: list[Place]) -> Iterator[Place]:
    """A shipped text that several owners use is told once."""
    seen: set[tuple[str, int, str]] = set()
    for one in places:
        if (one.file, one.line, one.what) not in seen:
            seen.add((one.file, one.line, one.what))
            yield one


def _line(one: Place) -> str:
    return f"{one.file}:{one.line}: {one.what}; {one.instead}" if one.line else f"{one.file}: {one.what}; {one.instead}"


def _summary(report: Report) -> str:
    if not report.renderings:
        return f"nobody gets a reply without an identity of kind {Kind.BUSINESS}, so nothing was tried"
    languages = ", ".join(report.languages)
    return f"{report.texts} texts ({languages}) in two tones, tried in {report.renderings} situations: nothing to mend"
