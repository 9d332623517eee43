"""Whether an opening_hours expression is understood, ever opens, and means what its writer thinks."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from opening_hours import (  # type: ignore[attr-defined]  # its stub leaves the exceptions out
    OpeningHours,
    ParserError,
    UnknownCountryError,
)

from milter.core.opening_text import WeeklyRule, weekly_windows
from milter.settings import presets
from milter.settings.findings import Wrong
from milter.settings.hours_spelling import propose

_COLUMN = re.compile(r"--> \d+:(\d+)")
_NO_SUCH_DAY = re.compile(r"\b(?:Feb 3[01]|(?:Apr|Jun|Sep|Nov) 31)\b")
_LOOSE_TIME = re.compile(r"\b(\d{1,2})[.h](\d{2})\b")
_SPAN = re.compile(r"(?<![\d:])([01]?\d:\d\d|2[0-3]:\d\d)\s*-\s*([01]?\d:\d\d|2[0-3]:\d\d)\b")
# Fixed, so that a file is judged the same on every day: an expression that opened last before this never opens again.
_FROM = datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))
_TIMES = re.compile(r"\d\d?:\d\d.*")
_SUN = re.compile(r"\b(sunrise|sunset|dawn|dusk)\b")
_NO_END = re.compile(r"\b(\d\d:\d\d)\+")
_CHANGES = 64  # looked at before we give up finding an opening


def check(expression: str, country: str, language: str) -> Wrong | None:
    """None if `expression` is good. `country` of the public holidays, "" for none; `language` of its writer."""
    if not expression.strip():
        return Wrong("is empty", 'write "Mo-Fr 09:00-18:00", or remove the line')

    def accepts(text: str) -> bool:
        return isinstance(parsed := _parse(text, country), OpeningHours) and not parsed.warnings and _opens(parsed)

    found = _parse(expression, country)
    if not isinstance(found, OpeningHours) and (preset := presets.meant(expression)):
        return Wrong(f'"{expression}" is not understood', f'write "{preset}"')
    if isinstance(found, int):
        shown = f"{expression[:found]}^{expression[found:]}"
        return Wrong(
            f'not understood at the caret: "{shown}"', _instead(expression, propose(expression, language, accepts))
        )
    if found.warnings:
        meant = propose(expression, language, accepts) or str(found).replace("closed", "off")
        return Wrong(f'"{expression}": {found.warnings[0]}', f'write "{meant}"')
    if day := _NO_SUCH_DAY.search(expression):
        return Wrong(f'"{day[0]}" is no day of any year', "write a day that exists")
    if not _opens(found):
        return Wrong(f'"{expression}" never opens', 'write when it is open, such as "Mo-Fr 09:00-18:00; PH off"')
    return None


def backwards(expression: str) -> Wrong | None:
    """A night of more than twelve hours is mostly a slip: "23:30-16:00"."""
    for found in _SPAN.findall(expression):
        start, end = (one.zfill(5) for one in found)
        if start == end:
            return Wrong(f'"{start}-{end}" lasts a day and a night', "write another end if that is not meant")
        # From 23:30 to 16:00 is longer than from 16:00 to 23:30 exactly if it is more than half a day.
        if "00:00" < end < start and _minutes(start) - _minutes(end) < 12 * 60:
            return Wrong(
                f'"{start}-{end}" lasts until {end} of the next day', f'write "{end}-{start}" if that is not meant'
            )
    return None


def overruled(expression: str) -> Wrong | None:
    """A part that later ones replace on all its days: two windows of a day are separated by a comma, not by a semicolon."""
    parts = [one.strip() for one in expression.split(";") if one.strip()]
    week = _week(expression)
    for number, part in enumerate(parts[:-1]):
        others = "; ".join([*parts[:number], *parts[number + 1 :]])
        if week and _week(part) and _week(others) == week:
            times = _TIMES.search(parts[number + 1])
            both = "; ".join([*parts[:number], f"{part},{times[0] if times else ''}", *parts[number + 2 :]])
            meant = (
                f'write "{both}" if that is not meant' if times and _week(both) else "remove it if that is not meant"
            )
            return Wrong(f'"{part}" does nothing: what stands behind it is for the same days', meant)
    return None


def vague(expression: str) -> Wrong | None:
    """What the grammar allows and nobody can promise."""
    if found := _SUN.search(expression):
        return Wrong(f'"{found[1]}" is the same time on every day here', "write the time")
    if found := _NO_END.search(expression):
        return Wrong(f'"{found[0]}" has no end: open until midnight', f'write it, as in "{found[1]}-20:00"')
    return None


def _week(expression: str) -> tuple[WeeklyRule, ...] | None:
    try:
        return weekly_windows(expression)
    except ParserError:  # a semicolon in a remark
        return None


def never_together(hours: str, calls: str) -> bool:
    """Whether two plain weeks have no day in common; what is no plain week is not judged."""
    open_days, call_days = ({day for rule in weekly_windows(one) or () for day in rule.days} for one in (hours, calls))
    return bool(open_days and call_days) and not open_days & call_days


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def mentions(expression: str, word: str) -> bool:
    """Whether PH or SH stands in it."""
    return bool(re.search(rf"\b{word}\b", expression))


def _parse(expression: str, country: str) -> OpeningHours | int:
    """The expression, or the place in it where the parser gave up."""
    try:
        try:
            return OpeningHours(expression, timezone=ZoneInfo("UTC"), country=country or None)
        except UnknownCountryError:
            # A country that only `holidays` knows: which days they are does not matter here, that there are some does.
            return OpeningHours(expression, timezone=ZoneInfo("UTC"), country="ES")
    except ParserError as error:
        column = _COLUMN.search(str(error))
        return int(column[1]) - 1 if column else 0


def _opens(hours: OpeningHours) -> bool:
    instant: datetime | None = _FROM
    for _ in range(_CHANGES):
        if instant is None:
            return False
        if hours.is_open(instant):
            return True
        instant = hours.next_change(instant)
    return False


def _instead(expression: str, proposal: str | None) -> str:
    if proposal:
        return f'write "{proposal}"'
    if loose := _LOOSE_TIME.search(expression):
        return (
            f'write times with a colon and an end, "{int(loose[1]):02d}:{loose[2]}", as in "Mo-Fr 16:00-20:00; PH off"'
        )
    return 'write days and times as in "Mo-Fr 16:00-20:00; PH off"'
