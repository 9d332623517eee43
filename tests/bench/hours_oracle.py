"""`python -m tests.bench.hours_oracle`: three years in five zones, every minute looked at on the wall, against the fast answer.

Each zone has its public holidays, days off, half days, vacations and an .ics file beside hours that pass midnight. Slow on
purpose: some five minutes. The oracle knows no expression, no span and no calendar library, only the tables below; it is open
if the wall shows a time inside a window of today, or of yesterday past midnight, of a day that is not closed, and no event
covers the instant. `tests/core/test_hours_oracle.py` holds the walk of single days.
"""

import argparse
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from milter.core.closures import Busy
from milter.core.hours import Cause, Closed, Open, Schedule, state_at
from milter.settings import ics
from milter.settings.closures import half_day
from tests.core.test_hours_oracle import BAR, NIGHTS, Table

FIRST, LAST = date(2026, 1, 1), date(2029, 1, 1)
DAY = timedelta(days=1)
ZONES = {
    "Europe/Madrid": ("ES", "GA"),
    "Atlantic/Canary": ("ES", "CN"),
    "America/New_York": ("US", "NY"),
    "Australia/Lord_Howe": ("AU", "NSW"),
    "Asia/Kolkata": ("IN", "WB"),
}
SPLIT = Table((((540, 840), (960, 1140)),) * 4 + (((540, 840), (1320, 1530)),) + (((1380, 1620),), ((60, 185),)))
TABLES = {"nights": NIGHTS, "bar": BAR, "split": SPLIT}

DAYS_OFF = tuple(date(year, month, day) for year in (2026, 2027, 2028) for month, day in ((2, 17), (10, 31), (12, 23)))
VACATIONS = tuple(
    span
    for year in (2026, 2027, 2028)
    for span in (
        (date(year, 3, 27), date(year, 4, 6)),  # over a change of clocks in three of the zones
        (date(year, 8, 1), date(year, 8, 23)),
        (date(year, 12, 24), date(year + 1, 1, 6)),
    )
)
# (day, first minute, last minute exclusive) of half days; past 1440 is the next morning.
HALVES = tuple(
    (date(year, month, day), start, end)
    for year in (2026, 2027, 2028)
    for month, day, start, end in ((5, 14, 840, 1440), (9, 18, 1380, 1590), (10, 25, 90, 200), (11, 1, 0, 150))
)


@dataclass(frozen=True)
class Series:
    """Every `step` days from `first`: `start` minutes into the day, `length` minutes; without them whole days."""

    first: date
    step: int
    start: int = 0
    length: int = 0
    without: tuple[date, ...] = ()

    def days(self) -> Iterator[date]:
        day = self.first
        while day < LAST + DAY:
            if day not in self.without:
                yield day
            day += self.step * DAY


SERIES = (
    Series(date(2026, 1, 7), 7, 1000, 200, (date(2026, 10, 28),)),  # Wednesday afternoons
    Series(date(2025, 12, 27), 7, 1380, 330),  # Saturday 23:00 to Sunday 04:30: over every change of clocks
    Series(date(2026, 1, 4), 14, 135, 40),  # every other Sunday at 02:15, which some days do not have
    Series(date(2026, 1, 2), 30),  # a whole day each month or so
)
MOVED = (datetime(2026, 10, 29, 11), 90)  # where the Wednesday left out above went


def written(zone: str) -> bytes:
    """SERIES as a calendar program would export it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//oracle//EN"]
    for number, one in enumerate(SERIES):
        begins = datetime.combine(one.first, datetime.min.time()) + timedelta(minutes=one.start)
        lines += ["BEGIN:VEVENT", f"UID:{number}@oracle.example", f"RRULE:FREQ=DAILY;INTERVAL={one.step}"]
        if one.length:
            lines += [f"DTSTART;TZID={zone}:{begins:%Y%m%dT%H%M%S}", f"DURATION:PT{one.length}M"]
        else:
            lines += [f"DTSTART;VALUE=DATE:{begins:%Y%m%d}"]
        lines += ["END:VEVENT"]
    (gone,) = SERIES[0].without
    old = datetime.combine(gone, datetime.min.time()) + timedelta(minutes=SERIES[0].start)
    lines += ["BEGIN:VEVENT", "UID:0@oracle.example", f"RECURRENCE-ID;TZID={zone}:{old:%Y%m%dT%H%M%S}"]
    lines += [f"DTSTART;TZID={zone}:{MOVED[0]:%Y%m%dT%H%M%S}", f"DURATION:PT{MOVED[1]}M", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """RFC 5545 section 3.3.5: of a time that comes twice the first; one that is skipped by the offset before it."""
    earlier, later = ((wall + step).replace(tzinfo=zone).utcoffset() or timedelta() for step in (-DAY, DAY))
    for offset in (earlier, later):
        found = (wall - offset).replace(tzinfo=UTC)
        if found.astimezone(zone).replace(tzinfo=None) == wall:
            return found
    return (wall - earlier).replace(tzinfo=UTC)


def closed_days(country: str, region: str) -> frozenset[date]:
    """The holidays, those on a Sunday that Spain moves or drops too, and every whole day that the owner takes off."""
    years = range(FIRST.year - 1, LAST.year + 1)
    named = set(holidays.country_holidays(country, subdiv=region, years=years))
    if country == "ES":
        dated = holidays.country_holidays(country, subdiv=region, years=years, observed=False)
        named |= {day for day in dated if day.weekday() == 6}
    away = {first + one * DAY for first, last in VACATIONS for one in range((last - first).days + 1)}
    return frozenset(named | set(DAYS_OFF) | away | {day for one in SERIES if not one.length for day in one.days()})


class Walk:
    """The minutes of three years in one zone: `usual` what the table says, `taken` what events and half days take of it."""

    def __init__(self, table: Table, zone: str, first: date = FIRST, last: date = LAST) -> None:
        self.zone = ZoneInfo(zone)
        begin, end = (datetime(one.year, one.month, one.day, tzinfo=self.zone).astimezone(UTC) for one in (first, last))
        self.first, self.count = int(begin.timestamp()), int((end - begin).total_seconds()) // 60
        closed = Table(table.week, closed_days(*ZONES[zone]))
        self.usual, self.taken = bytearray(self.count), bytearray(self.count)
        half = {day: [] for day, *_ in HALVES}
        for day, start, stop in HALVES:
            half[day].append((start, stop))
        for place in range(self.count):
            wall = self.at(place).astimezone(self.zone)
            self.usual[place] = closed.is_open(wall)
            minute, day = wall.hour * 60 + wall.minute, wall.date()
            if day in half or day - DAY in half:
                today, before = half.get(day, ()), half.get(day - DAY, ())
                self.taken[place] = any(start <= minute < stop for start, stop in today) or any(
                    start <= minute + 1440 < stop for start, stop in before
                )
        for start, stop in self._events():
            for place in range(max(start, 0), min(stop, self.count)):
                self.taken[place] = 1
        self.opened = bytearray(usual and not taken for usual, taken in zip(self.usual, self.taken, strict=True))

    def at(self, place: int) -> datetime:
        return datetime.fromtimestamp(self.first + 60 * place, UTC)

    def _events(self) -> Iterator[tuple[int, int]]:
        """(first, last exclusive) place of each timed event."""
        walls = [
            (datetime.combine(day, datetime.min.time()) + timedelta(minutes=one.start), one.length)
            for one in SERIES
            if one.length
            for day in one.days()
        ]
        for wall, length in [*walls, MOVED]:
            # Until the wall shows its end, as people read a calendar: also over a night that is an hour longer.
            start, stop = (instant(one, self.zone) for one in (wall, wall + timedelta(minutes=length)))
            yield self._place(start), self._place(stop)

    def _place(self, now: datetime) -> int:
        return (int(now.timestamp()) - self.first) // 60

    def changes(self) -> "array[int]":
        """The place at which the next other state begins; -1 where the walk ends first."""
        found = array("q", [-1]) * self.count
        for place in range(self.count - 2, -1, -1):
            found[place] = place + 1 if self.opened[place] != self.opened[place + 1] else found[place + 1]
        return found


def schedule(table: Table, zone: str) -> Schedule:
    country, region = ZONES[zone]
    taken = ics.taken(written(zone), zone, FIRST - 400 * DAY, LAST + 400 * DAY)
    assert not taken.flaws, taken.flaws
    spans = list(taken.spans)
    for day, start, end in HALVES:
        text = f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        found = half_day(text, zone)
        assert isinstance(found, tuple), found
        spans += found
    return Schedule(table.expression(), zone, country, region, DAYS_OFF, VACATIONS, Busy.of(spans, taken.days))


def differences(walk: Walk, made: Schedule) -> Iterator[str]:
    """Where the fast answer is not what the minutes say: open, until when, since when, and whether an event is why."""
    changes, since = walk.changes(), -1
    for place in range(walk.count):
        now, is_open, change = walk.at(place), bool(walk.opened[place]), changes[place]
        if place and not is_open and walk.opened[place - 1]:
            since = place
        match state_at(made, now):
            case Open(until):
                right = is_open and (change < 0 or _is(until, walk.at(change)))
            case Closed(cause, ended, opens):
                right = not is_open and (change < 0 or _is(opens, walk.at(change)))
                right = right and (since < 0 or _is(ended, walk.at(since)))
                right = right and (cause is Cause.BUSY) == bool(walk.usual[place] and walk.taken[place])
        if not right:
            said = walk.at(change).astimezone(walk.zone) if change >= 0 else "the end"
            yield f"{now.astimezone(walk.zone)}: {state_at(made, now)}; the minutes: {is_open} until {said}"


def _is(one: datetime | None, other: datetime) -> bool:
    return one is not None and one.timestamp() == other.timestamp()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zone", choices=ZONES, action="append", help="default: all")
    parser.add_argument("--hours", choices=TABLES, action="append", help="default: all")
    chosen = parser.parse_args(arguments)
    minutes, wrong, begun = 0, 0, time.monotonic()
    for name in chosen.hours or TABLES:
        for zone in chosen.zone or ZONES:
            walk = Walk(TABLES[name], zone)
            found = list(differences(walk, schedule(TABLES[name], zone)))
            minutes, wrong = minutes + walk.count, wrong + len(found)
            spent = time.monotonic() - begun
            print(f"{name:7} {zone:20} {walk.count:9,} minutes, {len(found)} differences, {spent:.0f} s", flush=True)
            for one in found[:2]:
                print(f"    {one}", flush=True)
    print(f"{minutes:,} minutes compared, {wrong} differences, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
