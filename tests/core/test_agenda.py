"""The days of an office as cells and as spans: they tell the same."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from milter.core.agenda import Cell, Day, days
from milter.core.hours import Schedule
from milter.core.overrides import Override
from milter.core.owner import Identity, Kind

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = date(2026, 11, 23)


def identity(**schedules: str) -> Identity:
    made = {name: Schedule(one, MADRID.key, "ES", "GA") for name, one in schedules.items()}
    return Identity("studio", Kind.BUSINESS, ("ana@estudio.example",), "ana@estudio.example", **made)


def only(one: Identity, *changes: Override, first: date = MONDAY) -> Day:
    (found,) = days(one, None, MADRID, first, 1, changes)
    return found


def cells(day: Day) -> str:
    """`closed 18, open 10`: runs of half hours."""
    runs: list[tuple[str, int]] = []
    for cell in day.cells:
        runs[-1:] = [(cell, runs[-1][1] + 1)] if runs and runs[-1][0] == cell else [*runs[-1:], (cell, 1)]
    return ", ".join(f"{cell} {count}" for cell, count in runs)


def clock(spans: tuple[tuple[datetime, datetime], ...]) -> list[str]:
    return [f"{start:%H:%M}-{end:%H:%M}" for start, end in spans]


def test_calls_and_focus_inside_the_open_hours_and_beside_them() -> None:
    day = only(identity(schedule="Mo-Fr 09:00-14:00", call_schedule="Mo 12:00-15:00", focus="Mo 10:00-11:00"))
    assert cells(day) == "closed 18, open 2, focus 2, open 2, call 4, closed-call 2, closed 18"
    assert (clock(day.opened), clock(day.calls), clock(day.focus)) == (
        ["09:00-14:00"],
        ["12:00-15:00"],
        ["10:00-11:00"],
    )


def test_no_calls_on_a_day_that_never_opens() -> None:
    office = identity(schedule="Tu-Fr 16:00-20:00", call_schedule="Mo,Tu 10:00-11:00", focus="Mo,Tu 12:00-13:00")
    assert cells(only(office)) == "closed 24, closed-focus 2, closed 22"
    tuesday = only(office, first=date(2026, 11, 24))
    assert cells(tuesday) == "closed 20, closed-call 2, closed 2, closed-focus 2, closed 6, open 8, closed 8"


def test_a_night_is_cut_at_midnight() -> None:
    day = only(identity(schedule="Mo-Su 22:00-04:00"))
    assert clock(day.opened) == ["00:00-04:00", "22:00-00:00"]
    assert cells(day) == "open 8, closed 36, open 4"


def test_what_the_owner_changed_is_drawn() -> None:
    def change(start: int, end: int, is_open: bool) -> Override:
        at = [datetime(2026, 11, 23, hour, tzinfo=MADRID) for hour in (start, end)]
        return Override(at[0], at[1], is_open)

    day = only(identity(schedule="Mo-Fr 09:00-14:00"), change(12, 23, False), change(18, 19, True))
    assert clock(day.opened) == ["09:00-12:00", "18:00-19:00"]
    assert Cell.CHANGED in day.cells
    assert day.cells.count(Cell.OPEN) == 8


def test_the_long_day_has_its_hours_and_its_open_hour_twice() -> None:
    day = only(identity(schedule="Mo-Su 01:00-04:00"), first=date(2026, 10, 25))
    assert day.hours == 25
    assert sum((end.timestamp() - start.timestamp() for start, end in day.opened), 0.0) == 4 * 3600


def test_always_open_without_hours() -> None:
    day = only(Identity("home", Kind.PERSONAL, ("ana@casa.example",), "ana@casa.example"))
    assert cells(day) == "open 48"
    assert next(end - start for start, end in day.opened).days == 1
