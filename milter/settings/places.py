"""Time zones, and countries with their regions for public holidays."""

import re
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays

from milter.settings.findings import Wrong, nearest

_CALLED_ALSO = {
    "galiza": "GA",
    "euskadi": "PV",
    "baleares": "IB",
    "mallorca": "IB",
    "menorca": "IB",
    "ibiza": "IB",
    "tenerife": "CN",
}
_SPANISH_PLACES = {
    **dict.fromkeys(("canarias", "islas canarias", "las palmas", "tenerife"), "Atlantic/Canary"),
    "españa": "Europe/Madrid",
    "londres": "Europe/London",
    "lisboa": "Europe/Lisbon",
    "nueva york": "America/New_York",
    "ciudad de méxico": "America/Mexico_City",
}


def zone(text: str) -> ZoneInfo | Wrong:
    """An IANA zone."""
    if text in _zones():
        return ZoneInfo(text)
    if re.fullmatch(r"(?:GMT|UTC)?[+-]\d{1,2}(?::?\d\d)?", text.strip(), re.I):
        return Wrong(
            f'"{text}" is not a time zone', 'write the name of a place, such as "Europe/Madrid": it knows the summer'
        )
    if own := _SPANISH_PLACES.get(text.strip().casefold()):
        return Wrong(f'"{text}" is not a time zone', f'write "{own}"')
    by_city = {one.rpartition("/")[2]: one for one in sorted(_zones(), reverse=True) if "/" in one}
    near = nearest(text, _zones(), 0.75) or by_city.get(nearest(text.replace(" ", "_"), by_city, 0.75) or "")
    return Wrong(f'"{text}" is not a time zone', f'write "{near or "Europe/Madrid"}"')


def region(text: str) -> tuple[str, str] | Wrong:
    """(country, region), the region "" for a whole country: `ES` or `ES-GA`."""
    country, dash, part = text.partition("-")
    code = _country(country)
    if code is None:
        if own := _spanish_region(text) or _without_dash(text):
            return Wrong(f'"{text}" is not how it is written', f'write "ES-{own}"')
        near = nearest(country, _names(), 0.85) if len(country) > 2 else None
        meant = _country(near) if near else "ES"
        return Wrong(
            f'"{country}" is not a country with known holidays', f'write "{meant}", or a region such as "ES-GA"'
        )
    parts = _regions(code)
    found = _region(parts, part) if dash else ""
    if found is not None and text == (f"{code}-{found}" if found else code):
        return code, found
    if found is not None and (found or not dash):
        return Wrong(f'"{text}" is not how it is written', f'write "{code}-{found}"' if found else f'write "{code}"')
    if not parts:
        return Wrong(f'"{text}": no region of {code} is known', f'write "{code}"')
    near = nearest(part, parts, 0.6) if len(part) > 2 else None
    listed = ", ".join(f"{code}-{one}" for one in sorted(set(parts.values())))
    hint = f'write "{code}-{parts.get(near, near)}"' if near else f'write "{code}" for the whole country'
    return Wrong(f'"{part}" is not a region of {code}', f"{hint} (known: {listed})")


def region_for_country(zone: str, country: str) -> str | None:
    """ "ES-GA" for "GA", written by somebody in Spain: that is Gabon. None for any other country."""
    if zone not in ("Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"):
        return None
    return f"ES-{country}" if country in _regions("ES").values() else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _countries() -> tuple[str, ...]:
    return tuple(holidays.list_supported_countries(include_aliases=False))


@cache
def _names() -> dict[str, str]:
    """Names and three-letter codes, without case, to the two-letter code."""
    return {name.casefold(): row[1] for row in holidays.registry.COUNTRIES.values() for name in row}


def _country(text: str) -> str | None:
    return text if text in _countries() else _names().get(text.casefold())


@cache
def _regions(code: str) -> dict[str, str]:
    """Codes and names of the regions of a country to their codes."""
    table: Any = holidays.country_holidays(code)
    return {**{one: one for one in table.subdivisions}, **table.subdivisions_aliases}


def _spanish_region(text: str) -> str | None:
    """ "Galicia", "Comunidad de Madrid": nobody thinks of his country first."""
    parts = {name.casefold(): code for name, code in _regions("ES").items() if len(name) > 2} | _CALLED_ALSO
    near = next((name for name in parts if name in text.casefold()), None) or nearest(text, parts, 0.8)
    return parts[near] if near else None


def _without_dash(text: str) -> str | None:
    """ "ES GA", "ES_GA", "ESGA": the region of Spain that is meant."""
    found = re.fullmatch(r"ES[ _.,/]*([A-Z]{2})", text.strip(), re.I)
    return _region(_regions("ES"), found[1]) if found else None


def _region(parts: dict[str, str], text: str) -> str | None:
    folded = {name.casefold(): code for name, code in parts.items()}
    return folded.get(text.casefold())
