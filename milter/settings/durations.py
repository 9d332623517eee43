"""Lengths of time as people write them in the files: "24h", "7d", "1h30m", and "4m-12m" for a span to choose from."""

import re
from datetime import timedelta

from milter.settings.findings import Wrong

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,6})([smhdw])")
_WHOLE = re.compile(r"(?:\d{1,6}[smhdw])+")
_LONGEST = timedelta(days=3660)  # ten years; more is a slip, and beyond some size `datetime` overflows
_LOOSE = re.compile(r"(\d{1,6})\s*([a-záéíóúñê]+)\.?", re.I)
_ONE = re.compile(r"(?:una?|an?|one)\s+", re.I)
_MONTH = re.compile(r"m[eêé]s|mois|mon", re.I)  # there is no unit for it, and "1m" would be a minute
# First letters of the units in the shipped languages, the longer beginnings first ("min" before "m", "sem" before "s").
_WORDS = (
    ("sem", "w"),
    ("woch", "w"),
    ("w", "w"),
    ("seg", "s"),
    ("s", "s"),
    ("h", "h"),
    ("st", "h"),
    ("m", "m"),
    ("d", "d"),
    ("j", "d"),
    ("t", "d"),
)


def duration(text: str) -> timedelta | Wrong:
    """`7d` as seven days. Units: s, m, h, d, w."""
    if _WHOLE.fullmatch(text):
        length = timedelta()
        for number, unit in _PART.findall(text):
            length += timedelta(**{_UNITS[unit]: int(number)})
        if length <= _LONGEST:
            return length
        return Wrong(f'"{text}" is more than ten years', 'write a shorter time, such as "7d"')
    return Wrong(f'"{text}" is not a length of time', f'write "{_meant(text) or "24h"}" (units: s, m, h, d, w)')


def positive(text: str) -> timedelta | Wrong:
    """A duration above zero."""
    length = duration(text)
    if length == timedelta():
        return Wrong(f'"{text}" is no time at all', 'write a time above zero, such as "24h"')
    return length


def span(text: str) -> tuple[timedelta, timedelta] | Wrong:
    """`4m-12m` as its shortest and longest; `5m` alone is both."""
    first, dash, last = (one.strip() for one in text.replace("–", "-").partition("-"))
    low = duration(first)
    high = duration(last) if dash else low
    if isinstance(low, Wrong) or isinstance(high, Wrong):
        if dash and first.isdigit() and last[-1:] in _UNITS:
            return Wrong(f'"{text}" lacks a unit', f'write "{first}{last[-1]}-{last}"')
        return Wrong(f'"{text}" is not a length of time or a span', 'write "5m", or a span such as "4m-12m"')
    if low > high:
        return Wrong(f'"{text}" ends before it begins', f'write "{last}-{first}"')
    return low, high


def _meant(text: str) -> str:
    """`24 horas` -> `24h`; "" when it cannot be guessed."""
    if text.strip().isdigit():
        return f"{text.strip()}h"
    found = _LOOSE.fullmatch(_ONE.sub("1", text.strip()))
    if not found:
        return ""
    if _MONTH.match(found[2]):
        return f"{30 * int(found[1])}d"
    unit = next((unit for start, unit in _WORDS if found[2].casefold().startswith(start)), "")
    return f"{found[1]}{unit}" if unit else ""
