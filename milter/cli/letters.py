"""What `replay` and `explain` read: a message with its envelope and its instant."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from milter.core.message import Message


class BadSource(Exception):
    """What is wrong with the source and what to give instead."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to replay. `fresh`: forget everything before it."""

    id: str
    message: Message
    mail_from: str
    rcpt_to: tuple[str, ...]
    at: datetime
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """What lay among the messages and cannot be replayed, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many letters a source holds, and the letters in order."""

    total: int
    letters: Iterator[Letter | Skipped]


def text_of(path: Path | str) -> str:
    """A file's name that can be printed, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "replace")
