"""One .ics file (RFC 5545): the days and the times that its events take, or what is wrong with it and where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Calendar, Timezone
from icalendar.prop import vBroken
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from milter.core.wall_clock import Span, merged
from milter.settings import recurrence
from milter.settings.findings import Wrong

LARGEST = 2 << 20  # bytes of one file
MOST_EVENTS = 5_000
MOST_TAKEN = 20_000  # occurrences of one file within the years that count
MOST_FLAWS = 20
_READ = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_DAY = timedelta(days=1)
_NOT_UNDERSTOOD = ("is not understood", "mend the event, and export it again")
# An event on the wall of a zone: the naive start, and the zone; None for whole days.
_Start = tuple[datetime, tzinfo | None]


@dataclass(frozen=True, slots=True)
class Flaw:
    line: int
    key: str
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class Taken:
    """`days` of all-day events; `spans` of timed ones, merged. Both empty if there are `flaws`."""

    days: frozenset[date] = frozenset()
    spans: tuple[Span, ...] = ()
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class _Onwards:
    """From `key` on all of a series are moved, or `gone` (RFC 5545 section 3.8.4.4, THISANDFUTURE). `length` None: as before."""

    key: _Start
    shift: timedelta
    length: timedelta | None
    gone: bool


@dataclass(slots=True)
class _Changed:
    """What other events of the same UID say of a series: `keys` of those that are written out by themselves."""

    keys: set[_Start] = field(default_factory=set)
    onwards: list[_Onwards] = field(default_factory=list)

    def of(self, key: _Start) -> _Onwards | None:
        """The last that holds for the occurrence of that key."""
        found = [one for one in self.onwards if one.key[1] == key[1] and one.key[0] <= key[0]]
        return max(found, key=lambda one: one.key[0], default=None)


class _Flawed(Exception):
    """Carries a flaw of one event to the end of its reading."""

    def __init__(self, key: str, wrong: Wrong) -> None:
        self.key, self.wrong = key, wrong


@lru_cache(maxsize=64)  # all calendars are looked at again when any file is saved
def taken(raw: bytes, zone: str, first: date, last: date) -> Taken:
    """What the events of a file take between two days. `zone` (IANA) is the owner's: times without one are his.

    Events that are transparent or cancelled take nothing.
    """
    if len(raw) > LARGEST:
        return _only(0, "file", f"has more than {LARGEST} bytes", "export fewer years")
    lines = _logical_lines(raw)
    try:
        calendars: Any = Calendar.from_ical(raw, multiple=True)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError) as error:
        line = next((number for number, text in lines if text and f"'{text}'" in str(error)), 0)
        return _only(line, "calendar", "is no calendar that can be read", "export it again as .ics (iCalendar)")
    if not any(isinstance(one, Calendar) for one in calendars):
        return _only(1, "calendar", "is no calendar that can be read", "export it again as .ics (iCalendar)")
    events = [one for each in calendars for one in each.walk("VEVENT")]
    if len(events) > MOST_EVENTS:
        return _only(0, "file", f"has more than {MOST_EVENTS} events", "export fewer years")
    zones = {str(one.get("TZID")): one for each in calendars for one in each.walk("VTIMEZONE")}
    return _Reading(_Zones(zone, zones), first, last, _places(lines)).of(events)


class _Zones:
    """Time zones by the names that one file uses: IANA's, Windows', or its own VTIMEZONE's."""

    def __init__(self, own: str, written: dict[str, Timezone]) -> None:
        self.own = ZoneInfo(own)
        self._written = written
        self._known: dict[str, tzinfo] = {}

    def named(self, name: str, key: str) -> tzinfo:
        if name not in self._known:
            self._known[name] = self._find(name, key)
        return self._known[name]

    def _find(self, name: str, key: str) -> tzinfo:
        plain = WINDOWS_TO_OLSON.get(name, name)
        if plain in available_timezones():
            return ZoneInfo(plain)
        if name in self._written:
            try:
                zone: tzinfo = self._written[name].to_tz(tzp, lookup_tzid=False)
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                raise _Flawed(key, Wrong(f'the time zone "{name}" is not understood', "export it again")) from error
            return zone
        raise _Flawed(key, Wrong(f'"{name}" is not a time zone', 'write one such as "Europe/Madrid"'))


class _Reading:
    """`places`: for each VEVENT in order, the line of each of its properties."""

    def __init__(self, zones: _Zones, first: date, last: date, places: list[dict[str, int]]) -> None:
        self.zones, self.places = zones, places
        self.first, self.last = (datetime.combine(one, time()) for one in (first, last))
        self.steps = recurrence.Steps()
        self.count = 0

    def of(self, events: list[Any]) -> Taken:
        days: set[date] = set()
        spans: list[Span] = []
        flaws: list[Flaw] = []
        changed: dict[str, _Changed] = {}
        for event in (one for one in events if "RECURRENCE-ID" in one and not _broken(one)):
            try:
                self._note(event, changed.setdefault(str(event.get("UID")), _Changed()))
            except (_Flawed, OverflowError, ValueError, TypeError, AttributeError):
                continue  # found again, and told, below
        for place, event in enumerate(events):
            where = self.places[place] if place < len(self.places) else {}
            try:
                for begin, end in self._occurrences(event, changed.get(str(event.get("UID")), _Changed())):
                    if isinstance(begin, int) and isinstance(end, int):
                        spans.append((begin, end))
                    elif isinstance(begin, date) and isinstance(end, date):
                        days |= {begin + _DAY * one for one in range((end - begin).days)}
            except (OverflowError, ValueError, TypeError, AttributeError, KeyError):
                # Two DTSTART, a year that no calendar has: the library lets them through.
                flaws.append(Flaw(where.get("BEGIN", 0), "VEVENT", Wrong(*_NOT_UNDERSTOOD)))
            except _Flawed as found:
                flaws.append(Flaw(where.get(found.key, where.get("BEGIN", 0)), found.key, found.wrong))
            if len(flaws) >= MOST_FLAWS:
                break
        return Taken(flaws=tuple(flaws)) if flaws else Taken(frozenset(days), tuple(merged(sorted(spans))))

    def _note(self, event: Any, changed: _Changed) -> None:
        wall, zone = self._start(event, "RECURRENCE-ID")
        key = self._key((wall, zone))
        changed.keys.add(key)
        if str(event["RECURRENCE-ID"].params.get("RANGE", "")).upper() != "THISANDFUTURE":
            return
        start, its = self._start(event, "DTSTART") if "DTSTART" in event else (wall, zone)
        if (its is None) == (zone is None):
            before = (
                wall if its is None or zone is None else wall.replace(tzinfo=zone).astimezone(its).replace(tzinfo=None)
            )
            length = self._length(event, start, its) if "DTEND" in event or "DURATION" in event else None
            changed.onwards.append(_Onwards(key, start - before, length, _takes_nothing(event)))

    def _occurrences(self, event: Any, changed: _Changed) -> Iterator[tuple[int, int] | tuple[date, date]]:
        if broken := _broken(event):
            raise _Flawed(broken, Wrong(*_NOT_UNDERSTOOD))
        if _takes_nothing(event):
            return
        if "DTSTART" not in event:
            raise _Flawed("DTSTART", Wrong("is missing", "mend the event, and export it again"))
        start, zone = self._start(event, "DTSTART")
        length = self._length(event, start, zone)
        for one, its in self._starts(event, start, zone, _Changed() if "RECURRENCE-ID" in event else changed):
            taken = length if its is None else its
            if one >= self.last or self.first - one >= taken:
                continue
            taken = min(taken, self.last - one)
            self.count += 1
            if self.count > MOST_TAKEN:
                raise _Flawed("RRULE", Wrong(f"takes more than {MOST_TAKEN} times", "export fewer events"))
            if zone is None:
                yield max(one, self.first).date(), (one + taken).date()
            elif taken:
                yield _second(one, zone), _second(one + taken, zone)

    def _starts(
        self, event: Any, start: datetime, zone: tzinfo | None, changed: _Changed
    ) -> Iterator[tuple[datetime, timedelta | None]]:
        """Of every occurrence, with the length of those that have one of their own; without those that are excepted or written
        out by themselves."""
        here = zone or self.zones.own
        found: dict[datetime, timedelta | None] = {start: None}
        for rule in _several(event, "RRULE"):
            if "RECURRENCE-ID" in event:
                break
            if wrong := recurrence.flaw(rule):
                raise _Flawed("RRULE", wrong)
            found.pop(start, None)
            found |= dict.fromkeys(recurrence.beginnings(start, rule, here, self.last, self.steps))
            if self.steps.left < 0:
                raise _Flawed("RRULE", Wrong("recurs too often to be counted", "begin it later, or end it"))
        for (one, its), length in self._listed(event, "RDATE"):
            both = zone is not None and its is not None
            found[one.replace(tzinfo=its).astimezone(here).replace(tzinfo=None) if both else one] = length
        without = {self._key(one) for one, _ in self._listed(event, "EXDATE")} | changed.keys
        for one in sorted(found):
            key = self._key((one, zone))
            if key in without:
                continue
            if (other := changed.of(key)) is None:
                yield one, found[one]
            elif not other.gone:
                yield one + other.shift, other.length or found[one]

    def _listed(self, event: Any, key: str) -> Iterator[tuple[_Start, timedelta | None]]:
        """The times of RDATE and EXDATE; a PERIOD has a length of its own."""
        for several in _several(event, key):
            name = several.params.get("TZID")
            for one in several.dts:
                first, last = one.dt if isinstance(one.dt, tuple) else (one.dt, None)
                begins = self._wall(first, name, key)
                length = last if isinstance(last, timedelta) else None
                if isinstance(last, datetime):
                    length = self._wall(last, name, key)[0] - begins[0]
                if length is not None and length < timedelta():
                    raise _Flawed(key, Wrong("ends before it begins", "mend the event, and export it again"))
                yield begins, length

    def _key(self, start: _Start) -> _Start:
        """The same for the same moment, however it was written."""
        wall, zone = start
        return (
            (wall, None)
            if zone is None
            else (datetime.fromtimestamp(_second(wall, zone), UTC).replace(tzinfo=None), UTC)
        )

    def _start(self, event: Any, key: str) -> _Start:
        return self._wall(event[key].dt, event[key].params.get("TZID"), key)

    def _wall(self, value: object, name: str | None, key: str) -> _Start:
        match value:
            case datetime() as instant:
                zone = self.zones.named(name, key) if name else instant.tzinfo or self.zones.own
                return instant.replace(tzinfo=None), zone
            case date() as day:
                return datetime.combine(day, time()), None
        raise _Flawed(key, Wrong(*_NOT_UNDERSTOOD))

    def _length(self, event: Any, start: datetime, zone: tzinfo | None) -> timedelta:
        length = timedelta() if zone else _DAY
        if "DTEND" in event:
            end, its = self._start(event, "DTEND")
            if (zone is None) != (its is None):
                raise _Flawed("DTEND", Wrong("is a day where DTSTART has a time, or the other way", "export it again"))
            if zone and its and str(zone) != str(its):
                end = end.replace(tzinfo=its).astimezone(zone).replace(tzinfo=None)
            length = end - start
            if length < timedelta():
                raise _Flawed("DTEND", Wrong("ends before it begins", "mend the event, and export it again"))
        elif "DURATION" in event:
            length = _duration(event)
            if length < timedelta():
                raise _Flawed("DURATION", Wrong("ends before it begins", "mend the event, and export it again"))
        return length if zone else max(length, _DAY)


def _takes_nothing(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT"


def _duration(event: Any) -> timedelta:
    length = event["DURATION"].dt
    if not isinstance(length, timedelta):
        raise _Flawed("DURATION", Wrong(*_NOT_UNDERSTOOD))
    return length


def _second(wall: datetime, zone: tzinfo) -> int:
    return int(wall.replace(tzinfo=zone).timestamp())


def _several(event: Any, key: str) -> list[Any]:
    value = event.get(key)
    return value if isinstance(value, list) else [] if value is None else [value]


def _broken(event: Any) -> str:
    return next((key for key in _READ if any(isinstance(one, vBroken) for one in _several(event, key))), "")


def _only(line: int, key: str, what: str, instead: str) -> Taken:
    return Taken(flaws=(Flaw(line, key, Wrong(what, instead)),))


def _logical_lines(raw: bytes) -> list[tuple[int, str]]:
    """(number, text), folded lines joined (section 3.1)."""
    lines: list[tuple[int, str]] = []
    for number, text in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        if text[:1] in (" ", "\t") and lines:
            lines[-1] = lines[-1][0], lines[-1][1] + text[1:]
        else:
            lines.append((number, text))
    return lines


def _places(lines: list[tuple[int, str]]) -> list[dict[str, int]]:
    places: list[dict[str, int]] = []
    inside = False
    for number, text in lines:
        name = text.replace(";", ":").partition(":")[0].upper()
        if text.upper().strip() == "BEGIN:VEVENT":
            places.append({"BEGIN": number})
            inside = True
        elif text.upper().strip() == "END:VEVENT":
            inside = False
        elif inside:
            places[-1].setdefault(name, number)
    return places
