"""What is wrong with a value, before it is known in which line; and the nearest right spelling of a wrong word."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot stay. `what` continues the key ("is not a time zone"); `instead` tells what to write."""

    what: str
    instead: str


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that looks most like `word`, compared without case; None if none comes near."""
    by_fold: dict[str, str] = {}
    for one in known:
        by_fold.setdefault(one.casefold(), one)
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=cutoff)
    return by_fold[found[0]] if found else None
