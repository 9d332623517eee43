"""The coming days of an office as a picture: each half hour on the wall, and what stands in its way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from milter.core.closures import public_holidays
from milter.core.hours import Cause, Closed, Open, Schedule
from milter.core.itip_answer import CallHours
from milter.core.overrides import Override, closing, state_at
from milter.core.owner import Client, Identity

CELL = timedelta(minutes=30)
CELLS = 48  # of a day on the wall
_MIDDLE = CELL / 2
Spans = tuple[tuple[datetime, datetime], ...]


class Cell(StrEnum):
    """CALL and FOCUS are open too, CLOSED_CALL and CLOSED_FOCUS lie beside the open hours.

    CHANGED: closed by the owner for these days. GAP: a time that this day's clock skips.
    """

    OPEN = "open"
    CALL = "call"
    FOCUS = "focus"
    CLOSED = "closed"
    CLOSED_CALL = "closed-call"
    CLOSED_FOCUS = "closed-focus"
    HOLIDAY = "holiday"
    DAY_OFF = "day-off"
    VACATION = "vacation"
    BUSY = "busy"
    CHANGED = "changed"
    GAP = "gap"


_CLOSED = {
    Cause.HOLIDAY: Cell.HOLIDAY,
    Cause.DAY_OFF: Cell.DAY_OFF,
    Cause.VACATION: Cell.VACATION,
    Cause.BUSY: Cell.BUSY,
    Cause.CHANGED: Cell.CHANGED,
}


@dataclass(frozen=True, slots=True)
class Day:
    """`holiday` its public name, "" if it is none; `hours` how many the day has: 23, 24 or 25, or what the zone makes it.

    `opened`, `calls`, `focus`: what of each lies in the day, in the owner's zone.
    """

    day: date
    cells: tuple[Cell, ...]
    holiday: str
    hours: float
    opened: Spans
    calls: Spans
    focus: Spans


def days(
    identity: Identity,
    client: Client | None,
    zone: ZoneInfo,
    first: date,
    count: int,
    changes: Sequence[Override] = (),
) -> Iterator[Day]:
    """`count` days from `first`, by the hours that `client` has (None: the identity's), with `changes` on top."""
    schedule = identity.schedule_for(client)
    for number in range(count):
        day = first + timedelta(days=number)
        begin, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
        length = end.astimezone(UTC) - begin.astimezone(UTC)
        holiday = public_holidays(schedule.country, schedule.region, day.year).get(day, "") if schedule else ""
        walls = [begin + CELL * one for one in range(CELLS)]
        yield Day(
            day,
            tuple(_cell(identity, schedule, one, changes) for one in walls),
            holiday,
            length / timedelta(hours=1),
            _spans(schedule, begin, end, changes),
            _spans(identity.call_schedule, begin, end, closing(changes)) if identity.call_schedule else (),
            _spans(identity.focus, begin, end, closing(changes)) if identity.focus else (),
        )


def _cell(identity: Identity, schedule: Schedule | None, wall: datetime, changes: Sequence[Override]) -> Cell:
    """What most of the half hour from `wall` is. Of a time that comes twice, the first."""
    middle = wall + _MIDDLE
    if middle.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) != middle.replace(tzinfo=None):
        return Cell.GAP
    state = state_at(schedule, middle, changes)
    if isinstance(state, Closed) and state.cause in _CLOSED:
        return _CLOSED[state.cause]
    is_open, calls = isinstance(state, Open), identity.call_schedule
    if identity.focus and isinstance(state_at(identity.focus, middle, closing(changes)), Open):
        return Cell.FOCUS if is_open else Cell.CLOSED_FOCUS
    if calls and CallHours(calls, schedule, tuple(changes)).hold(middle, middle):
        return Cell.CALL if is_open else Cell.CLOSED_CALL
    return Cell.OPEN if is_open else Cell.CLOSED


def _spans(schedule: Schedule | None, begin: datetime, end: datetime, changes: Sequence[Override] = ()) -> Spans:
    """When it is open between two instants, in their zone."""
    found: list[tuple[datetime, datetime]] = []
    at, last = begin.astimezone(UTC), end.astimezone(UTC)
    while at < last:
        match state_at(schedule, at, changes):
            case Open(until):
                stop = min(until.astimezone(UTC), last) if until else last
                found.append((at.astimezone(begin.tzinfo), stop.astimezone(begin.tzinfo)))
                at = stop
            case Closed(opens=opens):
                at = opens.astimezone(UTC) if opens else last
    return tuple(found)
