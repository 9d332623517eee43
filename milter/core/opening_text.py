"""opening_hours expressions, read day by day: which windows an expression grants to the day they start on.

The library reads calendar days: a later `;` rule or `off` erases the tail of the night before and leaves the erased
day's own tail open after midnight. Ours is that a window belongs to the day it starts. So the library never sees a
window past midnight: the times of an expression, in order, are renamed 00:00, 00:01, 00:02 …, which keeps what the
rules mean (union, override, fallback, weeks, months, Easter) and fits any window into its day; its answer is renamed
back.
Public holidays likewise: on a holiday `PH` is renamed `Mo-Su`, on other days it stays and, without a calendar, never
matches (nor does SH). So a region's calendar needs no list of dates in the expression.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from opening_hours import OpeningHours

DAY = 24 * 60
# Minutes after the day's 00:00, half-open; an end past DAY is on the next day.
Window = tuple[int, int]
# Which PH selectors match a day: 0 for a holiday itself, n for `PH n days`.
Offsets = frozenset[int]

# The library's answer where it has no coordinates, as here.
_SUN = {"dawn": 6 * 60, "sunrise": 7 * 60, "sunset": 19 * 60, "dusk": 20 * 60}
_CLOCK = r"(?:\d\d:\d\d|dawn|sunrise|sunset|dusk|\((?:dawn|sunrise|sunset|dusk)[+-]\d\d:\d\d\))"
_SPAN = re.compile(rf"({_CLOCK})(?:-({_CLOCK}))?\+?(?:/\d\d:\d\d)?")
_SEPARATOR = re.compile(r"(; |, | \|\| )")
_COMMENT = re.compile(r' ?"[^"]*":?')
_HOLIDAY = re.compile(r"\bPH\b(?: ([+-]?\d+) days?)?")
_MODIFIER = re.compile(r" ?\b(closed|unknown)$")
_WEEKLY = re.compile(r"24/7|(?:(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)[-,]?)*")


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """`days` 0 = Monday; `windows` in order, an end that is not after its start is on the next day."""

    days: tuple[int, ...]
    windows: tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of the library's own spelling: `spans` None where it names no times, the whole day."""

    separator: str
    selector: str
    spans: tuple[Window, ...] | None
    modifier: str


@lru_cache(maxsize=1024)
def mentions_holidays(expression: str) -> bool:
    """Does the expression say itself what happens on a public holiday?"""
    return bool(_HOLIDAY.search(_COMMENT.sub("", expression)))


@lru_cache(maxsize=1024)
def holiday_offsets(expression: str) -> Offsets:
    """The n of every `PH n days`, 0 for a plain PH."""
    return frozenset(int(found or 0) for rule in _rules(expression) for found in _HOLIDAY.findall(rule.selector))


def windows_of(expression: str, day: date, offsets: Offsets = frozenset()) -> tuple[Window, ...]:
    """The windows that start on `day`, in order and apart; `offsets`: the PH selectors that match it.

    Raises `opening_hours.ParserError` for an expression that the library cannot read.
    """
    return _Reading.of(expression, offsets, closings=False).windows(day)


def cuts_of(expression: str, day: date, offsets: Offsets = frozenset()) -> tuple[Window, ...]:
    """The hours that a rule such as `We 00:00-03:00 off` closes on `day`, whichever day's window they cut short."""
    if not any(_is_cut(rule) for rule in _rules(expression)):
        return ()
    return _Reading.of(expression, offsets, closings=True).windows(day)


def weekly_windows(expression: str) -> tuple[WeeklyRule, ...] | None:
    """A week that can be said in words, days with equal windows together: `Mo-Fr 16:00-23:30; PH off` gives one rule.

    None where a week does not tell all: months, dates, weeks of the year, openings on holidays, windows over 24 h.
    """
    rules = _rules(expression)
    if not all(_WEEKLY.fullmatch(rule.selector) for rule in rules):
        return None
    monday = date(2001, 1, 1)
    week = [monday + timedelta(days=number) for number in range(7)]
    if any(windows_of(expression, day, holiday_offsets(expression)) for day in week) and mentions_holidays(expression):
        return None
    groups: dict[tuple[Window, ...], list[int]] = {}
    for number, day in enumerate(week):
        if windows := windows_of(expression, day):
            groups.setdefault(windows, []).append(number)
    if any(end - start > DAY for windows in groups for start, end in windows):
        return None
    return tuple(
        WeeklyRule(tuple(days), tuple((_time(start), _time(end)) for start, end in windows))
        for windows, days in groups.items()
    )


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


@lru_cache(maxsize=1024)
def _rules(expression: str) -> tuple[_Rule, ...]:
    """The rules as the library spells them, which leaves few spellings to read."""
    pieces = _SEPARATOR.split(_COMMENT.sub("", str(OpeningHours(expression))))
    return tuple(_rule(separator, text) for separator, text in zip(["", *pieces[1::2]], pieces[::2], strict=True))


def _rule(separator: str, text: str) -> _Rule:
    modifier = _MODIFIER.search(text)
    if modifier:
        text = text[: modifier.start()]
    spans = tuple(_span(found[1], found[2]) for found in _SPAN.finditer(text))
    selector = _SPAN.sub("", text).rstrip(" ,")
    return _Rule(separator, selector, spans or None, modifier[1] if modifier else "")


def _span(start: str, end: str | None) -> Window:
    first = _clock(start)
    last = _clock(end) if end else max(DAY, first + 1)
    return first, last if last > first else last + DAY


def _clock(text: str) -> int:
    event = re.match(r"\(?([a-z]+)", text)
    shift = re.search(r"([+-]?)(\d\d):(\d\d)", text)
    minutes = _SUN[event[1]] if event else 0
    if shift:
        offset = int(shift[2]) * 60 + int(shift[3])
        minutes += -offset if shift[1] == "-" else offset
    return max(minutes, 0)


def _is_cut(rule: _Rule) -> bool:
    return rule.modifier == "closed" and rule.spans is not None


class _Reading:
    """One renaming of an expression, ready to be asked for any day."""

    def __init__(self, rules: tuple[_Rule, ...], offsets: Offsets) -> None:
        times = {0, DAY, *(minute for rule in rules for span in rule.spans or () for minute in span)}
        self._times = sorted(times)
        self._hours = OpeningHours("".join(self._renamed(rule, offsets) for rule in rules))

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(expression: str, offsets: Offsets, closings: bool) -> "_Reading":
        rules = _rules(expression)
        if closings:
            cuts = [rule for rule in rules if _is_cut(rule)]
            rules = tuple(_Rule(", " if number else "", cut.selector, cut.spans, "") for number, cut in enumerate(cuts))
        return _Reading(rules, offsets)

    def windows(self, day: date) -> tuple[Window, ...]:
        return tuple(self._windows(day))

    def _windows(self, day: date) -> Iterator[Window]:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the library's calendar, zones come later
        last: Window | None = None
        # Day by day, never in one walk: after a fallback rule the library's walk skips days.
        for start, end, state, _ in self._hours.intervals(midnight, midnight + timedelta(days=1)):
            if str(state) != "open":
                continue
            window = self._real(start, midnight), self._real(end, midnight)
            if last and last[1] == window[0]:
                last = last[0], window[1]
                continue
            if last:
                yield last
            last = window
        if last:
            yield last

    def _real(self, instant: datetime, midnight: datetime) -> int:
        index = (instant - midnight) // timedelta(minutes=1)
        return self._times[min(index, len(self._times) - 1)]

    def _renamed(self, rule: _Rule, offsets: Offsets) -> str:
        selector = _HOLIDAY.sub(lambda found: "Mo-Su" if int(found[1] or 0) in offsets else "PH", rule.selector)
        spans = rule.spans
        if spans is None and not rule.modifier:
            spans = ((0, DAY),)
            selector = "Mo-Su" if selector == "24/7" else selector
        times = ",".join(f"{self._name(start)}-{self._name(end)}" for start, end in spans or ())
        return rule.separator + " ".join(part for part in (selector, times, rule.modifier) if part)

    def _name(self, minute: int) -> str:
        index = bisect_left(self._times, minute)
        return f"{index // 60:02}:{index % 60:02}"
