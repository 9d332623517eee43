"""Spain's public holidays, region by region, against what was published (tests/cases/holidays_es.toml)."""

import tomllib
from datetime import date, timedelta
from typing import Any

import pytest

from milter.core.closures import SUNDAY, public_holidays
from tests.core.scenario import CASES

TABLE: dict[str, Any] = tomllib.loads((CASES / "holidays_es.toml").read_text(encoding="utf-8"))
REGIONS = tuple(TABLE["rule"]["own"])
DAY = timedelta(days=1)
PUBLISHED = [(one["year"], region, days) for one in TABLE["published"] for region, days in one["days"].items()]
SINGLE = [(one["year"], region, days) for one in TABLE["day"] for region, days in one["days"].items()]
BY_RULE = [
    (year, region)
    for year in (2026, 2027, 2028)
    for region in REGIONS
    if (year, region) not in {one[:2] for one in PUBLISHED}
]


def dated(year: int, days: str) -> set[date]:
    return {date.fromisoformat(f"{year}-{one}") for one in days.split()}


def easter(year: int) -> date:
    """By the rule of the Gregorian calendar (Meeus, Jones, Butcher): no library's."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    part = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + part - 7 * ((a + 11 * h + 22 * part) // 451) + 114, 31)
    return date(year, month, day + 1)


def test_nineteen_regions_and_cities() -> None:
    assert len(REGIONS) == 19
    assert [easter(year) for year in (2026, 2027, 2028)] == [date(2026, 4, 5), date(2027, 3, 28), date(2028, 4, 16)]


@pytest.mark.parametrize(("year", "region", "days"), PUBLISHED, ids=[f"{one[0]}-{one[1]}" for one in PUBLISHED])
def test_as_it_was_published(year: int, region: str, days: str) -> None:
    ours = set(public_holidays("ES", region, year))
    published = dated(year, days)
    assert published <= ours
    assert {one.weekday() for one in ours - published} <= {SUNDAY}


@pytest.mark.parametrize(("year", "region", "days"), SINGLE, ids=[f"{one[0]}-{one[1]}" for one in SINGLE])
def test_single_days_that_were_published(year: int, region: str, days: str) -> None:
    assert dated(year, days) <= set(public_holidays("ES", region, year))


@pytest.mark.parametrize(("year", "region"), BY_RULE)
def test_by_the_rule_where_nothing_is_published_yet(year: int, region: str) -> None:
    """Every day of the rule, and no other but what is moved to a Monday, chosen in some years, or the moon's."""
    own = TABLE["rule"]["own"][region]
    always = dated(year, f"{TABLE['rule']['all']} {own['days']}") | {easter(year) + one * DAY for one in own["easter"]}
    ours = public_holidays("ES", region, year)
    moved = {one + DAY for one in always if one.weekday() == SUNDAY}
    sometimes = dated(year, own.get("sometimes", ""))
    moon = {one for one, name in ours.items() if name.endswith("(estimado)")}
    others = set(ours) - always - moved - sometimes - moon - {one + DAY for one in sometimes if one.weekday() == SUNDAY}
    assert (sorted(always - set(ours)), sorted(others)) == ([], [])
