"""Closed days: public holidays of a region, days off, vacations; and what is busy to the minute."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import blake2b

import holidays

from milter.core import wall_clock

SUNDAY = 6
# What the library expects of a region and its published calendar does not have.
NOT_TAKEN = {
    ("ES", "VC"): frozenset(
        {date(2027, 6, 24)}
    ),  # calendario laboral 2027, approved by the Consell: 12 days without San Juan
}
# The last year whose published calendars were compared (tests/cases/holidays_es.toml): all of Spain's, and who was earlier.
PUBLISHED, EARLIER = 2026, {"IB": 2027, "VC": 2027}


@dataclass(frozen=True, slots=True)
class Busy:
    """Closures laid over the hours: `spans` half-open seconds since the epoch, merged; `days` whole days, closed like a day off.

    Compared and hashed by `digest` alone: a calendar has thousands of spans, and each message looks a schedule up.
    """

    digest: str = ""
    spans: tuple[wall_clock.Span, ...] = field(default=(), compare=False)
    days: frozenset[date] = field(default=frozenset(), compare=False)

    @classmethod
    def of(cls, spans: Iterable[wall_clock.Span], days: Iterable[date] = ()) -> "Busy":
        merged, closed = tuple(wall_clock.merged(sorted(spans))), frozenset(days)
        if not merged and not closed:
            return NOTHING_BUSY
        named = f"{merged} {sorted(one.toordinal() for one in closed)}"
        return cls(blake2b(named.encode(), digest_size=16).hexdigest(), merged, closed)


NOTHING_BUSY = Busy()


@lru_cache(maxsize=1024)
def public_holidays(country: str, region: str, year: int) -> Mapping[date, str]:
    """{day: name} of a country ("ES") and region ("GA", "" for the national ones). Nobody writes to it.

    Names are Spanish where the library has them, else the country's own.
    Raises NotImplementedError for a country or region that the library does not know.
    """
    if not country:
        return {}
    known = holidays.country_holidays(country)
    # None would be the language of this process's environment.
    language = "es" if "es" in known.supported_languages else known.default_language
    calendar = holidays.country_holidays(country, subdiv=region or None, years=year, language=language)
    days = {day: str(name) for day, name in calendar.items()}
    if country == "ES":
        # The library drops or moves what falls on a Sunday; whoever works on Sundays is closed on it all the same.
        as_dated = holidays.country_holidays(
            country, subdiv=region or None, years=year, language=language, observed=False
        )
        for day, name in as_dated.items():
            if day.weekday() == SUNDAY:
                days.setdefault(day, str(name))
    no_holiday = NOT_TAKEN.get((country, region), frozenset())
    return dict(sorted((day, name) for day, name in days.items() if day.year == year and day not in no_holiday))


def is_forecast(country: str, region: str, year: int) -> bool:
    """Whether the holidays of a region of Spain are only the usual ones: each decides anew for every year, a year ahead."""
    return country == "ES" and year > EARLIER.get(region, PUBLISHED)


def days_within(spans: Iterable[tuple[date, date]], year: int) -> frozenset[date]:
    """The days of `year` inside (first, last) spans, both included; a span that ends before it begins has none."""
    begin, end = date(year, 1, 1), date(year, 12, 31)
    return frozenset(
        date.fromordinal(day)
        for first, last in spans
        for day in range(max(first, begin).toordinal(), min(last, end).toordinal() + 1)
    )
