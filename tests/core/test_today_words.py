"""What the owner says of today, and the instants it means. A night shift belongs to the day it starts."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Schedule
from milter.core.overrides import Clear, Override, Said, in_force
from milter.core.today_words import Now, Refused, said

MADRID = ZoneInfo("Europe/Madrid")
DAY = Schedule("Mo-Fr 16:00-23:30", "Europe/Madrid")
NIGHT = Schedule("Mo-Su 22:00-04:00", "Europe/Madrid")
ALWAYS = Schedule("24/7", "Europe/Madrid")
FRIDAY, SMALL_HOURS = "2026-11-20 12:00", "2026-11-21 01:00"


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def now(text: str, schedule: Schedule | None = DAY, language: str = "es") -> Now:
    return Now(madrid(text), language, (schedule,))


def told(text: str, at: Now) -> str:
    match said(text, at):
        case Override(start, end, is_open, word):
            state = "open" if is_open else "closed"
            return f"{word} {state} {start.astimezone(MADRID):%d %H:%M} - {end.astimezone(MADRID):%m-%d %H:%M}"
        case Clear(word):
            return f"clear {word}"
        case Refused(why):
            return why
    return "nothing"


@pytest.mark.parametrize(
    ("at", "schedule", "text", "means"),
    [
        (FRIDAY, DAY, "today close 13:00", "today closed 20 13:00 - 11-21 00:00"),
        (FRIDAY, DAY, "Hoy cierro 13:00", "today closed 20 13:00 - 11-21 00:00"),
        (FRIDAY, DAY, "hoy cierro a las 13", "today closed 20 13:00 - 11-21 00:00"),
        (FRIDAY, DAY, "hoy no abro", "today closed 20 12:00 - 11-21 00:00"),
        (FRIDAY, DAY, "Hoy ya no trabajo.", "today closed 20 12:00 - 11-21 00:00"),
        (FRIDAY, DAY, "no trabajo hoy", "today closed 20 12:00 - 11-21 00:00"),
        (FRIDAY, DAY, "hoy no abro hasta las 18", "nothing"),
        (FRIDAY, DAY, "mañana no trabajo", "nothing"),
        (FRIDAY, DAY, "cierro", "today closed 20 12:00 - 11-21 00:00"),
        (FRIDAY, NIGHT, "cierro 13:00", "today closed 20 13:00 - 11-21 04:00"),
        (FRIDAY, NIGHT, "cierro 02:00", "today closed 21 02:00 - 11-21 04:00"),
        (FRIDAY, ALWAYS, "cierro 13:00", "today closed 20 13:00 - 11-21 00:00"),
        (FRIDAY, None, "cierro 13:00", "today closed 20 13:00 - 11-21 00:00"),
        (SMALL_HOURS, NIGHT, "cierro", "today closed 21 01:00 - 11-21 04:00"),
        (SMALL_HOURS, NIGHT, "cierro 02:00", "today closed 21 02:00 - 11-21 04:00"),
        (SMALL_HOURS, NIGHT, "cierro 13:00", "today closed 21 13:00 - 11-22 04:00"),
        (SMALL_HOURS, DAY, "cierro 02:00", "today closed 21 02:00 - 11-22 00:00"),
        (FRIDAY, DAY, "today close 11:59", "11:59 has passed: it is 12:00"),
        (FRIDAY, DAY, "today close 25:00", "'25:00' is no time of day"),
        (FRIDAY, DAY, "today close soon", "'soon' is no time of day"),
        (FRIDAY, DAY, "today open 13:00-14:30", "today open 20 13:00 - 11-20 14:30"),
        (FRIDAY, DAY, "hoy abro de 13 a 14:30", "today open 20 13:00 - 11-20 14:30"),
        (FRIDAY, DAY, "today open 10:00-14:00", "today open 20 12:00 - 11-20 14:00"),
        (FRIDAY, DAY, "today open 22:00-01:00", "today open 20 22:00 - 11-21 01:00"),
        (FRIDAY, DAY, "today open 20:00-24:00", "today open 20 20:00 - 11-21 00:00"),
        (FRIDAY, DAY, "today open 10:00-12:00", "10:00-12:00 has passed: it is 12:00"),
        (FRIDAY, DAY, "today open 13:00-13:00", "13:00-13:00 is no window"),
        (FRIDAY, DAY, "today open 14:00-13:00", "14:00-13:00 ends before it begins"),
        (FRIDAY, DAY, "hoy abre 13:00-14:30", "today open 20 13:00 - 11-20 14:30"),
        (FRIDAY, DAY, "away until monday", "away closed 20 12:00 - 11-23 00:00"),
        (FRIDAY, DAY, "vuelvo el miércoles", "away closed 20 12:00 - 11-25 00:00"),
        (FRIDAY, DAY, "away until friday", "away closed 20 12:00 - 11-27 00:00"),
        (FRIDAY, NIGHT, "fuera hasta mañana", "away closed 20 12:00 - 11-21 04:00"),
        (FRIDAY, DAY, "away until 2026-12-01", "away closed 20 12:00 - 12-01 00:00"),
        (FRIDAY, DAY, "away until 2026-11-20", "2026-11-20 is today"),
        (FRIDAY, DAY, "away until 2025-12-01", "2025-12-01 has passed"),
        (FRIDAY, DAY, "away until 2030-01-01", "2030-01-01 is more than a year ahead"),
        (FRIDAY, DAY, "away until 2026-02-30", "'2026-02-30' is no day"),
        (FRIDAY, DAY, "away until someday", "'someday' is no day"),
        (FRIDAY, DAY, "today clear", "clear today"),
        (FRIDAY, DAY, "Ya estoy.", "clear away"),
        (FRIDAY, DAY, "Hoy cierro la web de ACME", "nothing"),
        (FRIDAY, DAY, "Re: hoy cierro 13:00", "nothing"),
        ("2026-03-29 01:30", DAY, "today open 02:30-04:00", "today open 29 03:30 - 03-29 04:00"),
        ("2026-10-25 00:30", DAY, "cierro 20:00", "today closed 25 20:00 - 10-26 00:00"),
        ("9995-01-01 12:00", DAY, "cierro 20:00", "the clock of this machine says 9995"),
        ("1905-01-01 12:00", DAY, "away until monday", "the clock of this machine says 1905"),
    ],
)
def test_what_is_said_and_what_it_means(at: str, schedule: Schedule | None, text: str, means: str) -> None:
    assert told(text, now(at, schedule)) == means


@pytest.mark.parametrize(
    ("language", "day"),
    [("eu", "astelehena"), ("gl", "luns"), ("de", "Montag"), ("fr", "lundi"), ("ca", "dilluns"), ("gl", "monday")],
)
def test_days_in_the_owners_language(language: str, day: str) -> None:
    assert told(f"away until {day}", now(FRIDAY, language=language)) == "away closed 20 12:00 - 11-23 00:00"


def test_days_in_a_language_that_is_not_the_owners() -> None:
    assert told("away until montag", now(FRIDAY, language="es")) == "'montag' is no day"


CLOSE_13, CLOSE_15, OPEN_10 = (
    Override(madrid(start), madrid(end), is_open)
    for start, end, is_open in (
        ("2026-11-20 13:00", "2026-11-21 00:00", False),
        ("2026-11-20 15:00", "2026-11-21 00:00", False),
        ("2026-11-20 10:00", "2026-11-20 12:00", True),
    )
)
AWAY = Override(madrid("2026-11-20 13:00"), madrid("2026-11-23 00:00"), False, Said.AWAY)


@pytest.mark.parametrize(
    ("changes", "at", "left"),
    [
        ((CLOSE_13, CLOSE_15), "09:00", (CLOSE_15,)),
        ((CLOSE_15, OPEN_10), "09:00", (CLOSE_15, OPEN_10)),
        ((CLOSE_15, AWAY), "09:00", (CLOSE_15, AWAY)),
        ((CLOSE_15, AWAY, Clear(Said.TODAY)), "09:00", (AWAY,)),
        ((CLOSE_15, AWAY, Clear(Said.AWAY)), "09:00", (CLOSE_15,)),
        ((Clear(Said.TODAY), OPEN_10), "09:00", (OPEN_10,)),
        ((OPEN_10,), "11:59", (OPEN_10,)),
        ((OPEN_10,), "12:00", ()),
    ],
)
def test_what_is_in_force(changes: tuple[Override | Clear, ...], at: str, left: tuple[Override, ...]) -> None:
    assert in_force(changes, madrid(f"2026-11-20 {at}")) == left


def test_it_expires_by_itself() -> None:
    assert in_force((AWAY, CLOSE_15), AWAY.end - timedelta(seconds=1)) == (AWAY,)
    assert in_force((AWAY, CLOSE_15), AWAY.end) == ()
