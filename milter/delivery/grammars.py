"""How each language says days, times and places: one `Grammar` a language, made of words and of forms that join them.

Day and month come from babel's skeleton `MMMMd`. `MMMMEEEEd` exists for few languages: babel 2.18 answers Spanish with
"lun, 23 de noviembre", so each language's own form puts the wide weekday in front. Clocks are our own: "16 h 30", "9:00".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel.dates import format_skeleton, get_day_names

from milter.delivery import basque

Words = Mapping[str, str]

SPAIN = ("Europe/Madrid", "Africa/Ceuta")
CANARIES = "Atlantic/Canary"
AZORES = "Atlantic/Azores"
MADEIRA = "Atlantic/Madeira"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The forms of one language. Their words come from `day(date, with the year)` and `clock(hour, minute)`; hour 24 ends a day.

    `date` a closed day · `dates_last` joins the last two of several · `since` from a day on · `opens`, `due` {day words}
    {clock words} · `two_zones` {said} {zone} {other}, where {other} is `other` or `other_day` with {place} · `zone`, `place` of a
    city, unless `zones`, `places` say it for a time zone · `weekdays` in a list of hours, from Monday · `run` first and last
    weekday · `window` {first[…]} {last[…]}, clock words · `either` joins alternatives, given the word that follows · `numbers` of
    messages, from two · `rules_apart` stands between days with other hours.
    """

    day: Callable[[date, bool], Words]
    clock: Callable[[int, int], Words]
    locale: str
    date: str
    since: str
    dates_last: str
    opens: str
    due: str
    two_zones: str
    other: str
    other_day: str
    zone: Callable[[str], str]
    zones: Words
    mainland: str
    place: Callable[[str], str]
    places: Words
    weekdays: Callable[[], tuple[str, ...]]
    run: Callable[[int, int], str]
    every_day: str
    window: str
    both: str
    either: Callable[[str], str]
    numbers: tuple[str, ...]
    rules_apart: str = "; "


@lru_cache(maxsize=16)
def weekdays_of(locale: str) -> tuple[str, ...]:
    """From Monday."""
    names = get_day_names("wide", locale=locale)
    return tuple(names[one] for one in range(7))


@lru_cache(maxsize=4096)  # days of a year, in eight languages
def _month_day(day: date, locale: str) -> str:
    return format_skeleton("MMMMd", day, locale=locale).replace("’", "'")


def _days_of(locale: str, with_year: str) -> Callable[[date, bool], Words]:
    def words(day: date, year: bool) -> Words:
        said = _month_day(day, locale)
        return {
            "weekday": weekdays_of(locale)[day.weekday()],
            "day": with_year.format(day=said, year=day.year) if year else said,
        }

    return words


def _french_day(day: date, year: bool) -> Words:
    said = _days_of("fr", "{day} {year}")(day, year)
    return {**said, "day": f"1er {said['day'].partition(' ')[2]}"} if day.day == 1 else said


def _portuguese_day(day: date, year: bool) -> Words:
    return {**_days_of("pt_PT", "{day} de {year}")(day, year), "on": "no" if day.weekday() > 4 else "na"}


def _articled(**one_and_more: tuple[str, str]) -> Callable[[int, int], Words]:
    """A clock whose words agree with the hour: `at=("la", "las")` is "la 1:00", "las 16:00"."""

    def words(hour: int, minute: int) -> Words:
        said = f"{hour}:{minute:02}"
        return {
            "time": said,
            **{name: f"{one if hour == 1 else more} {said}" for name, (one, more) in one_and_more.items()},
        }

    return words


def _catalan_clock(hour: int, minute: int) -> Words:
    """ "d'1:00", "d'11:00", "de 9:00": an hour that begins with a vowel elides."""
    said = _articled(at=("la", "les"))(hour, minute)
    since = "d'{}" if hour in (1, 11) else "de {}"
    return {**said, "since": since.format(said["time"])}


def _english_clock(hour: int, minute: int) -> Words:
    return {"time": f"{hour:02}:{minute:02}"}


def _french_clock(hour: int, minute: int) -> Words:
    return {"time": "minuit" if hour == 24 else f"{hour} h {minute:02}" if minute else f"{hour} h"}


def _german_clock(hour: int, minute: int) -> Words:
    return {"time": f"{hour}:{minute:02} Uhr", "number": f"{hour}:{minute:02}"}


def _run_of(locale: str, form: str) -> Callable[[int, int], str]:
    return lambda first, last: form.format(first=weekdays_of(locale)[first], last=weekdays_of(locale)[last])


def _portuguese_run(first: int, last: int) -> str:
    """ "de segunda a sexta-feira": only the last one is said whole."""
    names = weekdays_of("pt_PT")
    return f"de {names[first].removesuffix('-feira')} a {names[last]}"


def _before_vowel(full: str, elided: str) -> Callable[[str], str]:
    return lambda city: (elided if city[:1].lower() in "aeiouàáéèíòóúîâh" else full).format(city=city)


def _contracted(form: str, contractions: Mapping[str, str]) -> Callable[[str], str]:
    """`form` with {city}, unless the city begins with an article that contracts: "O Cairo" is "no Cairo"."""

    def said(city: str) -> str:
        article, _, rest = city.partition(" ")
        return f"{contractions[article]} {rest}" if rest and article in contractions else form.format(city=city)

    return said


def _spanish_or(following: str) -> str:
    return " u " if following.lower().startswith(("o", "ho")) else " o "


GRAMMARS: dict[str, Grammar] = {
    "es": Grammar(
        locale="es",
        day=_days_of("es", "{day} de {year}"),
        clock=_articled(at=("la", "las")),
        date="el {weekday} {day}",
        since="a partir del {weekday} {day}",
        dates_last=" y ",
        opens="el {weekday} {day} a {at}",
        due="del {weekday} {day} a {at}",
        two_zones="{said} ({zone}), {other}",
        other="{at} {place}",
        other_day="{at} del {weekday} {day} {place}",
        zone=lambda city: f"hora de {city}",
        zones={**dict.fromkeys(SPAIN, "hora de España"), CANARIES: "hora de Canarias", AZORES: "hora de las Azores"},
        mainland="hora peninsular",
        place=lambda city: f"en {city}",
        places={CANARIES: "en Canarias", AZORES: "en las Azores"},
        weekdays=lambda: weekdays_of("es"),
        run=_run_of("es", "de {first} a {last}"),
        every_day="todos los días",
        window="de {first[time]} a {last[time]}",
        both=" y ",
        either=_spanish_or,
        numbers=("dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
    ),
    "en": Grammar(
        locale="en_GB",
        day=_days_of("en_GB", "{day} {year}"),
        clock=_english_clock,
        date="{weekday} {day}",
        since="from {weekday} {day}",
        dates_last=" and ",
        opens="on {weekday} {day} at {time}",
        due="{weekday} {day} at {time}",
        two_zones="{said} ({zone}), {other}",
        other="{time} {place}",
        other_day="{time} on {weekday} {day} {place}",
        zone=lambda city: f"{city} time",
        zones={**dict.fromkeys(SPAIN, "Spanish time"), CANARIES: "Canary Islands time"},
        mainland="mainland Spanish time",
        place=lambda city: f"in {city}",
        places={CANARIES: "in the Canary Islands", AZORES: "in the Azores"},
        weekdays=lambda: weekdays_of("en_GB"),
        run=_run_of("en_GB", "{first} to {last}"),
        every_day="every day",
        window="{first[time]} to {last[time]}",
        both=" and ",
        either=lambda following: " or ",
        numbers=("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    ),
    "ca": Grammar(
        locale="ca",
        day=_days_of("ca", "{day} de {year}"),
        clock=_catalan_clock,
        date="{weekday} {day}",
        since="a partir de {weekday} {day}",
        dates_last=" i ",
        opens="{weekday} {day} a {at}",
        due="de {weekday} {day} a {at}",
        two_zones="{said} ({zone}), {other}",
        other="{at} {place}",
        other_day="{at} de {weekday} {day} {place}",
        zone=_before_vowel("hora de {city}", "hora d'{city}"),
        zones={**dict.fromkeys(SPAIN, "hora d'Espanya"), CANARIES: "hora de les Canàries", AZORES: "hora de les Açores"},
        mainland="hora peninsular",
        place=lambda city: f"a {city}",
        places={
            CANARIES: "a les Canàries", AZORES: "a les Açores", "Africa/Cairo": "al Caire", "America/Havana": "a l'Havana",
        },
        weekdays=lambda: weekdays_of("ca"),
        run=_run_of("ca", "de {first} a {last}"),
        every_day="cada dia",
        window="{first[since]} a {last[time]}",
        both=" i ",
        either=lambda following: " o ",
        numbers=("dos", "tres", "quatre", "cinc", "sis", "set", "vuit", "nou", "deu"),
    ),
    "gl": Grammar(
        locale="gl",
        day=_days_of("gl", "{day} de {year}"),
        clock=_articled(at=("á", "ás"), the=("a", "as")),
        date="o {weekday} {day}",
        since="a partir do {weekday} {day}",
        dates_last=" e ",
        opens="o {weekday} {day} {at}",
        due="do {weekday} {day} {at}",
        two_zones="{said} ({zone}), {other}",
        other="{the} {place}",
        other_day="{the} do {weekday} {day} {place}",
        zone=_contracted("hora de {city}", {"A": "hora da", "O": "hora do", "Os": "hora dos", "Cidade": "hora da Cidade"}),
        zones={**dict.fromkeys(SPAIN, "hora de España"), CANARIES: "hora de Canarias", AZORES: "hora das Azores"},
        mainland="hora peninsular",
        place=_contracted("en {city}", {"A": "na", "O": "no", "Os": "nos", "Cidade": "na Cidade"}),
        places={CANARIES: "en Canarias", AZORES: "nas Azores", "Asia/Tokyo": "en Toquio"},
        weekdays=lambda: weekdays_of("gl"),
        run=_run_of("gl", "de {first} a {last}"),
        every_day="todos os días",
        window="de {first[time]} a {last[time]}",
        both=" e ",
        either=lambda following: " ou ",
        numbers=("dúas", "tres", "catro", "cinco", "seis", "sete", "oito", "nove", "dez"),
    ),
    "eu": Grammar(
        locale="eu",
        day=basque.day,
        clock=basque.clock,
        date="{day_in}, {weekday}",
        since="{day_since} aurrera",
        dates_last=", eta ",
        opens="{day_in}, {weekday}, {at}",
        due="{day_of} ({weekday}) {until}",
        two_zones="{said} ({zone}; {other})",
        other="{place}: {time}",
        other_day="{place}: {day_in}, {weekday}, {at}",
        zone=basque.time_of,
        zones={**dict.fromkeys(SPAIN, "Espainiako ordua"), CANARIES: "Kanarietako ordua", AZORES: "Azoreetako ordua"},
        mainland="penintsulako ordua",
        place=lambda city: city,
        places={CANARIES: "Kanariak"},
        weekdays=lambda: basque.ON_WEEKDAYS,
        run=basque.run,
        every_day="egunero",
        window="{first[from]} {last[to]}",
        both=" eta ",
        either=lambda following: " edo ",
        numbers=("bi", "hiru", "lau", "bost", "sei", "zazpi", "zortzi", "bederatzi", "hamar"),
    ),
    "pt": Grammar(
        locale="pt_PT",
        day=_portuguese_day,
        clock=_articled(at=("à", "às"), since=("da", "das")),
        date="{on} {weekday}, {day}",
        since="a partir de {weekday}, {day}",
        dates_last=", e ",
        opens="{on} {weekday}, {day}, {at}",
        due="{weekday}, {day}, {at}",
        two_zones="{said} ({zone}), {other}",
        other="{time} {place}",
        other_day="{time} de {weekday}, {day}, {place}",
        zone=_contracted("hora de {city}", {"Cidade": "hora da Cidade"}),
        zones={
            **dict.fromkeys(SPAIN, "hora de Espanha"),
            CANARIES: "hora das Canárias", AZORES: "hora dos Açores", MADEIRA: "hora da Madeira",
        },
        mainland="hora peninsular",
        place=_contracted("em {city}", {"Cidade": "na Cidade"}),
        places={CANARIES: "nas Canárias", AZORES: "nos Açores", MADEIRA: "na Madeira", "Africa/Cairo": "no Cairo"},
        weekdays=lambda: weekdays_of("pt_PT"),
        run=_portuguese_run,
        every_day="todos os dias",
        window="{first[since]} {last[at]}",
        both=" e ",
        either=lambda following: " ou ",
        numbers=("duas", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez"),
    ),
    "fr": Grammar(
        locale="fr",
        day=_french_day,
        clock=_french_clock,
        date="le {weekday} {day}",
        since="à partir du {weekday} {day}",
        dates_last=" et ",
        opens="le {weekday} {day} à {time}",
        due="le {weekday} {day} à {time}",
        two_zones="{said} ({zone}), {other}",
        other="{time} {place}",
        other_day="{time} le {weekday} {day} {place}",
        zone=_before_vowel("heure de {city}", "heure d'{city}"),
        zones={**dict.fromkeys(SPAIN, "heure espagnole"), CANARIES: "heure des Canaries", AZORES: "heure des Açores"},
        mainland="heure de Madrid",
        place=_contracted("à {city}", {"Le": "au", "Les": "aux"}),
        places={CANARIES: "aux Canaries", AZORES: "aux Açores"},
        weekdays=lambda: weekdays_of("fr"),
        run=_run_of("fr", "du {first} au {last}"),
        every_day="tous les jours",
        window="de {first[time]} à {last[time]}",
        both=" et ",
        either=lambda following: " ou ",
        numbers=("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
        rules_apart=" ; ",
    ),
    "de": Grammar(
        locale="de",
        day=_days_of("de", "{day} {year}"),
        clock=_german_clock,
        date="am {weekday}, dem {day}",
        since="ab {weekday}, dem {day}",
        dates_last=", und ",
        opens="am {weekday}, dem {day}, um {time}",
        due="{weekday}, den {day}, {time}",
        two_zones="{said} ({zone}), {other}",
        other="{time} {place}",
        other_day="{time} am {weekday}, dem {day}, {place}",
        zone=lambda city: f"Ortszeit {city}",
        zones={**dict.fromkeys(SPAIN, "spanische Zeit"), CANARIES: "kanarische Zeit", AZORES: "Ortszeit Azoren"},
        mainland="Madrider Zeit",
        place=lambda city: f"in {city}",
        places={CANARIES: "auf den Kanaren", AZORES: "auf den Azoren", MADEIRA: "auf Madeira"},
        weekdays=lambda: weekdays_of("de"),
        run=_run_of("de", "{first} bis {last}"),
        every_day="täglich",
        window="{first[number]} bis {last[time]}",
        both=" und ",
        either=lambda following: " oder ",
        numbers=("zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"),
    ),
}  # fmt: skip
