"""When an event of a calendar begins again (RFC 5545 section 3.3.10), within some years and with bounded work."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, tzinfo
from itertools import takewhile
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import vRecur

from milter.settings.findings import Wrong

MOST_STEPS = 200_000  # beginnings of all events of one file that are counted through, those of years ago included
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})
# Any day that there is, is among these: 28 years hold each weekday and leap year.
_DAYS = range(date(2000, 1, 1).toordinal(), date(2028, 1, 1).toordinal())


class Steps:
    """How many beginnings may still be counted in one file."""

    def __init__(self) -> None:
        self.left = MOST_STEPS


def flaw(rule: vRecur) -> Wrong | None:
    """Why a rule cannot be used. Asked first: what never happens would be looked for until the year 9999."""
    frequency = str(next(iter(rule.get("FREQ", ())), ""))
    if frequency in _TOO_OFTEN:
        return Wrong(f'"{frequency}" recurs too often for office hours', "write HOURLY or less often")
    if any(int(one) < 1 for one in rule.get("INTERVAL", ())):
        return Wrong("INTERVAL is less than 1", "write 1 or more")
    if not _happens(rule, frequency):
        return Wrong("the recurrence never happens", "write days that exist")
    try:
        rrulestr(";".join(_parts(rule)), dtstart=datetime.combine(date(2000, 1, 1), time()))
    except (ValueError, TypeError, AttributeError):
        return Wrong("the recurrence is not understood", 'write it as RFC 5545 does, such as "FREQ=WEEKLY;BYDAY=MO"')
    return None


def beginnings(first: datetime, rule: vRecur, zone: tzinfo, last: datetime, steps: Steps) -> Iterator[datetime]:
    """Naive, on the wall of `zone`, up to `last`; `first` is what the event says. The rule has no `flaw`."""
    until = min([last, *(_until(one, zone) for one in rule.get("UNTIL", ()))])
    parts = _parts(rule)
    if "COUNT" not in rule:
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%S}")
    for one in takewhile(lambda found: found <= until, rrulestr(";".join(parts), dtstart=first)):
        steps.left -= 1
        if steps.left < 0:
            return
        yield one


def _parts(rule: Any) -> list[str]:
    """Without UNTIL, which dateutil wants in the zone of the beginning."""
    return [one for one in rule.to_ical().decode().split(";") if not one.startswith("UNTIL=")]


def _until(until: date, zone: tzinfo) -> datetime:
    """A day means all of it."""
    if not isinstance(until, datetime):
        return datetime.combine(until, time(23, 59, 59))
    return until.astimezone(zone).replace(tzinfo=None) if until.tzinfo else until


def _happens(rule: vRecur, frequency: str) -> bool:
    months, days, days_of_year = (
        {int(one) for one in rule.get(key, ())} for key in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY")
    )
    farthest = 5 if frequency == "MONTHLY" or months else 53
    if any(abs(one.relative or 0) > farthest for one in rule.get("BYDAY", ()) if frequency in ("MONTHLY", "YEARLY")):
        return False
    if any(not 1 <= abs(int(one)) <= 53 for one in rule.get("BYWEEKNO", ())):
        return False
    if not (months or days or days_of_year):
        return True
    return any(_fits(date.fromordinal(one), months, days, days_of_year) for one in _DAYS)


def _fits(day: date, months: set[int], days: set[int], days_of_year: set[int]) -> bool:
    length, nth = monthrange(day.year, day.month)[1], day.timetuple().tm_yday
    year = date(day.year, 12, 31).timetuple().tm_yday
    return (
        (not months or day.month in months)
        and (not days or bool({day.day, day.day - length - 1} & days))
        and (not days_of_year or bool({nth, nth - year - 1} & days_of_year))
    )
