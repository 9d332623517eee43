"""Half days and calendars against the slow way: every minute is looked at on the wall.

Busy time is laid over the hours by instants: it takes whatever minute it covers, also of a night that began the day
before. A whole day of a calendar takes the windows that begin on it, as a day off does.
"""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core.closures import Busy
from milter.core.hours import Cause, Closed, Open, Schedule, state_at
from milter.core.wall_clock import Span
from milter.settings.closures import half_day
from tests.core.test_hours_oracle import (
    BAR,
    CHANGES,
    CHRISTMAS,
    DAY_OFF,
    NIGHTS,
    VACATION,
    Table,
    random_windows,
    same,
    walk,
)

DAYS = 5  # of each walk
HALVES = ("2026-12-22 23:00-26:30", "2026-12-24 14:00-24:00", "2026-12-31 00:00-03:00")


def busy_of(zone: str, halves: tuple[str, ...]) -> tuple[Span, ...]:
    found = [half_day(one, zone) for one in halves]
    return tuple(span for spans in found if isinstance(spans, tuple) for span in spans)


def wall_says_busy(halves: tuple[str, ...], local: datetime) -> bool:
    """By the text alone."""
    for one in halves:
        day, _, hours = one.partition(" ")
        start, _, end = ((int(part[:2]) * 60 + int(part[3:])) if ":" in part else 0 for part in hours.partition("-"))
        minute = (local.date() - date.fromisoformat(day)).days * 1440 + local.hour * 60 + local.minute
        if start <= minute < end:
            return True
    return False


def differences(table: Table, halves: tuple[str, ...], schedule: Schedule, first: datetime) -> list[str]:
    zone = ZoneInfo(schedule.zone)
    minutes = list(walk(first, first + timedelta(days=DAYS)))
    usual = [table.is_open(one.astimezone(zone)) for one in minutes]
    taken = [wall_says_busy(halves, one.astimezone(zone)) for one in minutes]
    opened = [one and not busy for one, busy in zip(usual, taken, strict=True)]
    changes: list[datetime | None] = [None] * len(minutes)
    for place in range(len(minutes) - 2, -1, -1):
        changes[place] = minutes[place + 1] if opened[place] != opened[place + 1] else changes[place + 1]
    wrong = []
    for place, now in enumerate(minutes):
        match state_at(schedule, now):
            case Open(until):
                right = opened[place] and (changes[place] is None or same(until, changes[place] or now))
            case Closed(cause, _, opens):
                right = not opened[place] and (changes[place] is None or same(opens, changes[place] or now))
                right = right and (cause is Cause.BUSY) == (usual[place] and taken[place])
        if not right:
            wrong.append(
                f"{now.astimezone(zone)}: {state_at(schedule, now)}, not {opened[place]}, then {changes[place]}"
            )
    return wrong


@pytest.mark.parametrize(
    ("table", "zone"), [(NIGHTS if place % 2 else BAR, zone) for place, zone in enumerate(CHANGES)], ids=list(CHANGES)
)
def test_half_days_beside_nights_and_christmas(table: Table, zone: str) -> None:
    """Holidays, a day off, a vacation and a day of a calendar stand beside them."""
    market = date(2026, 12, 29)
    closed = Table(table.week, CHRISTMAS | {market})
    busy = Busy.of(busy_of(zone, HALVES), {market})
    schedule = Schedule(table.expression(), zone, "ES", "GA", (DAY_OFF,), (VACATION,), busy)
    for first in (datetime(2026, 12, 22, 6), datetime(2026, 12, 28, 12)):
        assert differences(closed, HALVES, schedule, first.replace(tzinfo=ZoneInfo(zone))) == []


@pytest.mark.parametrize("zone", CHANGES)
def test_half_days_on_which_the_clocks_change(zone: str) -> None:
    for day in CHANGES[zone]:
        halves = (f"{day} 01:15-02:20", f"{day} 23:30-25:40")
        schedule = Schedule(NIGHTS.expression(), zone, busy=Busy.of(busy_of(zone, halves)))
        first = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) - timedelta(days=1)
        assert differences(NIGHTS, halves, schedule, first) == []


@pytest.mark.parametrize("seed", range(8))
def test_any_week_beside_any_half_days(seed: int) -> None:
    chance = random.Random(seed)
    zone = chance.choice(list(CHANGES))
    table = Table(tuple(random_windows(chance) for _ in range(7)), frozenset({DAY_OFF}))
    halves = tuple(
        f"2026-12-{chance.randint(22, 26)} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        for start, end in (sorted(chance.sample(range(1, 1440), 2)) for _ in range(6))
    )
    schedule = Schedule(table.expression() or "24/7 off", zone, "", "", (DAY_OFF,), busy=Busy.of(busy_of(zone, halves)))
    first = datetime(2026, 12, 22, tzinfo=ZoneInfo(zone))
    assert differences(table, halves, schedule, first) == []


def test_the_walk_sees_a_half_day_that_is_left_out() -> None:
    """The proof that the comparison can fail."""
    schedule = Schedule(NIGHTS.expression(), "Europe/Madrid")
    first = datetime(2026, 12, 22, 12, tzinfo=ZoneInfo("Europe/Madrid"))
    assert differences(NIGHTS, HALVES, schedule, first)
