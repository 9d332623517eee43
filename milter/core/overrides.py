"""What the owner changed for today, laid over the hours: open or closed from one instant to another, whatever the schedule says.

The schedule stays compiled as it is; a change is a handful of comparisons on top. All arithmetic is in UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from milter.core import hours
from milter.core.hours import Cause, Closed, Holiday, Open, Schedule

SECOND = timedelta(seconds=1)  # what the hours are exact to
MOST_STEPS = 2000  # windows that a promise may span: years of ordinary weeks
_OWN_CAUSES = (Cause.VACATION, Cause.HOLIDAY, Cause.DAY_OFF)  # still true, and more to the point, when changed on top


class Said(StrEnum):
    """The command it came from, which takes it back."""

    TODAY = "today"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Override:
    """Open, or closed, from `start` to `end` (aware, half-open)."""

    start: datetime
    end: datetime
    is_open: bool
    said: Said = Said.TODAY


@dataclass(frozen=True, slots=True)
class Clear:
    """Takes back what was `said` before."""

    said: Said


Change = Override | Clear


def in_force(changes: Iterable[Change], now: datetime) -> tuple[Override, ...]:
    """What is left of all changes in the order they were made; what is over is forgotten. Of two that contradict, the last wins.

    A new closing time, or a new absence, takes the place of the one before it; further openings stand beside each other.
    """
    kept: list[Override] = []
    for one in changes:
        match one:
            case Clear(said):
                kept = [each for each in kept if each.said is not said]
            case Override(is_open=False, said=said):
                kept = [each for each in kept if each.said is not said or each.is_open]
                kept.append(one)
            case Override():
                kept = [*(each for each in kept if each != one), one]  # said twice, it is one
    return tuple(one for one in kept if one.start < one.end and now < one.end)


def closing(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """What the changes take from call hours and focus: nobody is there. An opening gives the desk back, and makes no such hours."""
    return tuple(one for one in _pieces(overrides) if not one.is_open)


def state_at(schedule: Schedule | None, now: datetime, overrides: Sequence[Override] = ()) -> Open | Closed:
    """As hours.state_at, with the changes on top. `schedule` None: open all day, every day, but for them."""
    if not overrides:
        return hours.state_at(schedule, now) if schedule else Open(None)
    laid = _Laid.over(schedule, overrides)
    zone, at = laid.zone(now), _second(now)
    if laid.open_at(at):
        closes = laid.next_change(at, False)
        return Open(closes.astimezone(zone) if closes else None)
    opens, since = laid.next_change(at, True), laid.ended(at)
    local = since.astimezone(zone) if since else None
    if opens is None:
        return Closed(Cause.NEVER, local, None)
    holidays, vacation = laid.between(at, opens)
    return Closed(laid.cause(at), local, opens.astimezone(zone), holidays, vacation)


def last_opening(schedule: Schedule | None, now: datetime, overrides: Sequence[Override] = ()) -> datetime | None:
    """As hours.last_opening, with the changes on top. None if nothing ever opened."""
    if not overrides:
        return hours.last_opening(schedule, now) if schedule else None
    laid = _Laid.over(schedule, overrides)
    opened = laid.opened(_second(now))
    return opened.astimezone(laid.zone(now)) if opened else None


def add_working(
    schedule: Schedule | None, start: datetime, span: timedelta, overrides: Sequence[Override] = ()
) -> datetime | None:
    """The instant when the office has been open for `span` since `start` (aware); it may be the end of a window.

    None: not within what the hours look ahead, so there is nothing to promise.
    """
    at, left = start.astimezone(UTC), span
    for _ in range(MOST_STEPS):
        match state_at(schedule, at, overrides):
            case Open(None):
                return at + left
            case Open(until) if until is not None:
                end = until.astimezone(UTC)
                if end - at >= left:
                    return at + left
                left, at = left - (end - at), end
            case Closed(opens=None):
                return None
            case Closed(opens=opens) if opens is not None:
                at = opens.astimezone(UTC)
    return None


@dataclass(frozen=True, slots=True)
class _Laid:
    """`pieces`: the changes as they hold, in order of time, none over another."""

    schedule: Schedule | None
    pieces: tuple[Override, ...]

    @classmethod
    def over(cls, schedule: Schedule | None, overrides: Sequence[Override]) -> "_Laid":
        return cls(schedule, _pieces(overrides))

    def zone(self, now: datetime) -> ZoneInfo:
        if self.schedule:
            return ZoneInfo(self.schedule.zone)
        return now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")

    def open_at(self, at: datetime) -> bool:
        if piece := self._piece(at):
            return piece.is_open
        return isinstance(self._usual(at), Open)

    def next_change(self, at: datetime, to_open: bool) -> datetime | None:
        """The first instant from `at` on at which it is open, or closed; None: never."""
        while True:
            is_open, end = self._from(at)
            if is_open is to_open:
                return at
            if end is None:
                return None
            at = end

    def ended(self, at: datetime) -> datetime | None:
        """Closed at `at`: since when."""
        while True:
            was_open, start = self._until(at)
            if was_open:
                return at
            if start is None:
                return None
            at = start

    def opened(self, at: datetime) -> datetime | None:
        """When the open time that `at` lies in, or comes after, began."""
        here: datetime | None = at + SECOND if self.open_at(at) else self.ended(at)
        while here is not None:
            was_open, start = self._until(here)
            if not was_open:
                return here
            here = start
        return None

    def cause(self, at: datetime) -> Cause:
        usual = self._usual(at)
        if isinstance(usual, Closed) and (usual.cause in _OWN_CAUSES or not self._piece(at)):
            # Never, by the schedule alone: what opens it is the change.
            return usual.cause if usual.cause is not Cause.NEVER else Cause.HOURS
        return Cause.CHANGED

    def between(self, at: datetime, opens: datetime) -> tuple[tuple[Holiday, ...], tuple[date, date] | None]:
        """The closed days, and the vacation, that lie between now and the opening."""
        last = (opens.astimezone(self.zone(opens)) - SECOND).date()
        days: dict[date, Holiday] = {}
        away: list[tuple[date, date]] = []
        for _ in range(MOST_STEPS):
            if at >= opens:
                break
            state = self._usual(at)
            if isinstance(state, Closed):
                days |= {one.day: one for one in state.holidays if one.day <= last}
                away += [state.vacation] if state.vacation and state.vacation[0] <= last else []
            following = state.until if isinstance(state, Open) else state.opens
            if following is None:
                break
            at = following.astimezone(UTC)
        vacation = (min(one for one, _ in away), max(one for _, one in away)) if away else None
        return tuple(days[one] for one in sorted(days)), vacation

    def _piece(self, at: datetime) -> Override | None:
        return next((one for one in self.pieces if one.start <= at < one.end), None)

    def _usual(self, at: datetime) -> Open | Closed:
        return hours.state_at(self.schedule, at) if self.schedule else Open(None)

    def _from(self, at: datetime) -> tuple[bool, datetime | None]:
        """Open or closed from `at` on, and until when at least; None for ever."""
        if piece := self._piece(at):
            return piece.is_open, piece.end
        state = self._usual(at)
        usual = state.until if isinstance(state, Open) else state.opens
        ends = [one.start for one in self.pieces if one.start > at]
        ends += [usual.astimezone(UTC)] if usual else []
        return isinstance(state, Open), min(ends, default=None)

    def _until(self, at: datetime) -> tuple[bool, datetime | None]:
        """Open or closed just before `at`, and since when at least; None: always."""
        if piece := next((one for one in self.pieces if one.start < at <= one.end), None):
            return piece.is_open, piece.start
        before = at - SECOND
        state = self._usual(before)
        if isinstance(state, Open):
            usual = hours.last_opening(self.schedule, before) if self.schedule else None
        else:
            usual = state.since
        starts = [one.end for one in self.pieces if one.end <= before]
        starts += [usual.astimezone(UTC)] if usual else []
        return isinstance(state, Open), max(starts, default=None)


def _second(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(microsecond=0)


def _pieces(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """The changes as they hold: of two that contradict the last, in order of time, none over another. In UTC."""
    pieces: list[Override] = []
    for one in overrides:
        whole = replace(one, start=one.start.astimezone(UTC), end=one.end.astimezone(UTC))
        pieces = [part for each in pieces for part in _less(each, whole)]
        if whole.start < whole.end:
            pieces.append(whole)
    return tuple(sorted(pieces, key=lambda each: each.start))


def _less(one: Override, taken: Override) -> Iterator[Override]:
    """What is left of `one`."""
    if one.start < taken.start:
        yield replace(one, end=min(one.end, taken.start))
    if taken.end < one.end:
        yield replace(one, start=max(one.start, taken.end))
