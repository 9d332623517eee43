"""Office hours: is it open at this instant, until or from when, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides open or closed for one identity (or one plan of it). Hashable: compiled once, cached on its value.

    `expression` opening_hours grammar; `zone` IANA name; `country`/`region` of the public holidays, "" for none;
    `days_off` closed days; `vacations` (first, last) days, both included.
    """

    expression: str
    zone: str
    country: str = ""
    region: str = ""
    days_off: tuple[date, ...] = ()
    vacations: tuple[tuple[date, date], ...] = ()


class Cause(StrEnum):
    """Why it is closed now. NEVER: the expression never opens again."""

    HOURS = "hours"
    HOLIDAY = "holiday"
    DAY_OFF = "day-off"
    VACATION = "vacation"
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
    """Closed now. Instants are aware, in the schedule's zone. `opens` None: never again (within the horizon of `hours`).

    `since` the end of the last open window (None: none in the horizon before); `holidays` the closed days that fall on what
    would otherwise be open days between now and `opens`, in order; `vacation` (first, last) days if a vacation lies in between.
    """

    cause: Cause
    since: datetime | None
    opens: datetime | None
    holidays: tuple[Holiday, ...] = ()
    vacation: tuple[date, date] | None = None


def state_at(schedule: Schedule, now: datetime) -> Open | Closed:
    """Open or closed at `now` (aware, any zone)."""
    raise NotImplementedError
