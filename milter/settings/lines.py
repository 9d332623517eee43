"""In which line of a TOML file a key stands: the end of the first prefix of the file that parses and holds it."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

KeyPath = tuple[str | int, ...]
# Where a key or a table begins. Only before such a line can a prefix parse that one line less does not: an address book of
# thousands of lines is one array, and trying each of them took minutes.
_BEGINS = re.compile(r"\s*(?:\[|[^\s=#,\]}][^=]*=)")


class Lines:
    """Finds lines by bisection: the file is parsed about log2(lines) times for a key, and only for a problem."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._parsed: dict[int, Mapping[str, Any] | None] = {0: {}}

    def of(self, path: KeyPath) -> int:
        """1-based; of the nearest table above it for a key that is missing, 1 for one missing at the top."""
        while path and not holds(self._floor(len(self._lines)), path):
            path = path[:-1]
        if not path:
            return 1
        low, high = 1, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            if holds(self._floor(middle), path):
                high = middle
            else:
                low = middle + 1
        return low

    def _floor(self, count: int) -> Mapping[str, Any]:
        """What the longest prefix of at most `count` lines that parses says."""
        while (parsed := self._prefix(count)) is None:
            count -= 1
            while count and not _BEGINS.match(self._lines[count]):
                count -= 1
        return parsed

    def _prefix(self, count: int) -> Mapping[str, Any] | None:
        if count not in self._parsed:
            try:
                self._parsed[count] = tomllib.loads("\n".join(self._lines[:count]) + "\n")
            except (ValueError, RecursionError):
                self._parsed[count] = None
        return self._parsed[count]


def holds(data: object, path: KeyPath) -> bool:
    for step in path:
        match data, step:
            case dict(), str() if step in data:
                data = data[step]
            case list(), int() if step < len(data):
                data = data[step]
            case _:
                return False
    return True
