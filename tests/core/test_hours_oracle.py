"""The slow way to the same answers: look at the wall every minute.

The oracle knows no expression, no spans and no library: a table of windows by weekday, closed days, and one rule: it
is open if the wall shows a time inside a window of today, or of yesterday past midnight, of a day that is not closed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Closed, Open, Schedule, state_at

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MINUTE = timedelta(minutes=1)
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Table:
    """Windows in minutes by weekday, Monday first; an end past 1440 is on the next day."""

    week: tuple[Windows, ...]
    closed: frozenset[date] = frozenset()

    def is_open(self, local: datetime) -> bool:
        minute = local.hour * 60 + local.minute
        return self._covers(local.date(), minute) or self._covers(local.date() - timedelta(days=1), minute + 1440)

    def _covers(self, day: date, minute: int) -> bool:
        return day not in self.closed and any(start <= minute < end for start, end in self.week[day.weekday()])

    def expression(self, apart: str = "; ") -> str:
        rules = (
            f"{name} {','.join(map(spelt, windows))}" for name, windows in zip(DAYS, self.week, strict=True) if windows
        )
        return apart.join(rules)


def spelt(window: tuple[int, int]) -> str:
    start, end = window[0], window[1] % 1440 if window[1] > 1440 else window[1]
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def walk(first: datetime, last: datetime) -> Iterator[datetime]:
    now = first.astimezone(UTC)
    while now < last:
        yield now
        now += MINUTE


def same(one: datetime | None, other: datetime) -> bool:
    """Across zones `==` is never true of a time that comes twice."""
    return one is not None and one.timestamp() == other.timestamp()


def differences(table: Table, schedule: Schedule, first: datetime, last: datetime) -> list[str]:
    """Where `state_at` is not what the minutes say. Openings and ends are compared where the walk reaches them."""
    zone = ZoneInfo(schedule.zone)
    minutes = list(walk(first, last))
    opened = [table.is_open(one.astimezone(zone)) for one in minutes]
    changes: list[datetime | None] = [None] * len(minutes)
    for place in range(len(minutes) - 2, -1, -1):
        changes[place] = minutes[place + 1] if opened[place] != opened[place + 1] else changes[place + 1]
    wrong = []
    since: datetime | None = None
    for place, (now, is_open, change) in enumerate(zip(minutes, opened, changes, strict=True)):
        if place and not is_open and opened[place - 1]:
            since = now
        match state_at(schedule, now):
            case Open(until):
                right = is_open and (change is None or same(until, change))
            case Closed(_, ended, opens):
                right = (
                    not is_open and (change is None or same(opens, change)) and (since is None or same(ended, since))
                )
        if not right:
            wrong.append(f"{now.astimezone(zone)}: {state_at(schedule, now)}, the minutes say {is_open}, then {change}")
    return wrong


NIGHTS = Table((((1320, 1680),),) * 7)  # 22:00-04:00
AROUND_THE_CHANGE = Table(
    (((60, 95), (110, 150), (165, 215), (1380, 1530)),) * 7
)  # in and around 01:00-03:00, 23:00-01:30
BAR = Table((((1080, 1500),),) * 4 + (((1080, 1620),),) * 2 + ((),))  # Mo-Th 18:00-01:00, Fr-Sa 18:00-03:00

# Two days around each change of clocks of 2026; Kolkata has none and gets Madrid's.
CHANGES = {
    "Europe/Madrid": (date(2026, 3, 29), date(2026, 10, 25)),
    "Atlantic/Canary": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Kolkata": (date(2026, 3, 29), date(2026, 10, 25)),
}
# Christmas in Galicia, by hand: holidays, a day off, a vacation.
HOLIDAYS = frozenset({date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 6)})
DAY_OFF = date(2026, 12, 23)
VACATION = (date(2027, 1, 3), date(2027, 1, 4))
CHRISTMAS = frozenset({*HOLIDAYS, DAY_OFF, *VACATION})


def around(day: date, zone: str) -> tuple[datetime, datetime]:
    middle = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return middle - timedelta(hours=12), middle + timedelta(hours=36)


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("table", [NIGHTS, AROUND_THE_CHANGE, BAR], ids=["nights", "around-the-change", "bar"])
def test_days_on_which_the_clocks_change(table: Table, zone: str) -> None:
    for day in CHANGES[zone]:
        assert differences(table, Schedule(table.expression(), zone), *around(day, zone)) == []


@pytest.mark.parametrize(
    ("table", "zone"), [(NIGHTS if place % 2 else BAR, zone) for place, zone in enumerate(CHANGES)], ids=list(CHANGES)
)
def test_christmas_and_the_turn_of_the_year(table: Table, zone: str) -> None:
    closed = Table(table.week, CHRISTMAS)
    schedule = Schedule(table.expression(), zone, "ES", "GA", (DAY_OFF,), (VACATION,))
    first = datetime(2026, 12, 22, 12, tzinfo=ZoneInfo(zone))
    assert differences(closed, schedule, first, first + timedelta(days=16)) == []


@pytest.mark.parametrize("seed", range(24))
def test_any_week_beside_any_closed_days(seed: int) -> None:
    """Weeks nobody would write, overnight windows of any length, in either spelling, beside holidays and days off."""
    chance = random.Random(seed)
    week = tuple(random_windows(chance) for _ in DAYS)
    table = Table(week, frozenset({*HOLIDAYS, DAY_OFF}))
    zone = chance.choice(list(CHANGES))
    expression = table.expression(chance.choice(["; ", ", "])) or "24/7 off"
    ending = chance.choice(["", "; PH off"])
    schedule = Schedule(expression + ending, zone, "ES", "GA", (DAY_OFF,))
    first = datetime(2026, 12, 22, tzinfo=ZoneInfo(zone))
    assert differences(table, schedule, first, first + timedelta(days=5)) == []


def random_windows(chance: random.Random) -> Windows:
    """Up to two windows by day, and perhaps one past midnight."""
    points = sorted(chance.sample(range(1, 1440), 4))
    by_day = [(points[0], points[1])] * chance.randint(0, 1)
    night = [(points[2], 1440 + chance.randint(1, points[2]))] * chance.randint(0, 1)
    late = [(points[2], points[3])] if not night else []
    return tuple(by_day + late * chance.randint(0, 1) + night)


def test_the_oracle_sees_what_the_library_would_answer() -> None:
    """The proof that the comparison can fail: a calendar day is not the day a window starts."""
    first, last = datetime(2026, 12, 24, 12, tzinfo=UTC), datetime(2026, 12, 26, 12, tzinfo=UTC)
    assert differences(Table(NIGHTS.week), Schedule("Mo-Su 22:00-04:00", "Europe/Madrid", "ES", "GA"), first, last)
