"""Reads one table with its types. Whatever is wrong becomes a problem, the default is taken, and reading goes on."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from milter.settings import spanish
from milter.settings.findings import Wrong, nearest
from milter.settings.lines import KeyPath
from milter.settings.source import Source

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)


class Reader:
    """`known`: every key and table that may stand here; anything else is a problem, found when the reader is made."""

    def __init__(self, source: Source, path: KeyPath, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        self.source = source
        self.path = path
        self._table = table
        self._known = known
        self._misspelt: set[str] = set()
        for key in table:
            if key not in known:
                self._unknown(key)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def blank(self, key: str) -> bool:
        """Whether it is absent or the empty text."""
        return key not in self._table or self._table[key] == ""

    def problem(self, key: str, wrong: Wrong) -> None:
        self.source.problem((*self.path, key) if key else self.path, wrong)

    def warn(self, key: str, wrong: Wrong, *, slip: bool = False) -> None:
        self.source.warn((*self.path, key) if key else self.path, wrong, slip=slip)

    def text(self, key: str, default: str = "") -> str:
        """Without control characters: names and texts end in header fields."""
        value = self._typed(key, str, "a text in double quotes")
        if value is None:
            return default
        if any(ord(one) < 32 or ord(one) == 127 for one in value):
            self.problem(key, Wrong("holds a line break or another control character", "write it in one line"))
            return default
        return value

    def needed(self, key: str, example: str) -> str:
        """A text without a default."""
        value = self.text(key)
        if not value and self.blank(key) and key not in self._misspelt:
            self.problem(key, Wrong("is missing", f'write {key} = "{example}"'))
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._typed(key, bool, "true or false, without quotes")
        return default if value is None else value

    def whole(self, key: str, default: int, least: int, most: int = 2**63 - 1) -> int:
        value = self._typed(key, int, "a whole number, without quotes")
        if value is None:
            return default
        if value < least:
            self.problem(key, Wrong(f"is {value}", f"write {least} or more"))
            return default
        if value > most:
            self.problem(key, Wrong(f"is {value}", f"write {most} or less"))
            return default
        return value

    def choice(self, key: str, default: Choice) -> Choice:
        return self.parsed(key, lambda text: chosen(type(default), text), default)

    def parsed(self, key: str, parse: Callable[[str], T | Wrong], default: T) -> T:
        """A text that means something: `parse` answers the value, or what is wrong. An absent key is the default."""
        number = self._table.get(key)
        if isinstance(number, int | float) and not isinstance(number, bool):
            value = parse(str(number))  # what is wrong with it as a text tells better what to write
            instead = value.instead if isinstance(value, Wrong) else f'write "{number}"'
            self.problem(key, Wrong("is a number", instead))
            return default
        if key not in self or self._typed(key, str, "a text in double quotes") is None:
            return default
        value = parse(self.text(key))
        if isinstance(value, Wrong):
            self.problem(key, value)
            return default
        return value

    def optional(self, key: str, parse: Callable[[str], T | Wrong], default: T) -> T:
        """Like `parsed`, but an empty text is the default too."""
        return default if self.blank(key) else self.parsed(key, parse, default)

    def patterns(self, parse: Callable[[str], str | Wrong], example: str) -> tuple[str, ...]:
        """`addresses`, each once, of something that is nothing without them."""
        if self._table.get("addresses", []) == [] and "addresses" not in self._misspelt:
            self.problem("addresses", Wrong("is missing: no mail would be its own", f'write addresses = ["{example}"]'))
        return tuple(dict.fromkeys(self.each("addresses", parse)))

    def each(self, key: str, parse: Callable[[str], T | Wrong], default: tuple[T, ...] = ()) -> tuple[T, ...]:
        """A list of texts; those that are wrong are left out."""
        values = self._typed(key, list, 'a list of texts in square brackets, such as ["…", "…"]')
        if values is None:
            return default
        good: list[T] = []
        for one in values:
            value = (
                parse(one)
                if isinstance(one, str)
                else Wrong(f"holds {_kind(one)}", "write every entry between double quotes")
            )
            if isinstance(value, Wrong):
                self.problem(key, value)
            else:
                good.append(value)
        return tuple(good)

    def day(self, key: str) -> date | None:
        value = self._table.get(key)
        if value is None:
            if key not in self._misspelt:
                self.problem(key, Wrong("is missing", f"write {key} = 2026-12-24"))
            return None
        return self._as_day(key, value)

    def days(self, key: str, parse: Callable[[str], T | Wrong]) -> tuple[tuple[date, ...], tuple[T, ...]]:
        """A list of days, and what `parse` makes of the texts among them."""
        days, others = set(), []
        for one in self._typed(key, list, "a list of days in square brackets, such as [2027-02-09]") or []:
            value = parse(one) if isinstance(one, str) else self._as_day(key, one)
            if isinstance(value, Wrong):
                self.problem(key, value)
            elif isinstance(one, str):
                others.append(value)
            elif isinstance(value, date):
                days.add(value)
        return tuple(sorted(days)), tuple(one for one in others if one is not None and not isinstance(one, date))

    def table(self, key: str, known: tuple[str, ...]) -> "Reader":
        """The table of that name; an empty one if it is absent."""
        value = self._typed(key, dict, f"a table: [{key}] on a line of its own")
        return Reader(self.source, (*self.path, key), value or {}, known)

    def tables(self, key: str, known: tuple[str, ...]) -> Iterator[tuple[str, "Reader"]]:
        """The named tables below it: `[client.acme]` is ("acme", reader)."""
        for name, value in (self._typed(key, dict, f"tables with names: [{key}.NAME]") or {}).items():
            path = (*self.path, key, name)
            if isinstance(value, dict):
                yield name, Reader(self.source, path, value, known)
            elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
                self.source.problem(path, Wrong("is a list", f"write [{key}.{name}], in single brackets"))
            else:
                self.source.problem(path, Wrong(f"is {_kind(value)}", f"write it below [{key}.NAME]"))

    def array(self, key: str, known: tuple[str, ...]) -> Iterator["Reader"]:
        """The tables of `[[key]]`, in order."""
        for index, value in enumerate(
            self._typed(key, list, f"tables of their own: [[{key}]] with two brackets") or []
        ):
            if isinstance(value, dict):
                yield Reader(self.source, (*self.path, key, index), value, known)
            else:
                self.problem(key, Wrong(f"holds {_kind(value)}", f"write [[{key}]] on a line of its own"))

    def pairs(self, key: str) -> Mapping[str, str]:
        """A table of free names and texts, such as `names` and `channels`."""
        value = self._typed(key, dict, 'pairs in braces, such as { "a" = "b" }') or {}
        return {name: Reader(self.source, (*self.path, key), value, tuple(value)).text(name) for name in value}

    def _as_day(self, key: str, value: object) -> date | None:
        match value:
            case datetime():
                self.problem(key, Wrong("has a time of day", f"write only the day, {value.date()}"))
            case date():
                return value
            case str():
                self.problem(key, Wrong(f'"{value}" is a text', "write days without quotes, as 2026-12-24"))
            case _:
                self.problem(key, Wrong(f"is {_kind(value)}", "write a day, as 2026-12-24"))
        return None

    def _typed(self, key: str, kind: type[T], meant: str) -> T | None:
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        shown = (
            f'"{value}"' if kind is str and isinstance(value, int | float) and not isinstance(value, bool) else meant
        )
        self.problem(key, Wrong(f"is {_kind(value)}", f"write {shown}"))
        return None

    def _unknown(self, key: str) -> None:
        kind = "table" if isinstance(self._table[key], dict) else "key"
        near = spanish.meant(key, self._known)
        table = key if key in self.source.tables else spanish.meant(key, self.source.tables)
        if self.path and table and not near:
            instead = f"write {f'[[{table}]]' if table == 'vacation' else f'[{table}]'} on a line of its own"
        elif near := near or nearest(key, self._known):
            self._misspelt.add(near)
            instead = f'write "{near}"'
        elif self.path and key in self.source.top:
            instead = "move it above the first [table]"
        else:
            instead = f"remove it (known here: {', '.join(self._known)})"
        self.source.problem((*self.path, key), Wrong(f"unknown {kind}", instead))


def chosen(enum: type[Choice], text: str) -> Choice | Wrong:
    """One of the words of `enum`."""
    words = [one.value for one in enum]
    if text in words:
        return enum(text)
    near = spanish.meant(text, words) or nearest(text, words)
    listed = ", ".join(f'"{one}"' for one in words)
    return Wrong(f'"{text}" is none of {listed}', f'write "{near}"' if near else f"write one of {listed}")


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"
