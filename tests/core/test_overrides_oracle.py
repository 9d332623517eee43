"""What was changed for today, against the slow way: look at the wall every minute, and at the list of changes after it."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from milter.core.hours import Closed, Open, Schedule
from milter.core.overrides import Override, add_working, last_opening, state_at
from tests.core.test_hours_oracle import BAR, CHANGES, DAY_OFF, HOLIDAYS, MINUTE, NIGHTS, Table, random_windows, walk

HOUR = timedelta(hours=1)
OFFICE = Table((((540, 1020),),) * 5 + ((), ()))


class Slow:
    """Every minute of some days, open or not."""

    def __init__(self, table: Table, zone: str, first: datetime, days: int, overrides: Sequence[Override]) -> None:
        where = ZoneInfo(zone)
        self.minutes = list(walk(first, first + timedelta(days=days)))
        self.opened = [table.is_open(one.astimezone(where)) for one in self.minutes]
        for one in overrides:  # The last wins.
            for place, minute in enumerate(self.minutes):
                if one.start <= minute < one.end:
                    self.opened[place] = one.is_open

    def change(self, place: int, step: int) -> int | None:
        """The nearest place, that way, with another state."""
        here, is_open = place + step, self.opened[place]
        while 0 <= here < len(self.minutes):
            if self.opened[here] is not is_open:
                return here
            here += step
        return None

    def due(self, place: int, span: timedelta) -> datetime | None:
        left = span
        while place < len(self.minutes):
            if self.opened[place]:
                left -= MINUTE
            if left <= timedelta(0):
                return self.minutes[place] + MINUTE
            place += 1
        return None


def some_changes(chance: random.Random, first: datetime, days: int) -> tuple[Override, ...]:
    found = []
    for _ in range(chance.randint(1, 5)):
        start = first.astimezone(UTC) + chance.randint(0, days * 24 * 4) * 15 * MINUTE
        found.append(Override(start, start + chance.randint(1, 200) * 15 * MINUTE, chance.random() < 0.4))
    return tuple(found)


def scene(seed: int) -> tuple[Schedule, Slow, tuple[Override, ...]]:
    """Weeks of every shape, around a change of clocks or at Christmas."""
    chance = random.Random(seed)
    zone = chance.choice(list(CHANGES))
    week = tuple(random_windows(chance) for _ in range(7))
    table = chance.choice([NIGHTS, BAR, OFFICE, Table(week)])
    if chance.random() < 0.5:
        day = chance.choice(CHANGES[zone])
        first = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) - 2 * 24 * HOUR
        schedule = Schedule(table.expression() or "24/7 off", zone)
    else:
        table = Table(table.week, frozenset({*HOLIDAYS, DAY_OFF}))
        first = datetime(2026, 12, 22, tzinfo=ZoneInfo(zone))
        schedule = Schedule(table.expression() or "24/7 off", zone, "ES", "GA", (DAY_OFF,))
    overrides = some_changes(chance, first, 6)
    return schedule, Slow(table, zone, first, 8, overrides), overrides


def same(answer: datetime | None, place: int | None, slow: Slow) -> bool:
    """What the walk does not reach, it does not contradict."""
    return place is None or (answer is not None and answer.timestamp() == slow.minutes[place].timestamp())


@pytest.mark.parametrize("seed", range(30))
def test_every_minute_of_changed_days(seed: int) -> None:
    schedule, slow, overrides = scene(seed)
    wrong = []
    for place in range(0, len(slow.minutes), 17):
        now, is_open = slow.minutes[place], slow.opened[place]
        before = slow.change(place, -1)
        began = None if before is None else before + 1
        match state := state_at(schedule, now, overrides):
            case Open(until):
                right = is_open and same(until, slow.change(place, 1), slow)
                right = right and same(last_opening(schedule, now, overrides), began, slow)
            case Closed(_, since, opens):
                right = not is_open and same(opens, slow.change(place, 1), slow) and same(since, began, slow)
        if not right:
            wrong.append(f"{now}: {state}, the minutes say {is_open}")
    assert wrong == []


@pytest.mark.parametrize("seed", range(30))
def test_a_promise_is_kept_in_working_time(seed: int) -> None:
    schedule, slow, overrides = scene(seed)
    chance, wrong = random.Random(seed), []
    for place in range(0, len(slow.minutes) // 2, 311):
        span = chance.randint(1, 12 * 60) * MINUTE
        due, right = add_working(schedule, slow.minutes[place], span, overrides), slow.due(place, span)
        if right is not None and due != right:
            wrong.append(f"{slow.minutes[place]} + {span}: {due}, the minutes say {right}")
    assert wrong == []


def test_the_oracle_sees_a_change_that_is_left_out() -> None:
    """The proof that the comparison can fail."""
    schedule, slow, overrides = scene(3)
    fast = [isinstance(state_at(schedule, one), Open) for one in slow.minutes]
    assert overrides and fast != slow.opened


# --- the edges, by hand

MADRID = ZoneInfo("Europe/Madrid")
STUDIO = Schedule(
    "Mo-Fr 16:00-23:30; PH off", "Europe/Madrid", "ES", "GA", (), ((date(2026, 12, 24), date(2027, 1, 6)),)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def closed(start: str, end: str) -> Override:
    return Override(at(start), at(end), is_open=False)


def opened(start: str, end: str) -> Override:
    return Override(at(start), at(end), is_open=True)


@pytest.mark.parametrize(
    ("now", "span", "overrides", "due"),
    [
        ("2026-11-20 23:00", 0.5, (), "2026-11-20 23:30"),  # to the last minute of the window
        ("2026-11-20 23:30", 4, (), "2026-11-23 20:00"),  # over the weekend
        ("2026-11-20 22:30", 4, (), "2026-11-23 19:00"),  # an hour on Friday, three on Monday
        ("2026-12-23 22:30", 4, (), "2027-01-07 19:00"),  # over holidays and the vacation
        ("2026-11-20 23:30", 4, (closed("2026-11-23 00:00", "2026-11-24 00:00"),), "2026-11-24 20:00"),
        ("2026-11-20 23:30", 4, (opened("2026-11-21 10:00", "2026-11-21 12:00"),), "2026-11-23 18:00"),
        ("2026-11-20 12:00", 7.5, (closed("2026-11-20 18:00", "2026-11-20 20:00"),), "2026-11-23 18:00"),
    ],
)  # fmt: skip
def test_a_promise(now: str, span: float, overrides: tuple[Override, ...], due: str) -> None:
    assert add_working(STUDIO, at(now), span * HOUR, overrides) == at(due)


def test_nothing_is_promised_where_nothing_ever_opens() -> None:
    assert add_working(Schedule("24/7 off", "Europe/Madrid"), at("2026-11-20 12:00"), HOUR) is None
    assert add_working(None, at("2026-11-20 12:00"), HOUR) == at("2026-11-20 13:00")


def test_what_is_closed_on_the_way_is_told() -> None:
    away = closed("2026-12-04 20:00", "2026-12-09 00:00")
    state = state_at(STUDIO, at("2026-12-04 21:00"), (away,))
    assert isinstance(state, Closed)
    assert (state.cause, state.since, state.opens) == ("changed", at("2026-12-04 20:00"), at("2026-12-09 16:00"))
    assert [one.day for one in state.holidays] == [date(2026, 12, 8)]


EARLY = closed("2026-11-20 16:30", "2026-11-21 00:00")


@pytest.mark.parametrize(
    ("now", "overrides", "cause"),
    [
        ("2026-11-20 17:00", (EARLY,), "changed"),
        ("2026-11-20 16:10", (EARLY,), "open"),
        ("2026-11-20 12:00", (closed("2026-11-20 16:00", "2026-11-21 00:00"),), "hours"),
        ("2026-12-25 12:00", (closed("2026-12-25 11:00", "2026-12-26 00:00"),), "vacation"),
        ("2026-12-25 12:00", (opened("2026-12-25 11:00", "2026-12-25 13:00"),), "open"),
        ("2026-11-20 17:00", (opened("2026-11-20 16:00", "2026-11-20 18:00"), EARLY), "changed"),
        ("2026-11-20 17:00", (EARLY, opened("2026-11-20 16:00", "2026-11-20 18:00")), "open"),
    ],
)  # fmt: skip
def test_why_it_is_closed(now: str, overrides: tuple[Override, ...], cause: str) -> None:
    state = state_at(STUDIO, at(now), overrides)
    assert (state.cause if isinstance(state, Closed) else "open") == cause
