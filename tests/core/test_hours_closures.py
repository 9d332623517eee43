"""Public holidays by region, and what the library leaves out."""

from datetime import date

import pytest

from milter.core.closures import public_holidays

# Dates of the official calendars for 2026 that tell the regions apart.
REGIONAL = [
    ("GA", date(2026, 6, 24), "San Juan"),
    ("GA", date(2026, 7, 25), "Día Nacional de Galicia"),
    ("MD", date(2026, 5, 2), "Fiesta de la Comunidad de Madrid"),
    ("MC", date(2026, 6, 9), "Día de la Región de Murcia"),
    ("VC", date(2026, 10, 9), "Día de la Comunidad Valenciana"),
    ("CB", date(2026, 7, 28), "Día de las Instituciones de Cantabria"),
    ("MD", date(2026, 11, 2), "Lunes siguiente a Todos los Santos"),
]


@pytest.mark.parametrize(("region", "day", "name"), REGIONAL)
def test_a_region_has_its_own(region: str, day: date, name: str) -> None:
    assert public_holidays("ES", region, day.year)[day] == name
    assert day not in public_holidays("ES", "", day.year)


@pytest.mark.parametrize(
    ("region", "day"),
    [
        ("", date(2026, 11, 1)),
        ("", date(2026, 12, 6)),
        ("", date(2027, 8, 15)),
        ("GA", date(2026, 5, 17)),
        ("MD", date(2026, 11, 1)),
        ("IB", date(2026, 3, 1)),
    ],
)
def test_a_sunday_holiday_is_one_even_where_monday_is_free_too(region: str, day: date) -> None:
    assert day.weekday() == 6
    assert day in public_holidays("ES", region, day.year)


def test_another_country_is_named_in_its_own_language_if_not_in_spanish() -> None:
    assert public_holidays("FR", "", 2026)[date(2026, 7, 14)] == "Fête nationale"
    assert public_holidays("US", "", 2026)[date(2026, 12, 25)] == "Christmas Day"


def test_no_country_no_holidays() -> None:
    assert public_holidays("", "", 2026) == {}


def test_only_the_year_asked_for_in_order() -> None:
    days = list(public_holidays("US", "", 2028))
    assert days == sorted(days)
    assert {one.year for one in days} == {2028}


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("ES", "XX")])
def test_an_unknown_one_is_said(country: str, region: str) -> None:
    with pytest.raises(NotImplementedError):
        public_holidays(country, region, 2026)
