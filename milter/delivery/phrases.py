"""Finished phrases for the texts: dates, hours and lists as people say them, in the words of `grammars`."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location

from milter.core.hours import WeeklyRule
from milter.delivery.grammars import CANARIES, GRAMMARS, SPAIN, Grammar, Words

MOST_RULES = 3  # more groups of weekly hours than this are a timetable, not a phrase
MOST_DAYS = 3  # more closed days than this are not named one by one
FAR = 300  # days
LANGUAGES = tuple(GRAMMARS)

_FRENCH_SPACE = re.compile(r" (?=[:;?!»](?:\s|$))|(?<=«) |(?<=\d) (?=h\b)|(?<=\d h) (?=\d\d\b)", re.M)


def opens_phrase(
    instant: datetime,
    language: str,
    client_zone: ZoneInfo,
    owner_zone: ZoneInfo,
    written: datetime,
    *,
    both_clocks: bool = True,
) -> str:
    """ "el lunes 23 de noviembre a las 16:00", with the client's own clock behind it where it shows another time.

    Instants are aware. `written`: the client's message; the year is named only if the opening lies in another one.
    Without `both_clocks` another time is only said to be the owner's.
    """
    grammar = GRAMMARS[language]
    here, there = instant.astimezone(owner_zone), instant.astimezone(client_zone)
    said = grammar.opens.format_map(_words(here, grammar, written.astimezone(owner_zone)))
    if _same_clock(instant, client_zone, owner_zone):
        return said
    if not both_clocks:
        return f"{said} ({_zone(owner_zone, client_zone, grammar)})"
    form = grammar.other if here.date() == there.date() else grammar.other_day
    other = form.format_map({**_words(there, grammar, here), "place": _place(client_zone, grammar)})
    return grammar.two_zones.format(said=said, zone=_zone(owner_zone, client_zone, grammar), other=other)


def due_phrase(instant: datetime, language: str, client_zone: ZoneInfo, owner_zone: ZoneInfo, written: datetime) -> str:
    """What stands behind "antes" and "by": "del martes 24 de noviembre a las 12:00", with the owner's zone if need be.

    The client's own clock is not repeated: it stands beside the opening.
    """
    grammar = GRAMMARS[language]
    here = instant.astimezone(owner_zone)
    said = grammar.due.format_map(_words(here, grammar, written.astimezone(owner_zone)))
    return (
        said if _same_clock(instant, client_zone, owner_zone) else f"{said} ({_zone(owner_zone, client_zone, grammar)})"
    )


def _words(moment: datetime, grammar: Grammar, seen_from: datetime) -> Words:
    return {**grammar.day(moment.date(), moment.year != seen_from.year), **grammar.clock(moment.hour, moment.minute)}


def _same_clock(instant: datetime, client: ZoneInfo, owner: ZoneInfo) -> bool:
    return instant.astimezone(client).utcoffset() == instant.astimezone(owner).utcoffset()


def _zone(zone: ZoneInfo, client: ZoneInfo, grammar: Grammar) -> str:
    if zone.key in SPAIN and client.key == CANARIES:
        return grammar.mainland  # both are Spain
    return grammar.zones.get(zone.key) or grammar.zone(_city(zone, grammar))


def _place(zone: ZoneInfo, grammar: Grammar) -> str:
    return grammar.places.get(zone.key) or grammar.place(_city(zone, grammar))


def _city(zone: ZoneInfo, grammar: Grammar) -> str:
    """CLDR's exemplar city; it has none for some zones of two levels, and babel then answers "Argentina/Buenos Aires"."""
    return get_timezone_location(zone, locale=grammar.locale, return_city=True).rpartition("/")[2]


def day_phrase(day: date, language: str, written: date) -> str:
    """ "el martes 8 de diciembre", "Tuesday 8 December"; with the year if it is not the year of `written`."""
    grammar = GRAMMARS[language]
    return grammar.date.format_map(grammar.day(day, day.year != written.year))


def since_phrase(day: date, language: str, written: date) -> str:
    """ "a partir del jueves 7 de enero"; with the year only if it is far away: the opening, which is near it, says it too."""
    grammar = GRAMMARS[language]
    return grammar.since.format_map(grammar.day(day, (day - written).days > FAR))


def days_phrase(days: Sequence[date], language: str, written: date) -> str:
    """Several days joined; "" if there are too many to name."""
    if len(days) > MOST_DAYS:
        return ""
    return _joined([day_phrase(one, language, written) for one in days], GRAMMARS[language].dates_last)


def _joined(parts: Sequence[str], last: str) -> str:
    """ "a, b y c"."""
    return last.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def channels_phrase(channels: Sequence[str], language: str) -> str:
    """Alternatives: "Telegram (@ana) o Signal (ana.01)"."""
    return _joined(channels, GRAMMARS[language].either(channels[-1])) if channels else ""


def unbroken(text: str, language: str) -> str:
    """With no-break spaces where French must not break a line: before : ; ? ! and within "16 h 30"."""
    return _FRENCH_SPACE.sub("\u00a0", text) if language == "fr" else text


def number_word(count: int, language: str) -> str:
    """2 to 10 in words, digits beyond: "Tus tres mensajes"."""
    words = GRAMMARS[language].numbers
    return words[count - 2] if 2 <= count < len(words) + 2 else str(count)


@lru_cache(maxsize=1024)
def hours_phrase(rules: tuple[WeeklyRule, ...], language: str) -> str:
    """ "de lunes a viernes, de 16:00 a 23:30"; "" if there are no rules or too many for a phrase."""
    grammar = GRAMMARS[language]
    by_windows: dict[tuple[tuple[time, time], ...], set[int]] = {}
    for rule in rules:
        by_windows.setdefault(rule.windows, set()).update(rule.days)
    groups = sorted(by_windows.items(), key=lambda one: min(one[1]))
    if len(groups) > MOST_RULES:
        return ""
    return grammar.rules_apart.join(f"{_days(days, grammar)}, {_windows(windows, grammar)}" for windows, days in groups)


def _windows(windows: Sequence[tuple[time, time]], grammar: Grammar) -> str:
    said = []
    for start, end in windows:
        hour = end.hour if end != time() else 24
        first, last = grammar.clock(start.hour, start.minute), grammar.clock(hour, end.minute)
        said.append(grammar.window.format(first=first, last=last))
    return _joined(said, grammar.both)


def _days(days: set[int], grammar: Grammar) -> str:
    """Runs of three days and more become "de lunes a viernes"; others are listed. 0 is Monday."""
    if len(days) == 7:
        return grammar.every_day
    parts: list[str] = []
    for run in _runs(sorted(days)):
        if len(run) > 2:
            parts.append(grammar.run(run[0], run[-1]))
        else:
            parts += [grammar.weekdays()[one] for one in run]
    return _joined(parts, grammar.both)


def _runs(days: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
