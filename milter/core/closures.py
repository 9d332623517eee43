"""Closed days: public holidays of a region, days off, vacations."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

import holidays

SUNDAY = 6


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
    return dict(sorted((day, name) for day, name in days.items() if day.year == year))


def days_within(spans: Iterable[tuple[date, date]], year: int) -> frozenset[date]:
    """The days of `year` inside (first, last) spans, both included; a span that ends before it begins has none."""
    begin, end = date(year, 1, 1), date(year, 12, 31)
    return frozenset(
        date.fromordinal(day)
        for first, last in spans
        for day in range(max(first, begin).toordinal(), min(last, end).toordinal() + 1)
    )
