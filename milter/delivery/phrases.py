"""Finished phrases for the texts: dates, hours and lists as people say them, one `Grammar` a language.

Day and month come from babel's skeleton `MMMMd`, the clock from `Hm`. `MMMMEEEEd` exists for few languages: babel 2.18
answers Spanish with "lun, 23 de noviembre", so the wide weekday is put in front by the language's own sentence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_day_names, get_timezone_location

from milter.core.hours import Holiday, WeeklyRule

MOST_RULES = 3  # more groups of weekly hours than this are a timetable, not a phrase
MOST_DAYS = 3  # more closed days than this are not named one by one


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one language puts its phrases.

    `date` gets {weekday} {day} {year}; `opens`, `due`, `elsewhere` {date} {time} {city}; runs, windows {first} {last}.
    `clock` turns "16:00" and its hour into "las 16:00". `either` joins alternatives, given the word that follows.
    """

    locale: str
    date: str
    date_with_year: str
    opens: str
    due: str
    elsewhere: str
    elsewhere_other_day: str
    clock: Callable[[str, int], str]
    here: str
    zones: dict[str, str]
    cities: dict[str, str]
    day_run: str
    every_day: str
    window: str
    both: str
    either: Callable[[str], str]
    numbers: tuple[str, ...]


def _las(text: str, hour: int) -> str:
    return f"la {text}" if hour == 1 else f"las {text}"


def _o(following: str) -> str:
    return " u " if following.lower().startswith(("o", "ho")) else " o "


_SPAIN = ("Europe/Madrid", "Africa/Ceuta")

GRAMMARS = {
    "es": Grammar(
        locale="es",
        date="el {weekday} {day}",
        date_with_year="el {weekday} {day} de {year}",
        opens="{date} a {time}",
        due="d{date} a {time}",
        elsewhere="{time} en {city}",
        elsewhere_other_day="{time} d{date} en {city}",
        clock=_las,
        here="hora de {city}",
        zones={**dict.fromkeys(_SPAIN, "hora de España"), "Atlantic/Canary": "hora de Canarias"},
        cities={"Atlantic/Canary": "Canarias"},
        day_run="de {first} a {last}",
        every_day="todos los días",
        window="de {first} a {last}",
        both=" y ",
        either=_o,
        numbers=("dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
    ),
    "en": Grammar(
        locale="en_GB",
        date="{weekday} {day}",
        date_with_year="{weekday} {day} {year}",
        opens="on {date} at {time}",
        due="{date} at {time}",
        elsewhere="{time} in {city}",
        elsewhere_other_day="{time} on {date} in {city}",
        clock=lambda text, hour: text,
        here="{city} time",
        zones={**dict.fromkeys(_SPAIN, "Spanish time"), "Atlantic/Canary": "Canary Islands time"},
        cities={"Atlantic/Canary": "the Canary Islands"},
        day_run="{first} to {last}",
        every_day="every day",
        window="{first} to {last}",
        both=" and ",
        either=lambda following: " or ",
        numbers=("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    ),
}
LANGUAGES = tuple(GRAMMARS)


def opens_phrase(
    instant: datetime, language: str, client_zone: ZoneInfo, owner_zone: ZoneInfo, written: datetime
) -> str:
    """ "el lunes 23 de noviembre a las 16:00", with the client's own clock behind it where it shows another time.

    Instants are aware. `written`: the client's message; the year is named only if the opening lies in another one.
    """
    grammar = GRAMMARS[language]
    here, there = instant.astimezone(owner_zone), instant.astimezone(client_zone)
    day = day_phrase(here.date(), language, written.astimezone(owner_zone).date())
    said = grammar.opens.format(date=day, time=_clock(here.time(), grammar))
    if _same_clock(instant, client_zone, owner_zone):
        return said
    form = grammar.elsewhere if here.date() == there.date() else grammar.elsewhere_other_day
    time_there = _clock(there.time(), grammar)
    day_there = day_phrase(there.date(), language, here.date())
    other = form.format(time=time_there, date=day_there, city=_city(client_zone, grammar))
    return f"{said} ({_zone(owner_zone, grammar)}), {other}"


def due_phrase(instant: datetime, language: str, client_zone: ZoneInfo, owner_zone: ZoneInfo, written: datetime) -> str:
    """What stands behind "antes" and "by": "del martes 24 de noviembre a las 12:00", with the owner's zone if need be.

    The client's own clock is not repeated: it stands beside the opening.
    """
    grammar = GRAMMARS[language]
    here = instant.astimezone(owner_zone)
    day = day_phrase(here.date(), language, written.astimezone(owner_zone).date())
    said = grammar.due.format(date=day, time=_clock(here.time(), grammar))
    return said if _same_clock(instant, client_zone, owner_zone) else f"{said} ({_zone(owner_zone, grammar)})"


def _same_clock(instant: datetime, client: ZoneInfo, owner: ZoneInfo) -> bool:
    return instant.astimezone(client).utcoffset() == instant.astimezone(owner).utcoffset()


def _zone(zone: ZoneInfo, grammar: Grammar) -> str:
    return grammar.zones.get(zone.key) or grammar.here.format(city=_city(zone, grammar))


def day_phrase(day: date, language: str, written: date) -> str:
    """ "el martes 8 de diciembre", "Tuesday 8 December"; with the year if it is not the year of `written`."""
    grammar = GRAMMARS[language]
    form = grammar.date if day.year == written.year else grammar.date_with_year
    return form.format(
        weekday=get_day_names("wide", locale=grammar.locale)[day.weekday()],
        day=format_skeleton("MMMMd", day, locale=grammar.locale),
        year=day.year,
    )


def days_phrase(days: Sequence[date], language: str, written: date) -> str:
    """Several days joined; "" if there are too many to name."""
    if len(days) > MOST_DAYS:
        return ""
    return _joined([day_phrase(one, language, written) for one in days], GRAMMARS[language].both)


def _clock(moment: time, grammar: Grammar) -> str:
    return grammar.clock(_time(moment, grammar), moment.hour)


def _time(moment: time, grammar: Grammar) -> str:
    return format_skeleton("Hm", moment, locale=grammar.locale)


def _city(zone: ZoneInfo, grammar: Grammar) -> str:
    return grammar.cities.get(zone.key) or get_timezone_location(zone, locale=grammar.locale, return_city=True)


def _joined(parts: Sequence[str], last: str) -> str:
    """ "a, b y c"."""
    return last.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def channels_phrase(channels: Sequence[str], language: str) -> str:
    """Alternatives: "Telegram (@ana) o Signal (ana.01)"."""
    return _joined(channels, GRAMMARS[language].either(channels[-1])) if channels else ""


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
    return "; ".join(f"{_days(days, grammar)}, {_windows(windows, grammar)}" for windows, days in groups)


def _windows(windows: Sequence[tuple[time, time]], grammar: Grammar) -> str:
    said = [(_time(start, grammar), _time(end, grammar) if end != time() else "24:00") for start, end in windows]
    return _joined([grammar.window.format(first=first, last=last) for first, last in said], grammar.both)


def _days(days: set[int], grammar: Grammar) -> str:
    """Runs of three days and more become "de lunes a viernes"; others are listed. 0 is Monday."""
    if len(days) == 7:
        return grammar.every_day
    names = get_day_names("wide", locale=grammar.locale)
    parts: list[str] = []
    for run in _runs(sorted(days)):
        if len(run) > 2:
            parts.append(grammar.day_run.format(first=names[run[0]], last=names[run[-1]]))
        else:
            parts += [names[one] for one in run]
    return _joined(parts, grammar.both)


def _runs(days: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


# What people say, by the library's Spanish name. What we have no word for in the reader's language is not said.
_HOLIDAY_NAMES = {
    "Año Nuevo": {"es": "Año Nuevo", "en": "New Year's Day"},
    "Epifanía del Señor": {"es": "Reyes", "en": "Epiphany"},
    "San José": {"es": "San José", "en": "Saint Joseph's Day"},
    "Jueves Santo": {"es": "Jueves Santo", "en": "Maundy Thursday"},
    "Viernes Santo": {"es": "Viernes Santo", "en": "Good Friday"},
    "Lunes de Pascua": {"es": "Lunes de Pascua", "en": "Easter Monday"},
    "Fiesta del Trabajo": {"es": "Primero de Mayo", "en": "May Day"},
    "Día de las Letras Gallegas": {"es": "Letras Gallegas", "en": "Galician Literature Day"},
    "San Juan": {"es": "San Juan", "en": "Saint John's Day"},
    "Día Nacional de Galicia": {"es": "Santiago", "en": "Saint James's Day"},
    "Santiago Apóstol": {"es": "Santiago", "en": "Saint James's Day"},
    "Asunción de la Virgen": {"es": "la Asunción", "en": "Assumption Day"},
    "Fiesta Nacional de España": {"es": "Fiesta Nacional", "en": "Spain's National Day"},
    "Todos los Santos": {"es": "Todos los Santos", "en": "All Saints' Day"},
    "Día de la Constitución Española": {"es": "la Constitución", "en": "Constitution Day"},
    "Inmaculada Concepción": {"es": "la Inmaculada", "en": "the Immaculate Conception"},
    "Natividad del Señor": {"es": "Navidad", "en": "Christmas Day"},
    "San Esteban": {"es": "San Esteban", "en": "Saint Stephen's Day"},
}
_MOVED = "Lunes siguiente a "  # what a region calls the Monday it moved a Sunday's holiday to


def holiday_name(holiday: Holiday, language: str, country: str) -> str:
    """As people say it in the reader's language; "" if we do not know.

    Spanish falls back on the library's own words, but only for Spain: elsewhere it may have answered in another one.
    """
    name = holiday.name.removeprefix(_MOVED)
    said = _HOLIDAY_NAMES.get(name, {}).get(language)
    if said is None and language == "es" and country == "ES":
        return name
    return said or ""
