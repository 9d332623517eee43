"""Office hours: is it open at this instant, until or from when, and why."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from milter.core import closures, wall_clock
from milter.core.closures import NOTHING_BUSY, Busy
from milter.core.opening_text import (
    DAY,
    Offsets,
    Window,
    cuts_of,
    holiday_offsets,
    mentions_holidays,
    windows_of,
)
from milter.core.opening_text import WeeklyRule as WeeklyRule
from milter.core.opening_text import weekly_windows as weekly_windows

# What the library of expressions can count.
FIRST_YEAR, LAST_YEAR = 1910, 9990
YEARS_BACK, YEARS_AHEAD = 2, 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides open or closed for one identity (or one plan of it).

    Hashable: compiled once, cached on its value. `expression` opening_hours grammar; `zone` IANA name; `country`/`region`
    of the public holidays, "" for none: with a country, an expression that does not mention PH ends in `; PH off`;
    `days_off` closed days; `vacations` (first, last) days, both included; `busy` half days and calendars.
    """

    expression: str
    zone: str
    country: str = ""
    region: str = ""
    days_off: tuple[date, ...] = ()
    vacations: tuple[tuple[date, date], ...] = ()
    busy: Busy = NOTHING_BUSY


class Cause(StrEnum):
    """Why it is closed now. BUSY: a half day or an event takes hours that would be open. NEVER: it never opens again.

    CHANGED: the owner closed for today, or is away (core/overrides.py).
    """

    HOURS = "hours"
    HOLIDAY = "holiday"
    DAY_OFF = "day-off"
    VACATION = "vacation"
    BUSY = "busy"
    CHANGED = "changed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A closed day between now and the opening. `name` as the `holidays` library says it in `es`; "" for a day off."""

    day: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """Open now. `until`: the end of this window, exclusive; None if it never closes."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Closed:
    """Closed now. Instants are aware, in the schedule's zone.

    `opens` None: never again (within the horizon of `state_at`); `since` the end of the last open window (None: none in
    the horizon before); `holidays` the closed days that fall on what would otherwise be open days between now and
    `opens`, in order, those inside a vacation left out; `vacation` (first, last) days if a vacation lies in between.
    """

    cause: Cause
    since: datetime | None
    opens: datetime | None
    holidays: tuple[Holiday, ...] = ()
    vacation: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class _ClosedDay:
    """A day that a closure takes away, and the windows that would have started on it."""

    cause: Cause
    name: str
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Some years of a schedule.

    `starts`, `ends`: seconds since the epoch of each open span; `lost` what busy time took, likewise; `horizon` where they
    stop being known; `closed_days` by ordinal; `listed`: the ordinals of those that `Closed.holidays` may name, in order.
    """

    starts: "array[int]"
    ends: "array[int]"
    lost: tuple["array[int]", "array[int]"]
    horizon: int
    closed_days: Mapping[int, _ClosedDay]
    listed: tuple[int, ...]


def state_at(schedule: Schedule, now: datetime) -> Open | Closed:
    """Open or closed at `now` (aware, any zone; ValueError if it is not), exact to the second.

    Looks ahead to the end of the third year after `now` and back to the start of the second before it.
    The first call for a schedule compiles three years (some 20 ms), later ones look up.
    """
    zone = ZoneInfo(schedule.zone)
    second = int(now.timestamp() // 1)
    local = now.astimezone(zone)
    calendar, place = _place(schedule, now)
    since = calendar.ends[place - 1] if place else None
    if since is not None and second < since:
        return Open(None if since >= calendar.horizon else datetime.fromtimestamp(since, zone))
    opens = datetime.fromtimestamp(calendar.starts[place], zone) if place < len(calendar.starts) else None
    ended = datetime.fromtimestamp(since, zone) if since is not None else None
    closed = _closed(schedule, calendar, local, ended, opens)
    return replace(closed, cause=Cause.BUSY) if opens and _takes(calendar.lost, second) else closed


def next_opening(schedule: Schedule, now: datetime) -> datetime | None:
    """The next instant at which it is open: `now` itself (in the schedule's zone) while it is; None: never again."""
    match state_at(schedule, now):
        case Open():
            return now.astimezone(ZoneInfo(schedule.zone))
        case Closed(opens=opens):
            return opens


def last_opening(schedule: Schedule, now: datetime) -> datetime | None:
    """When the window that is open at `now` opened, else the last one before; None: none in the horizon of `state_at`."""
    calendar, place = _place(schedule, now)
    return datetime.fromtimestamp(calendar.starts[place - 1], ZoneInfo(schedule.zone)) if place else None


def busy_spans(schedule: Schedule, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """When it would be open between two instants but for half days and calendars."""
    return _within(zip(*_between(schedule, first, last).lost, strict=True), schedule, first, last)


def closure_on(schedule: Schedule, day: date) -> tuple[Cause, str] | None:
    """What closes the whole of `day` on which it would else be open, and the holiday's name ("" if it is none)."""
    found = _calendar(schedule, day.year, day.year).closed_days.get(day.toordinal())
    return (found.cause, found.name) if found else None


def _between(schedule: Schedule, first: datetime, last: datetime) -> _Calendar:
    zone = ZoneInfo(schedule.zone)
    return _calendar(schedule, first.astimezone(zone).year - 1, last.astimezone(zone).year + 1)


def _within(
    spans: Iterable[tuple[int, int]], schedule: Schedule, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    zone, begin, end = ZoneInfo(schedule.zone), int(first.timestamp()), int(last.timestamp())
    inside = ((max(start, begin), min(stop, end)) for start, stop in spans if start < end and stop > begin)
    return [(datetime.fromtimestamp(start, zone), datetime.fromtimestamp(stop, zone)) for start, stop in inside]


def _place(schedule: Schedule, now: datetime) -> tuple[_Calendar, int]:
    """The years around `now`, and how many of their open spans have begun by then."""
    if now.tzinfo is None:
        raise ValueError("`now` must be aware")
    second = int(now.timestamp() // 1)
    year = min(max(now.astimezone(ZoneInfo(schedule.zone)).year, FIRST_YEAR + YEARS_BACK), LAST_YEAR - YEARS_AHEAD)
    calendar = _calendar(schedule, year - 1, year + 1)
    place = bisect_right(calendar.starts, second)
    if not 0 < place < len(calendar.starts):
        # Not open yet in the near years, or never more, or open past their end: look further, at any time of the year.
        calendar = _calendar(schedule, year - YEARS_BACK, year + YEARS_AHEAD)
        place = bisect_right(calendar.starts, second)
    return calendar, place


def _takes(lost: tuple["array[int]", "array[int]"], second: int) -> bool:
    starts, ends = lost
    place = bisect_right(starts, second)
    return bool(place) and second < ends[place - 1]


def _closed(
    schedule: Schedule, calendar: _Calendar, local: datetime, since: datetime | None, opens: datetime | None
) -> Closed:
    """Why, and what lies between now and the opening."""
    today = _day_of(calendar, local)
    if opens is None:
        return Closed(Cause.NEVER, since, None, (), _vacation(schedule, today, today))
    last = max(opens.toordinal() - 1, today)
    found = calendar.closed_days.get(today)
    between = calendar.listed[bisect_left(calendar.listed, today) : bisect_right(calendar.listed, last)]
    return Closed(
        found.cause if found else Cause.HOURS,
        since,
        opens,
        tuple(Holiday(date.fromordinal(day), calendar.closed_days[day].name) for day in between),
        _vacation(schedule, today, last),
    )


def _day_of(calendar: _Calendar, local: datetime) -> int:
    """The ordinal of the day whose closure counts now: yesterday while one of its lost windows would still be open."""
    today = local.toordinal()
    if yesterday := calendar.closed_days.get(today - 1):
        minute = DAY + local.hour * 60 + local.minute
        if any(start <= minute < end for start, end in yesterday.windows):
            return today - 1
    return today


def _vacation(schedule: Schedule, first: int, last: int) -> tuple[date, date] | None:
    """The vacation that touches these days; several with no opening between them are one."""
    found = [
        (begin, end)
        for begin, end in schedule.vacations
        if begin <= end and begin.toordinal() <= last and end.toordinal() >= first
    ]
    return (min(begin for begin, _ in found), max(end for _, end in found)) if found else None


@lru_cache(maxsize=1024)
def _calendar(schedule: Schedule, first_year: int, last_year: int) -> _Calendar:
    years = [_year(schedule, year) for year in range(first_year, last_year + 1)]
    pieces = wall_clock.merged(sorted(piece for spans, _ in years for piece in spans))
    pieces, lost = wall_clock.without(pieces, schedule.busy.spans)
    closed_days = {day: closed for _, days in years for day, closed in days.items()}
    return _Calendar(
        array("q", (start for start, _ in pieces)),
        array("q", (end for _, end in pieces)),
        (array("q", (start for start, _ in lost)), array("q", (end for _, end in lost))),
        wall_clock.instant_of(date(last_year + 1, 1, 1), schedule.zone),
        closed_days,
        tuple(day for day, closed in sorted(closed_days.items()) if closed.cause is not Cause.VACATION),
    )


# A year is asked for a handful of times, while the calendars around it are made.
@lru_cache(maxsize=256)
def _year(schedule: Schedule, year: int) -> tuple[tuple[wall_clock.Span, ...], Mapping[int, _ClosedDay]]:
    """The open spans of the windows that start in `year`, and its closed days."""
    windows: list[wall_clock.Local] = []
    closed_days: dict[int, _ClosedDay] = {}
    for day, granted, closed in _days(schedule, year):
        if closed:
            closed_days[day.toordinal()] = closed
        midnight = wall_clock.local_midnight(day)
        windows += [(midnight + start * 60, midnight + end * 60) for start, end in granted]
    return tuple(wall_clock.spans(windows, schedule.zone, year)), closed_days


def _days(schedule: Schedule, year: int) -> Iterator[tuple[date, tuple[Window, ...], _ClosedDay | None]]:
    """Every day of `year`: the windows that start on it, and the closure that takes windows from it."""
    rules = _DayRules.of(schedule, year)
    day = date(year, 1, 1)
    while day.year == year:
        usual = windows_of(schedule.expression, day)
        granted = rules.granted(day, usual)
        lost = granted or usual
        name = rules.names.get(day, "")
        if day in rules.away:
            yield day, (), _ClosedDay(Cause.VACATION, name, lost)
        elif day in schedule.days_off or day in schedule.busy.days:
            yield day, (), _ClosedDay(Cause.DAY_OFF, name, lost) if lost else None
        else:
            closed = name and lost and not granted
            yield day, granted, _ClosedDay(Cause.HOLIDAY, name, lost) if closed else None
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _DayRules:
    """What public holidays and vacations do to the days of one year. `names` reaches into the years beside it."""

    expression: str
    names: Mapping[date, str]
    away: frozenset[date]
    selectors: Offsets

    @classmethod
    def of(cls, schedule: Schedule, year: int) -> "_DayRules":
        names: dict[date, str] = {}
        for one in (year - 1, year, year + 1):
            names |= closures.public_holidays(schedule.country, schedule.region, one)
        away = closures.days_within(schedule.vacations, year)
        return cls(schedule.expression, names, away, holiday_offsets(schedule.expression))

    def granted(self, day: date, usual: tuple[Window, ...]) -> tuple[Window, ...]:
        """The windows that start on `day`, cut short where the expression closes hours of the next morning.

        `usual`: those of a day that is no holiday.
        """
        windows = self._windows(day, usual)
        if windows and windows[-1][1] > DAY:
            tomorrow = day + timedelta(days=1)
            for start, end in cuts_of(self.expression, tomorrow, self._offsets(tomorrow)):
                windows = _without(windows, (max(start, 0) + DAY, end + DAY))
        return windows

    def _windows(self, day: date, usual: tuple[Window, ...]) -> tuple[Window, ...]:
        if day in self.names and not mentions_holidays(self.expression):
            return ()  # As if it ended in `; PH off`.
        offsets = self._offsets(day)
        return windows_of(self.expression, day, offsets) if offsets else usual

    def _offsets(self, day: date) -> Offsets:
        return frozenset(one for one in self.selectors if day - timedelta(days=one) in self.names)


def _without(windows: tuple[Window, ...], cut: Window) -> tuple[Window, ...]:
    """`windows` less the minutes of `cut`."""
    pieces = [piece for start, end in windows for piece in ((start, min(end, cut[0])), (max(start, cut[1]), end))]
    return tuple((start, end) for start, end in pieces if start < end)
