"""Where no window passes midnight, renaming the times changes nothing: the library itself is the judge."""

from datetime import date, datetime, timedelta

import pytest
from opening_hours import OpeningHours

from milter.core.opening_text import DAY, windows_of

FIRST = date(2026, 1, 1)
EXPRESSIONS = [
    "10:00-12:00",
    "Mo-Fr 09:00-17:00",
    "Mo-Fr",
    "24/7",
    "24/7; Su off",
    "Fr-Mo 10:00-12:00",
    "Mo-Fr 09:00-14:00,16:00-19:00; We 12:00-13:00 off",
    "Mo-Fr 09:00-17:00, Sa 10:00-12:00; Dec 24-26 off",
    "Mo-Fr 09:00-17:00; Jul-Aug 08:00-15:00; Aug 10-20 off",
    "Jan-Mar,Dec Mo-Fr 10:00-12:00; Apr-Nov Mo-Fr 08:00-10:00",
    "week 1-53/2 Mo 10:00-12:00; week 2-52/2 Tu 10:00-12:00",
    "Mo[1],Fr[-1] 10:00-12:00",
    "Mo[1] +2 days 10:00-12:00",
    "easter -2 days off; Mo-Su 10:00-12:00; easter 11:00-13:00",
    "Mo-Su 09:00-17:00; easter +1 day off",
    "2026 Mo-Fr 10:00-12:00; 2027 Tu 09:00-10:00",
    "2026 Dec 24-2027 Jan 06 off",
    "Mo-Su 10:00-12:00; 2026 Dec 24-2027 Jan 06 off",
    "2026-2030/2 Mo-Su 10:00-12:00",
    "Mo-Fr 10:00-16:00/01:30",
    "Mo-Fr 10:00+",
    "Mo-Fr 10:00-12:00+",
    "sunrise-sunset",
    "dawn-dusk; Su off",
    "Mo-Fr (sunrise+01:30)-(sunset-00:45)",
    "Mo-Fr 10:00-12:00 || Sa 10:00-11:00",
    'Mo-Fr 10:00-12:00 || 24/7 unknown "call"',
    'Mo-Fr 10:00-12:00 || "call"',
    'Mo-Fr 10:00-12:00 "PH 01:00-02:00; x, y || z"; Sa 10:00-11:00 "a"',
    "Mo-Fr 10:00-12:00 unknown; Sa 10:00-11:00",
    "Mo-Fr,SH 10:00-12:00; PH off",
    "SH,PH 10:00-12:00; PH,SH off; Tu 10:00-11:00",
    "PH 10:00-12:00",
    "Mo-Fr 00:00-24:00; Sa 00:00-01:00,23:00-24:00",
    "mo-fr 9:00-17:00",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_library_says_the_same(expression: str) -> None:
    hours = OpeningHours(expression)
    for day in (FIRST + timedelta(days=number) for number in range(730)):
        midnight = datetime(day.year, day.month, day.day)
        plain: list[tuple[int, int]] = []
        for start, end, state, _ in hours.intervals(midnight, midnight + timedelta(days=1)):
            if str(state) == "open":
                plain.append(((start - midnight).seconds // 60, (end - midnight) // timedelta(minutes=1)))
        assert windows_of(expression, day) == tuple(plain), day


# On a holiday PH is every day: what each of these grants to any day, whatever its weekday.
ON_A_HOLIDAY = [
    ("PH 10:00-12:00", "10:00-12:00"),
    ("SH,PH 10:00-12:00", "10:00-12:00"),
    ("PH,Mo-Fr 10:00-12:00", "10:00-12:00"),
    ("Mo-Fr,PH 10:00-12:00", "10:00-12:00"),
    ("Mo-Fr PH 10:00-12:00", "10:00-12:00"),
    ("Mo-Su 09:00-17:00; PH off", ""),
    ("Mo-Su 09:00-17:00; PH,SH off", ""),
    ("Mo-Su 09:00-17:00, PH 18:00-19:00", "09:00-17:00 18:00-19:00"),
    ("Mo-Su 09:00-17:00; PH 12:00-13:00 off", "09:00-12:00 13:00-17:00"),
    ("Jan-Dec PH 10:00-12:00", "10:00-12:00"),
    ("Mo-Su 09:00-17:00; PH 22:00-04:00", "22:00-28:00"),
    ("Mo-Su 09:00-17:00; PH", "00:00-24:00"),
    ("Mo-Su 09:00-17:00; PH -1 day off", "09:00-17:00"),
    ("PH off; Mo-Su 09:00-17:00", "09:00-17:00"),
]


@pytest.mark.parametrize(("expression", "windows"), ON_A_HOLIDAY)
def test_on_a_holiday(expression: str, windows: str) -> None:
    for day in (FIRST + timedelta(days=number) for number in range(7)):
        found = windows_of(expression, day, frozenset({0}))
        assert " ".join(f"{clock(start)}-{clock(end)}" for start, end in found) == windows


def clock(minutes: int) -> str:
    assert 0 <= minutes <= 2 * DAY
    return f"{minutes // 60:02}:{minutes % 60:02}"
