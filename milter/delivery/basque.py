"""Basque declines its dates and times, digits included: "azaroaren 23an, astelehena, 16:00etan".

The ending follows how the number is said: after a consonant "5ean" (bostean), after a vowel "23an" (hogeita hiruan), and
"hamaika", which brings its own a, "11n".
"""

from collections.abc import Mapping
from datetime import date

from babel.dates import get_day_names, get_month_names

_CONSONANT = (1, 5, 10, 15)  # bat, bost, hamar, hamabost; of what is said behind twenties too
_HAMAIKA = 11

ON_WEEKDAYS = (
    "astelehenetan", "astearteetan", "asteazkenetan", "ostegunetan", "ostiraletan", "larunbatetan", "igandeetan",
)  # fmt: skip
_SINCE = (
    "astelehenetik", "asteartetik", "asteazkenetik", "ostegunetik", "ostiraletik", "larunbatetik", "igandetik",
)  # fmt: skip
_UNTIL = ("astelehenera", "asteartera", "asteazkenera", "ostegunera", "ostiralera", "larunbatera", "igandera")


def _ends(number: int) -> str:
    """How the number ends when said, below 100: "consonant", "hamaika" or "vowel". 30 is hogeita hamar, 31 hogeita hamaika."""
    said = number % 20
    return "consonant" if said in _CONSONANT else "hamaika" if said == _HAMAIKA else "vowel"


def day(one: date, with_year: bool) -> Mapping[str, str]:
    """day_in "azaroaren 23an", day_of "azaroaren 23ko", day_since "azaroaren 23tik", weekday "astelehena"."""
    ending, number = _ends(one.day), one.day
    month = get_month_names("wide", locale="eu")[one.month] + "ren"
    if with_year:
        month = f"{one.year}{'eko' if _ends(one.year % 100) == 'consonant' else 'ko'} {month}"
    in_ = {"consonant": "ean", "hamaika": "n", "vowel": "an"}[ending]
    of = "eko" if ending == "consonant" else "ko"
    return {
        "day_in": f"{month} {number}{in_}",
        "day_of": f"{month} {number}{of}",
        "day_since": f"{month} {number}{'e' if ending == 'consonant' else ''}tik",
        "weekday": get_day_names("wide", locale="eu")[one.weekday()],
    }


def clock(hour: int, minute: int) -> Mapping[str, str]:
    """at "16:00etan", from "16:00etatik", to "16:00etara", until "16:00ak". Whole hours are plural, but one o'clock."""
    said = f"{hour}:{minute:02}"
    if minute == 0 and hour != 1:
        return {
            "time": said,
            "at": f"{said}etan",
            "from": f"{said}etatik",
            "to": f"{said}etara",
            "until": f"{said}ak",
        }
    ending = _ends(minute) if minute else "consonant"
    at = {"consonant": "ean", "hamaika": "n", "vowel": "an"}[ending]
    link = "e" if ending == "consonant" else ""
    return {
        "time": said,
        "at": f"{said}{at}",
        "from": f"{said}{link}tik",
        "to": f"{said}{link}ra",
        "until": f"{said}ak" if minute else f"{said}a",
    }


def run(first: int, last: int) -> str:
    """ "astelehenetik ostiralera"."""
    return f"{_SINCE[first]} {_UNTIL[last]}"


def time_of(city: str) -> str:
    """ "Londresko ordua", "Berlingo ordua", "New Yorkeko ordua"."""
    last = city[-1:].lower()
    ending = "go" if last in "nl" else "ko" if last in "aeiouszxráéíóú" else "eko"
    return f"{city}{ending} ordua"
