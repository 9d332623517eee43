"""Dates, hours and lists in every language there are texts for, as its speakers write them."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import WeeklyRule, weekly_windows
from milter.core.language import LANGUAGES
from milter.core.opt_out import KEYWORDS
from milter.delivery import basque, phrases

MADRID, YORK, TOKYO = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
AZORES, MEXICO = ZoneInfo("Atlantic/Azores"), ZoneInfo("America/Mexico_City")
CANARIES, LONDON, CAIRO, HAVANA = (
    ZoneInfo(one) for one in ("Atlantic/Canary", "Europe/London", "Africa/Cairo", "America/Havana")
)
WRITTEN = datetime(2026, 11, 20, 23, 45, tzinfo=MADRID)
MONDAY = "2026-11-23T16:00+01:00"
HALF_PAST_ONE = "2026-11-24T01:30+01:00"
NEW_YEAR = "2027-01-07T09:00+01:00"


def test_there_is_a_grammar_for_every_language() -> None:
    assert set(phrases.LANGUAGES) == set(LANGUAGES) == set(KEYWORDS)


@pytest.mark.parametrize(
    ("language", "opens", "expected"),
    [
        ("ca", MONDAY, "dilluns 23 de novembre a les 16:00"),
        ("ca", HALF_PAST_ONE, "dimarts 24 de novembre a la 1:30"),
        ("ca", NEW_YEAR, "dijous 7 de gener de 2027 a les 9:00"),
        ("ca", "2026-12-04T16:00+01:00", "divendres 4 de desembre a les 16:00"),
        ("gl", MONDAY, "o luns 23 de novembro ás 16:00"),
        ("gl", HALF_PAST_ONE, "o martes 24 de novembro á 1:30"),
        ("gl", NEW_YEAR, "o xoves 7 de xaneiro de 2027 ás 9:00"),
        ("eu", MONDAY, "azaroaren 23an, astelehena, 16:00etan"),
        ("eu", HALF_PAST_ONE, "azaroaren 24an, asteartea, 1:30ean"),
        ("eu", NEW_YEAR, "2027ko urtarrilaren 7an, osteguna, 9:00etan"),
        ("eu", "2026-12-31T13:00+01:00", "abenduaren 31n, osteguna, 13:00etan"),
        ("pt", MONDAY, "na segunda-feira, 23 de novembro, às 16:00"),
        ("pt", HALF_PAST_ONE, "na terça-feira, 24 de novembro, à 1:30"),
        ("pt", NEW_YEAR, "na quinta-feira, 7 de janeiro de 2027, às 9:00"),
        ("pt", "2026-11-21T10:00+01:00", "no sábado, 21 de novembro, às 10:00"),
        ("fr", MONDAY, "le lundi 23 novembre à 16 h"),
        ("fr", HALF_PAST_ONE, "le mardi 24 novembre à 1 h 30"),
        ("fr", NEW_YEAR, "le jeudi 7 janvier 2027 à 9 h"),
        ("fr", "2026-12-01T16:05+01:00", "le mardi 1er décembre à 16 h 05"),
        ("fr", "2027-01-01T16:00+01:00", "le vendredi 1er janvier 2027 à 16 h"),
        ("de", MONDAY, "am Montag, dem 23. November, um 16:00 Uhr"),
        ("de", HALF_PAST_ONE, "am Dienstag, dem 24. November, um 1:30 Uhr"),
        ("de", NEW_YEAR, "am Donnerstag, dem 7. Januar 2027, um 9:00 Uhr"),
    ],
)
def test_openings(language: str, opens: str, expected: str) -> None:
    assert phrases.opens_phrase(datetime.fromisoformat(opens), language, MADRID, MADRID, WRITTEN) == expected


def test_elisions() -> None:
    written = datetime(2026, 3, 20, tzinfo=MADRID)
    said = [phrases.day_phrase(date(2026, month, 6), "ca", written.date()) for month in (4, 8, 10, 5)]
    assert said == ["dilluns 6 d'abril", "dijous 6 d'agost", "dimarts 6 d'octubre", "dimecres 6 de maig"]
    paris = datetime.fromisoformat("2026-11-23T16:00+01:00")
    amsterdam, athens = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Europe/Athens")
    assert "(hora d'Amsterdam)" in phrases.opens_phrase(paris, "ca", LONDON, amsterdam, WRITTEN)
    assert "(heure d'Athènes)" in phrases.opens_phrase(paris, "fr", LONDON, athens, WRITTEN)
    assert "(heure de Londres)" in phrases.opens_phrase(paris, "fr", MADRID, LONDON, WRITTEN)


@pytest.mark.parametrize(
    ("language", "client", "expected"),
    [
        ("ca", YORK, "dilluns 23 de novembre a les 16:00 (hora d'Espanya), les 10:00 a Nova York"),
        ("ca", TOKYO, "dilluns 23 de novembre a les 16:00 (hora d'Espanya), les 0:00 de dimarts 24 de novembre a Tòquio"),
        ("ca", CANARIES, "dilluns 23 de novembre a les 16:00 (hora peninsular), les 15:00 a les Canàries"),
        ("gl", YORK, "o luns 23 de novembro ás 16:00 (hora de España), as 10:00 en Nova York"),
        ("gl", TOKYO, "o luns 23 de novembro ás 16:00 (hora de España), as 0:00 do martes 24 de novembro en Toquio"),
        ("gl", HAVANA, "o luns 23 de novembro ás 16:00 (hora de España), as 10:00 na Habana"),
        ("gl", CAIRO, "o luns 23 de novembro ás 16:00 (hora de España), as 17:00 no Cairo"),
        ("eu", YORK, "azaroaren 23an, astelehena, 16:00etan (Espainiako ordua; New York: 10:00)"),
        ("eu", TOKYO, "azaroaren 23an, astelehena, 16:00etan (Espainiako ordua; Tokio: azaroaren 24an, asteartea, 0:00etan)"),
        ("pt", YORK, "na segunda-feira, 23 de novembro, às 16:00 (hora de Espanha), 10:00 em Nova Iorque"),
        ("pt", TOKYO,
         "na segunda-feira, 23 de novembro, às 16:00 (hora de Espanha), 0:00 de terça-feira, 24 de novembro, em Tóquio"),
        ("pt", CANARIES, "na segunda-feira, 23 de novembro, às 16:00 (hora peninsular), 15:00 nas Canárias"),
        ("pt", AZORES, "na segunda-feira, 23 de novembro, às 16:00 (hora de Espanha), 14:00 nos Açores"),
        ("pt", MEXICO, "na segunda-feira, 23 de novembro, às 16:00 (hora de Espanha), 9:00 na Cidade do México"),
        ("fr", AZORES, "le lundi 23 novembre à 16 h (heure espagnole), 14 h aux Açores"),
        ("fr", YORK, "le lundi 23 novembre à 16 h (heure espagnole), 10 h à New York"),
        ("fr", TOKYO, "le lundi 23 novembre à 16 h (heure espagnole), 0 h le mardi 24 novembre à Tokyo"),
        ("fr", CAIRO, "le lundi 23 novembre à 16 h (heure espagnole), 17 h au Caire"),
        ("de", YORK, "am Montag, dem 23. November, um 16:00 Uhr (spanische Zeit), 10:00 Uhr in New York"),
        ("de", TOKYO,
         "am Montag, dem 23. November, um 16:00 Uhr (spanische Zeit), 0:00 Uhr am Dienstag, dem 24. November, in Tokio"),
        ("de", CANARIES, "am Montag, dem 23. November, um 16:00 Uhr (Madrider Zeit), 15:00 Uhr auf den Kanaren"),
    ],
)  # fmt: skip
def test_another_clock(language: str, client: ZoneInfo, expected: str) -> None:
    assert phrases.opens_phrase(datetime.fromisoformat(MONDAY), language, client, MADRID, WRITTEN) == expected


def test_every_zone_has_a_place_without_its_country() -> None:
    instant = datetime.fromisoformat(MONDAY)
    for language in phrases.LANGUAGES:
        for zone in ("America/Argentina/Buenos_Aires", "America/Indiana/Indianapolis", "Etc/GMT+3", "Asia/Kolkata"):
            said = phrases.opens_phrase(instant, language, ZoneInfo(zone), MADRID, WRITTEN)
            assert "/" not in said and "_" not in said


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("es", "del martes 24 de noviembre a las 12:00 (hora de España)"),
        ("en", "Tuesday 24 November at 12:00 (Spanish time)"),
        ("ca", "de dimarts 24 de novembre a les 12:00 (hora d'Espanya)"),
        ("gl", "do martes 24 de novembro ás 12:00 (hora de España)"),
        ("eu", "azaroaren 24ko (asteartea) 12:00ak (Espainiako ordua)"),
        ("pt", "terça-feira, 24 de novembro, às 12:00 (hora de Espanha)"),
        ("fr", "le mardi 24 novembre à 12 h (heure espagnole)"),
        ("de", "Dienstag, den 24. November, 12:00 Uhr (spanische Zeit)"),
    ],
)
def test_due(language: str, expected: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=MADRID)
    assert phrases.due_phrase(noon, language, YORK, MADRID, WRITTEN) == expected
    assert phrases.due_phrase(noon, language, MADRID, MADRID, WRITTEN) == expected.rpartition(" (")[0]


HOURS = {
    "Mo-Fr 16:00-23:30": {
        "ca": "de dilluns a divendres, de 16:00 a 23:30",
        "gl": "de luns a venres, de 16:00 a 23:30",
        "eu": "astelehenetik ostiralera, 16:00etatik 23:30era",
        "pt": "de segunda a sexta-feira, das 16:00 às 23:30",
        "fr": "du lundi au vendredi, de 16 h à 23 h 30",
        "de": "Montag bis Freitag, 16:00 bis 23:30 Uhr",
    },
    "Tu,Th 09:00-14:00,16:00-19:00": {
        "ca": "dimarts i dijous, de 9:00 a 14:00 i de 16:00 a 19:00",
        "gl": "martes e xoves, de 9:00 a 14:00 e de 16:00 a 19:00",
        "eu": "astearteetan eta ostegunetan, 9:00etatik 14:00etara eta 16:00etatik 19:00etara",
        "pt": "terça-feira e quinta-feira, das 9:00 às 14:00 e das 16:00 às 19:00",
        "fr": "mardi et jeudi, de 9 h à 14 h et de 16 h à 19 h",
        "de": "Dienstag und Donnerstag, 9:00 bis 14:00 Uhr und 16:00 bis 19:00 Uhr",
    },
    "Mo-Th 09:00-18:00; Sa 10:00-24:00": {
        "ca": "de dilluns a dijous, de 9:00 a 18:00; dissabte, de 10:00 a 24:00",
        "gl": "de luns a xoves, de 9:00 a 18:00; sábado, de 10:00 a 24:00",
        "eu": "astelehenetik ostegunera, 9:00etatik 18:00etara; larunbatetan, 10:00etatik 24:00etara",
        "pt": "de segunda a quinta-feira, das 9:00 às 18:00; sábado, das 10:00 às 24:00",
        "fr": "du lundi au jeudi, de 9 h à 18 h ; samedi, de 10 h à minuit",
        "de": "Montag bis Donnerstag, 9:00 bis 18:00 Uhr; Samstag, 10:00 bis 24:00 Uhr",
    },
    "Mo-Fr 11:00-13:00; Sa 01:00-03:00": {
        "ca": "de dilluns a divendres, d'11:00 a 13:00; dissabte, d'1:00 a 3:00",
    },
    "Mo-Su 20:00-01:00": {
        "ca": "cada dia, de 20:00 a 1:00",
        "gl": "todos os días, de 20:00 a 1:00",
        "eu": "egunero, 20:00etatik 1:00era",
        "pt": "todos os dias, das 20:00 à 1:00",
        "fr": "tous les jours, de 20 h à 1 h",
        "de": "täglich, 20:00 bis 1:00 Uhr",
    },
}


@pytest.mark.parametrize(
    ("expression", "language", "expected"),
    [(expression, language, said) for expression, by in HOURS.items() for language, said in by.items()],
)
def test_hours(expression: str, language: str, expected: str) -> None:
    rules = weekly_windows(expression)
    assert rules is not None and phrases.hours_phrase(rules, language) == expected


def test_french_does_not_break_its_lines_before_a_colon() -> None:
    said = "Choisissez ici : https://a.example/b ; à 16 h 30 ou « plus tard » ?"
    unbroken = "Choisissez ici\u00a0: https://a.example/b\u00a0; à 16\u00a0h\u00a030 ou «\u00a0plus tard\u00a0»\u00a0?"
    assert phrases.unbroken(said, "fr") == unbroken
    assert phrases.unbroken("Ana :) ok ?", "es") == "Ana :) ok ?"


def test_closed_days_are_joined() -> None:
    days = [date(2026, 4, 2), date(2026, 4, 3)]
    said = {one: phrases.days_phrase(days, one, date(2026, 4, 1)) for one in LANGUAGES}
    assert said == {
        "es": "el jueves 2 de abril y el viernes 3 de abril",
        "en": "Thursday 2 April and Friday 3 April",
        "ca": "dijous 2 d'abril i divendres 3 d'abril",
        "gl": "o xoves 2 de abril e o venres 3 de abril",
        "eu": "apirilaren 2an, osteguna, eta apirilaren 3an, ostirala",
        "pt": "na quinta-feira, 2 de abril, e na sexta-feira, 3 de abril",
        "fr": "le jeudi 2 avril et le vendredi 3 avril",
        "de": "am Donnerstag, dem 2. April, und am Freitag, dem 3. April",
    }


def test_alternatives_and_numbers() -> None:
    ways = {one: phrases.channels_phrase(["Telegram", "Signal"], one).split(" ")[1] for one in LANGUAGES}
    assert ways == {"es": "o", "en": "or", "ca": "o", "gl": "ou", "eu": "edo", "pt": "ou", "fr": "ou", "de": "oder"}
    two = {one: phrases.number_word(2, one) for one in LANGUAGES}
    # "dúas mensaxes" and "duas mensagens" are feminine.
    assert two == {
        "es": "dos", "en": "two", "ca": "dos", "gl": "dúas", "eu": "bi", "pt": "duas", "fr": "deux", "de": "zwei",
    }  # fmt: skip
    assert all(len({phrases.number_word(count, one) for count in range(2, 11)}) == 9 for one in LANGUAGES)
    assert {phrases.number_word(11, one) for one in LANGUAGES} == {"11"}


def test_every_day_and_minute_can_be_said() -> None:
    for language in LANGUAGES:
        days = {phrases.day_phrase(date(2026, 1, 1).replace(month=month, day=day), language, date(2026, 1, 1))
                for month in range(1, 13) for day in range(1, 29)}  # fmt: skip
        assert len(days) == 12 * 28
        rules = [
            (WeeklyRule((0,), ((time(hour, minute), time(23, 59)),)),) for hour in range(23) for minute in range(60)
        ]
        assert len({phrases.hours_phrase(one, language) for one in rules}) == 23 * 60


def test_basque_endings() -> None:
    """Written as they are said: bostean, hamarrean, hamaikan, hogeita batean, hogeita bian."""
    days = [basque.day(date(2026, 10, one), False)["day_in"].removeprefix("urriaren ") for one in range(1, 32)]
    assert [one for one in days if not one.removesuffix("an").isdigit()] == [
        "1ean", "5ean", "10ean", "11n", "15ean", "21ean", "25ean", "30ean", "31n",
    ]  # fmt: skip
    assert days[1] == "2an"
    years = [basque.day(date(one, 1, 1), True)["day_of"].split()[0] for one in (2026, 2030, 2031, 2035)]
    assert years == ["2026ko", "2030eko", "2031ko", "2035eko"]
    assert dict(basque.clock(1, 0)) == {
        "time": "1:00", "at": "1:00ean", "from": "1:00etik", "to": "1:00era", "until": "1:00a",
    }  # fmt: skip
    assert [basque.clock(9, one)["from"] for one in (0, 15, 20, 30)] == [
        "9:00etatik",
        "9:15etik",
        "9:20tik",
        "9:30etik",
    ]
    cities = [basque.time_of(one) for one in ("Londres", "Berlin", "New York", "Tokio")]
    assert cities == ["Londresko ordua", "Berlingo ordua", "New Yorkeko ordua", "Tokioko ordua"]
