"""Spain's holidays as people say them: in the reader's language, or not at all."""

from datetime import date

import holidays
import pytest

from milter.core.closures import public_holidays
from milter.core.hours import Holiday
from milter.core.language import LANGUAGES
from milter.delivery.holiday_names import NAMES, holiday_name

REGIONS = ("", *holidays.country_holidays("ES").subdivisions)
EVERY = sorted(
    {name for region in REGIONS for year in (2026, 2027, 2028) for name in public_holidays("ES", region, year).values()}
)
# Words of official names.
OFFICIAL = ("Señor", "de la Virgen", "Apóstol", "Española", "Comunidad", "estimado", "siguiente", ";", "Nacional de Es")


def said(name: str, language: str) -> str:
    return holiday_name(Holiday(date(2026, 1, 1), name), language, "ES")


@pytest.mark.parametrize("name", EVERY)
def test_every_holiday_of_every_region_in_every_language(name: str) -> None:
    by = {language: said(name, language) for language in LANGUAGES}
    assert by["es"], f"{name}: people in Spain call it something"
    for language, one in by.items():
        assert one == "" or 2 < len(one) <= 32, f"{language}: {one}"
        assert not any(word in one for word in OFFICIAL if language != "pt")
        assert language == "en" or not {"Day", "Saint"} & set(one.split())


def test_the_library_still_calls_them_so() -> None:
    """A row that the library knows no more is a name nobody would read."""
    known = {
        part
        for name in EVERY
        for part in name.removeprefix("Lunes siguiente a ").removesuffix(" (estimado)").split("; ")
    }
    assert set(NAMES) - known == set()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Epifanía del Señor", {"es": "Reyes", "ca": "Reis", "gl": "Reis", "eu": "Errege eguna", "pt": "Dia de Reis",
                                "fr": "Épiphanie", "de": "Heilige Drei Könige", "en": "Epiphany"}),
        ("San Juan", {"es": "San Juan", "ca": "Sant Joan", "gl": "San Xoán", "eu": "San Joan", "pt": "São João",
                      "fr": "Saint-Jean", "de": "Johannistag", "en": "Saint John's Day"}),
        ("Día Nacional de Galicia", {"es": "Santiago", "gl": "Día de Galicia", "ca": "Sant Jaume", "en": "Saint James's Day"}),
        ("Fiesta Nacional de Cataluña", {"es": "la Diada", "ca": "la Diada", "gl": "a Diada", "en": "the Diada"}),
        ("Lunes siguiente a Todos los Santos", {"es": "Todos los Santos", "ca": "Tots Sants", "de": "Allerheiligen"}),
        ("Corpus Christi; Día de Castilla-La Mancha", {"es": "Corpus", "pt": "Corpo de Deus"}),
        ("Fiesta del Eid Fitr (estimado)", {"es": "fin del Ramadán", "fr": "Aïd el-Fitr"}),
        ("La Bien Aparecida", {"es": "la Bien Aparecida", "de": "", "en": ""}),
        ("Fiesta que no existe", dict.fromkeys(LANGUAGES, "")),
    ],
)  # fmt: skip
def test_names(name: str, expected: dict[str, str]) -> None:
    assert {language: said(name, language) for language in expected} == expected


def test_other_countries_have_none() -> None:
    assert holiday_name(Holiday(date(2026, 11, 1), "Todos los Santos"), "es", "PT") == ""
