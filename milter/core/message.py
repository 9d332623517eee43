"""The message is bytes. This reads header fields out of it, capped, and never writes any back.

Parsing and building with `email` breaks real mail (refolded fields, RecursionError on hostile ones), so the fields are found by
a scanner of our own and only values that a rule asks for are decoded.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap

from milter.core import mailboxes
from milter.core.address import Mailbox

MAX_HEADER = 1 << 20  # bytes looked at; what lies beyond is carried, not read
MAX_VALUE = 8192  # bytes of one value that are decoded: `email`'s decoders are quadratic on some input
MAX_FIELDS = 4000
MAX_LIST = 1 << 18  # bytes of one field of recipients: a real Cc of 5,000 people has 94 KB

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 section 2.2, and obsolete space before the colon (section 4.5)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_RECIPIENTS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: `name` lower case; `raw` the whole field as received, with its CRLF; `start` its offset in the header."""

    name: str
    raw: bytes
    start: int = 0

    @property
    def value(self) -> str:
        """The unfolded value, capped, as text: UTF-8 where it is, else Latin-1. Encoded words are not decoded."""
        return self.text(MAX_VALUE)

    def text(self, most: int) -> str:
        """As `value`, from at most `most` bytes."""
        start = self.raw.find(b":") + 1
        value = self.raw[start : start + most]
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        return _FOLD.sub("", text).strip(" \t\r\n")


@dataclass(frozen=True)
class Message:
    """`header` as received, every line with CRLF, without the empty line that ends it; `body` what follows that line.

    `has_body` is False for a message without the empty line. Both are already free of bare CR and LF and of dot-stuffing.
    """

    header: bytes
    body: bytes | mmap
    has_body: bool = True

    @property
    def size(self) -> int:
        return len(self.header) + (2 if self.has_body else 0) + len(self.body)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return tuple(scan(self.header))

    @cached_property
    def _by_name(self) -> dict[str, list[Field]]:
        found: dict[str, list[Field]] = {}
        for one in self.fields:
            found.setdefault(one.name, []).append(one)
        return found

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        """Those that were asked for: a dozen rules ask for the same."""
        return {}

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every field of that name (lower case), topmost first."""
        if name not in self._by_name:
            return ()
        known = self._values.get(name)
        if known is None:
            known = self._values[name] = tuple(one.value for one in self._by_name[name])
        return known

    def first(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    def has(self, name: str) -> bool:
        return name in self._by_name

    @cached_property
    def authors(self) -> tuple[Mailbox, ...]:
        """Every mailbox of every From field: one in ordinary mail (RFC 5322 section 3.6)."""
        return tuple(box for value in self.all("from") for box in mailboxes.parse(value))

    @cached_property
    def listed(self) -> frozenset[str]:
        """The addresses, as written, that the header names as recipients: To, Cc, Bcc and their Resent- forms."""
        fields = [one for name in _RECIPIENTS for one in self._by_name.get(name, ())]
        return frozenset(box.address for one in fields for box in mailboxes.parse(one.text(MAX_LIST)) if box.address)


def scan(header: bytes) -> list[Field]:
    """The fields of a header in order. Lines that belong to no field (no colon, garbage before the first) are skipped."""
    fields: list[Field] = []
    position, end = 0, min(len(header), MAX_HEADER)
    while position < end and len(fields) < MAX_FIELDS:
        start, position = position, field_end(header, position, end)
        if found := _NAME.match(header, start, position):
            fields.append(Field(found[1].decode("ascii").lower(), header[start:position], start))
    return fields


def field_end(header: bytes, position: int, end: int) -> int:
    """Where the field that starts at `position` ends: behind its last folded line."""
    while True:
        newline = header.find(b"\n", position, end)
        if newline < 0:
            return end
        position = newline + 1
        if position >= end or header[position] not in b" \t":
            return position


def parse(content: bytes) -> Message:
    """A message from its bytes (CRLF line ends). For doors that hold all of it, files and tests."""
    if content.startswith(b"\r\n"):
        return Message(b"", content[2:])
    split = content.find(b"\r\n\r\n")
    if split < 0:
        return Message(content, b"", has_body=False)
    return Message(content[: split + 2], content[split + 4 :])
