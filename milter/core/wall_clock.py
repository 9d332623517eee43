"""From the clock on the wall to instants: which seconds of time a local window covers, whatever the zone does that day.

A window is open whenever the wall shows a time inside it. So a time that a day skips opens nothing, a window that
starts in the gap opens when the gap ends, and an hour that comes twice is open twice.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# Seconds since the epoch, half-open. `Local`: as if the wall were UTC.
Span = tuple[int, int]
Local = tuple[int, int]


@lru_cache(maxsize=1024)
def offsets(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """(first second, last exclusive, offset in seconds) of every stretch of one offset around `year`, in order."""
    where = ZoneInfo(zone)
    step = 86_400
    first = _epoch_second(year) - 3 * step
    last = _epoch_second(year + 1) + 4 * step
    stretches = []
    begin, offset = first, _offset(where, first)
    for second in range(first + step, last + step, step):
        if _offset(where, second) != offset:
            change = _change(where, second - step, second)
            stretches.append((begin, change, offset))
            begin, offset = change, _offset(where, change)
    stretches.append((begin, last + step, offset))
    return tuple(stretches)


def spans(windows: Iterable[Local], zone: str, year: int) -> list[Span]:
    """The instants of local windows that start in `year`, in order of time, not yet merged."""
    stretches = offsets(zone, year)
    found = []
    for start, end in windows:
        for first, last, offset in stretches:
            begin, finish = max(start - offset, first), min(end - offset, last)
            if begin < finish:
                found.append((begin, finish))
    return sorted(found)


def local_midnight(day: date) -> int:
    """The local second at which `day` begins."""
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400


def instant_of(day: date, zone: str) -> int:
    """The second at which `day` begins in `zone`."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def merged(pieces: Iterable[Span]) -> list[Span]:
    """Sorted spans with those that touch or overlap made one."""
    result: list[Span] = []
    for start, end in pieces:
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], end)
        else:
            result.append((start, end))
    return result


def without(pieces: Iterable[Span], cuts: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """Merged `pieces` less merged `cuts`, and what the cuts took; both in order."""
    kept: list[Span] = []
    lost: list[Span] = []
    place = 0
    for start, end in pieces:
        while place < len(cuts) and cuts[place][1] <= start:
            place += 1
        here, begin = place, start
        while here < len(cuts) and cuts[here][0] < end:
            first, last = max(cuts[here][0], start), min(cuts[here][1], end)
            kept += [(begin, first)] * (begin < first)
            lost.append((first, last))
            begin, here = last, here + 1
        kept += [(begin, end)] * (begin < end)
    return kept, lost


def _epoch_second(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _offset(where: ZoneInfo, second: int) -> int:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(where)
    return int((local.utcoffset() or timedelta()).total_seconds())


def _change(where: ZoneInfo, low: int, high: int) -> int:
    """The first second after `low`, up to `high`, with another offset than `low` has."""
    before = _offset(where, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(where, middle) == before:
            low = middle
        else:
            high = middle
    return high
