"""What closes an office beside its expression: days off, half days, and the calendars that name them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from milter.core import wall_clock
from milter.settings.findings import Wrong
from milter.settings.reader import Reader
from milter.settings.values import Problem

KEYS = ("calendars", "vacation_calendars")
MOST_FILES = 50  # of one folder
YEARS_BACK, YEARS_AHEAD = 2, 4  # around today, within which a calendar counts
NOON = 12
Days = tuple[date, date]

_HALF_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Any other is a slip; and at either end of the calendar there is no next year to reckon with.
_YEARS = range(1970, 3000)
_EXAMPLE = 'write days as 2026-12-24, half days as "2026-12-24 14:00-24:00"'


@dataclass(frozen=True, slots=True)
class Laid:
    """Closures of one table. `vacations` (first, last), both included; `sources`: the files and folders that were named."""

    days: frozenset[date] = frozenset()
    spans: tuple[wall_clock.Span, ...] = ()
    vacations: tuple[Days, ...] = ()
    sources: tuple[Path, ...] = ()

    def __or__(self, other: "Laid") -> "Laid":
        return Laid(
            self.days | other.days,
            self.spans + other.spans,
            self.vacations + other.vacations,
            self.sources + other.sources,
        )


def days_off(table: Reader, zone: str) -> tuple[tuple[date, ...], tuple[wall_clock.Span, ...]]:
    """`days_off`: whole days, and the instants of half days on the wall of `zone`."""
    days, texts = table.days("days_off", lambda text: half_day(text, zone))
    return days, tuple(span for spans in texts for span in spans)


def half_day(text: str, zone: str) -> tuple[wall_clock.Span, ...] | Wrong:
    """`2026-12-24 14:00-24:00`; hours past 24 are on the next day."""
    if _DAY.fullmatch(text.strip()):
        return Wrong(f'"{text}" is a text', "write days without quotes, as 2026-12-24")
    found = _HALF_DAY.fullmatch(text.strip())
    if not found:
        return Wrong(f'"{text}" is neither a day nor a half day', _EXAMPLE)
    hours = [int(one) for one in found.groups()[1:]]
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        return Wrong(f'"{found[1]}" is no day of any year', "write a day that exists")
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or start >= 24 * 60 or end > 48 * 60:
        return Wrong(f'"{text}" is neither a day nor a half day', _EXAMPLE)
    if end <= start:
        night = f"{hours[0]:02}:{hours[1]:02}-{hours[2] + 24:02}:{hours[3]:02}"
        turned = f"{hours[2]:02}:{hours[3]:02}-{hours[0]:02}:{hours[1]:02}"
        return Wrong(f'"{text}" ends before it begins', f'write "{day} {night if hours[2] < NOON else turned}"')
    midnight = wall_clock.local_midnight(day)
    return tuple(wall_clock.spans([(midnight + start * 60, midnight + end * 60)], zone, day.year))


def calendars(table: Reader, zone: str, today: date) -> Laid:
    """What the .ics files of `table` take. Paths are relative to the file it stands in; their problems go to its source."""
    found = Laid()
    for key in KEYS:
        for name in table.each(key, _path):
            path = table.source.file.parent / name
            for file in _files(table, key, path):
                found |= _read(table, key, file, zone, today)
            found |= Laid(sources=(path,))
    return found


def calendar_files(path: Path) -> list[Path]:
    """The .ics files that `path` means: itself, or what lies in the folder."""
    if not path.is_dir():
        return [path]
    try:
        return sorted(one for one in path.iterdir() if one.suffix.lower() == ".ics" and not one.name.startswith("."))
    except OSError:
        return []


def _files(table: Reader, key: str, path: Path) -> list[Path]:
    if not path.exists():
        table.problem(key, Wrong(f"{path} is not there", "write the path of an .ics file, or of a folder of them"))
        return []
    files = calendar_files(path)
    if not files:
        table.warn(key, Wrong(f"there is no .ics file in {path}", "put one there, or remove the folder from the list"))
    if len(files) > MOST_FILES:
        table.problem(key, Wrong(f"{path} has more than {MOST_FILES} .ics files", "put fewer there"))
        return []
    return files


def _read(table: Reader, key: str, file: Path, zone: str, today: date) -> Laid:
    from milter.settings import ics  # here: only who names a calendar waits for its library

    try:
        with file.open("rb") as stream:
            if not file.is_file():
                raise OSError("not a file")
            raw = stream.read(ics.LARGEST + 1)
    except OSError as error:
        why = error.strerror or str(error)
        _add(table, Problem(file, 0, "file", f"cannot be read ({why})", "make it readable for the service"))
        return Laid()
    taken = ics.taken(raw, zone, date(today.year - YEARS_BACK, 1, 1), date(today.year + YEARS_AHEAD + 1, 1, 1))
    for flaw in taken.flaws:
        _add(table, Problem(file, flaw.line, flaw.key, flaw.wrong.what, flaw.wrong.instead))
    if key == "vacation_calendars":
        return Laid(spans=taken.spans, vacations=_runs(taken.days))
    return Laid(taken.days, taken.spans)


def _add(table: Reader, problem: Problem) -> None:
    if problem not in table.source.problems:
        table.source.problems.append(problem)


def _runs(days: frozenset[date]) -> tuple[Days, ...]:
    """Days that follow each other are one vacation."""
    runs: list[Days] = []
    for day in sorted(days):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return tuple(runs)


def _path(text: str) -> str | Wrong:
    if "://" in text:
        return Wrong(f'"{text}" is on the web', "save the calendar as an .ics file beside yours, and name that")
    return (
        text if text.strip() and "\0" not in text else Wrong("holds an empty path", 'write one such as "festivos.ics"')
    )
