"""Dates, hours and lists as people say them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from milter.core.closures import public_holidays
from milter.core.hours import Holiday, weekly_windows
from milter.delivery import phrases
from milter.delivery.holiday_names import holiday_name

MADRID, YORK, TOKYO = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
WRITTEN = datetime(2026, 11, 20, 23, 45, tzinfo=MADRID)


@pytest.mark.parametrize(
    ("opens", "client", "owner", "spanish", "english"),
    [
        ("2026-11-23T16:00+01:00", MADRID, MADRID, "el lunes 23 de noviembre a las 16:00", "on Monday 23 November at 16:00"),
        ("2026-11-23T01:00+01:00", MADRID, MADRID, "el lunes 23 de noviembre a la 1:00", "on Monday 23 November at 01:00"),
        ("2026-11-24T09:00+01:00", MADRID, MADRID, "el martes 24 de noviembre a las 9:00", "on Tuesday 24 November at 09:00"),
        ("2027-01-07T16:00+01:00", MADRID, MADRID,
         "el jueves 7 de enero de 2027 a las 16:00", "on Thursday 7 January 2027 at 16:00"),
        ("2026-11-23T16:00+01:00", YORK, MADRID,
         "el lunes 23 de noviembre a las 16:00 (hora de España), las 10:00 en Nueva York",
         "on Monday 23 November at 16:00 (Spanish time), 10:00 in New York"),
        ("2026-11-23T16:00+01:00", TOKYO, MADRID,
         "el lunes 23 de noviembre a las 16:00 (hora de España), las 0:00 del martes 24 de noviembre en Tokio",
         "on Monday 23 November at 16:00 (Spanish time), 00:00 on Tuesday 24 November in Tokyo"),
        ("2026-11-23T07:00+01:00", YORK, MADRID,
         "el lunes 23 de noviembre a las 7:00 (hora de España), la 1:00 en Nueva York",
         "on Monday 23 November at 07:00 (Spanish time), 01:00 in New York"),
        ("2026-11-23T16:00+01:00", ZoneInfo("Atlantic/Canary"), MADRID,
         "el lunes 23 de noviembre a las 16:00 (hora peninsular), las 15:00 en Canarias",
         "on Monday 23 November at 16:00 (mainland Spanish time), 15:00 in the Canary Islands"),
        ("2026-11-23T16:00+00:00", MADRID, ZoneInfo("Europe/London"),
         "el lunes 23 de noviembre a las 16:00 (hora de Londres), las 17:00 en Madrid",
         "on Monday 23 November at 16:00 (London time), 17:00 in Madrid"),
        ("2026-11-23T16:00+01:00", ZoneInfo("Europe/Paris"), MADRID,
         "el lunes 23 de noviembre a las 16:00", "on Monday 23 November at 16:00"),
        # America changes its clocks later than Europe: for a week the distance is five hours.
        ("2026-10-26T16:00+01:00", YORK, MADRID,
         "el lunes 26 de octubre a las 16:00 (hora de España), las 11:00 en Nueva York",
         "on Monday 26 October at 16:00 (Spanish time), 11:00 in New York"),
    ],
)  # fmt: skip
def test_openings(opens: str, client: ZoneInfo, owner: ZoneInfo, spanish: str, english: str) -> None:
    instant = datetime.fromisoformat(opens)
    assert phrases.opens_phrase(instant, "es", client, owner, WRITTEN) == spanish
    assert phrases.opens_phrase(instant, "en", client, owner, WRITTEN) == english


def test_the_year_is_that_of_the_owner_s_wall() -> None:
    """Written at 23:30 UTC on New Year's Eve: in Madrid it is the new year already."""
    written, opens = datetime.fromisoformat("2026-12-31T23:30Z"), datetime.fromisoformat("2027-01-04T15:00Z")
    assert phrases.opens_phrase(opens, "es", MADRID, MADRID, written) == "el lunes 4 de enero a las 16:00"


def test_due() -> None:
    instant = datetime.fromisoformat("2026-11-24T12:00+01:00")
    assert phrases.due_phrase(instant, "es", MADRID, MADRID, WRITTEN) == "del martes 24 de noviembre a las 12:00"
    assert phrases.due_phrase(instant, "en", MADRID, MADRID, WRITTEN) == "Tuesday 24 November at 12:00"
    assert (
        phrases.due_phrase(instant, "es", YORK, MADRID, WRITTEN)
        == "del martes 24 de noviembre a las 12:00 (hora de España)"
    )


@pytest.mark.parametrize(
    ("expression", "spanish", "english"),
    [
        ("Mo-Fr 16:00-23:30; PH off", "de lunes a viernes, de 16:00 a 23:30", "Monday to Friday, 16:00 to 23:30"),
        ("Mo-Fr 09:00-14:00,16:00-19:00", "de lunes a viernes, de 9:00 a 14:00 y de 16:00 a 19:00",
         "Monday to Friday, 09:00 to 14:00 and 16:00 to 19:00"),
        ("Tu,Th 17:00-19:00", "martes y jueves, de 17:00 a 19:00", "Tuesday and Thursday, 17:00 to 19:00"),
        ("We 10:00-12:00", "miércoles, de 10:00 a 12:00", "Wednesday, 10:00 to 12:00"),
        ("Mo-Su 10:00-20:00", "todos los días, de 10:00 a 20:00", "every day, 10:00 to 20:00"),
        ("Mo-Th 09:00-18:00; Fr 09:00-15:00", "de lunes a jueves, de 9:00 a 18:00; viernes, de 9:00 a 15:00",
         "Monday to Thursday, 09:00 to 18:00; Friday, 09:00 to 15:00"),
        ("Mo-We,Fr 09:00-18:00", "de lunes a miércoles y viernes, de 9:00 a 18:00",
         "Monday to Wednesday and Friday, 09:00 to 18:00"),
        ("Mo,We,Fr 09:00-18:00", "lunes, miércoles y viernes, de 9:00 a 18:00",
         "Monday, Wednesday and Friday, 09:00 to 18:00"),
        ("Mo-Fr 18:00-01:00", "de lunes a viernes, de 18:00 a 1:00", "Monday to Friday, 18:00 to 01:00"),
        ("Mo-Fr 16:00-24:00", "de lunes a viernes, de 16:00 a 24:00", "Monday to Friday, 16:00 to 24:00"),
        ("Mo 09:00-10:00; Tu 10:00-11:00; We 11:00-12:00; Th 12:00-13:00", "", ""),
    ],
)  # fmt: skip
def test_hours(expression: str, spanish: str, english: str) -> None:
    rules = weekly_windows(expression)
    assert rules is not None
    assert (phrases.hours_phrase(rules, "es"), phrases.hours_phrase(rules, "en")) == (spanish, english)


def test_lists() -> None:
    assert phrases.channels_phrase([], "es") == ""
    assert phrases.channels_phrase(["Telegram (@a)"], "es") == "Telegram (@a)"
    assert phrases.channels_phrase(["Telegram (@a)", "Signal", "Matrix"], "es") == "Telegram (@a), Signal o Matrix"
    assert phrases.channels_phrase(["Telegram", "Outlook"], "es") == "Telegram u Outlook"
    assert phrases.channels_phrase(["Telegram", "Outlook"], "en") == "Telegram or Outlook"
    days = [date(2026, 4, 2), date(2026, 4, 3), date(2027, 4, 5)]
    said = "el jueves 2 de abril, el viernes 3 de abril y el lunes 5 de abril de 2027"
    assert phrases.days_phrase(days, "es", date(2026, 3, 1)) == said
    assert phrases.days_phrase([*days, days[0]], "es", date(2026, 3, 1)) == ""


@pytest.mark.parametrize(("count", "spanish", "english"), [(2, "dos", "two"), (10, "diez", "ten"), (11, "11", "11")])
def test_numbers(count: int, spanish: str, english: str) -> None:
    assert (phrases.number_word(count, "es"), phrases.number_word(count, "en")) == (spanish, english)


@pytest.mark.parametrize(
    ("day", "spanish"),
    [
        ("2027-01-01", "Año Nuevo"),
        ("2027-01-06", "Reyes"),
        ("2027-03-25", "Jueves Santo"),
        ("2027-03-26", "Viernes Santo"),
        ("2026-05-01", "Primero de Mayo"),
        ("2027-05-17", "Letras Gallegas"),
        ("2026-06-24", "San Juan"),
        ("2025-07-25", "Santiago"),
        ("2026-08-15", "la Asunción"),
        ("2026-10-12", "Fiesta Nacional"),
        ("2027-11-01", "Todos los Santos"),
        ("2027-12-06", "la Constitución"),
        ("2026-12-08", "la Inmaculada"),
        ("2026-12-25", "Navidad"),
    ],
)
def test_holidays_as_people_say_them(day: str, spanish: str) -> None:
    """The library's own names go in, so a rename in it is seen here."""
    when = date.fromisoformat(day)
    holiday = Holiday(when, public_holidays("ES", "GA", when.year)[when])
    assert holiday_name(holiday, "es", "ES") == spanish
    assert holiday_name(holiday, "en", "ES")
