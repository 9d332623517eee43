"""Where `replay` finds messages: a Maildir, an mbox, a folder of .eml files, one .eml, or a .jsonl manifest."""

import json
import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from milter.core import address
from milter.core.message import Message, parse
from milter.core.policy import Policy

_BARE = re.compile(rb"\r\n|\r|\n")


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


def read(source: Path, policy: Policy) -> Iterator[Letter]:
    """The letters of a source in order. BadSource names the file and line of a manifest that is wrong."""
    if source.suffix == ".jsonl":
        yield from _manifest(source)
    elif (source / "cur").is_dir() and (source / "new").is_dir():
        files = [one for folder in ("cur", "new") for one in (source / folder).iterdir() if one.is_file()]
        yield from _in_order(files, policy)
    elif source.is_dir():
        yield from _in_order(list(source.rglob("*.eml")), policy)
    elif source.suffix == ".eml":
        yield from _in_order([source], policy)
    elif source.is_file():
        yield from _mbox(source, policy)
    else:
        raise BadSource(
            f"{source}: no such file or folder; give a Maildir, an mbox, a folder of .eml files or a .jsonl manifest"
        )


def count(source: Path) -> int | None:
    """How many letters there are, where that is cheap to know: for the progress bar."""
    if source.suffix == ".jsonl" and source.is_file():
        with source.open("rb") as lines:
            return sum(1 for one in lines if one.strip())
    return None


def message_of(content: bytes) -> Message:
    """A stored message with any line ends, as it would arrive: CRLF throughout."""
    return parse(_BARE.sub(b"\r\n", content))


def _manifest(source: Path) -> Iterator[Letter]:
    try:
        lines = source.read_text().splitlines()
    except OSError as error:
        raise BadSource(f"{source}: {error.strerror}; give a file that can be read") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            at = datetime.fromisoformat(raw["at"])
            if at.tzinfo is None:
                raise ValueError(f"{raw['at']!r} has no offset; write for example 2026-11-20T23:45:00+01:00")
            content = (source.parent / raw["file"]).read_bytes()
            yield Letter(
                str(raw["id"]), message_of(content), raw["mail_from"], tuple(raw["rcpt_to"]), at, bool(raw.get("fresh"))
            )
        except (ValueError, KeyError, TypeError, OSError) as error:
            what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise BadSource(
                f'{source}:{number}: {what}; a line is {{"id", "file", "mail_from", "rcpt_to", "at"}}'
            ) from error


def _in_order(files: list[Path], policy: Policy) -> Iterator[Letter]:
    found = [(letter.at, letter) for one in files if (letter := _letter(one.name, one.read_bytes(), policy))]
    yield from (letter for _, letter in sorted(found, key=lambda pair: pair[0]))


def _mbox(source: Path, policy: Policy) -> Iterator[Letter]:
    box = mailbox.mbox(str(source), create=False)
    for key in box.keys():  # noqa: SIM118 - a mailbox is no dict: iterating it parses every message
        content = box.get_bytes(key)
        if letter := _letter(f"{source.name}#{key}", content, policy):
            yield letter


def _letter(name: str, content: bytes, policy: Policy) -> Letter | None:
    """What the envelope was, as far as a stored message tells. None for mail to no owner's address."""
    message = message_of(content)
    recipients = _recipients(message, policy)
    if not recipients:
        return None
    return Letter(name, message, _mail_from(message), recipients, _arrived(message))


def _mail_from(message: Message) -> str:
    stored = message.first("return-path")
    if stored is not None:
        return stored.strip().removeprefix("<").removesuffix(">")
    return address.author(message)


def _recipients(message: Message, policy: Policy) -> tuple[str, ...]:
    """Where it was delivered to, else whichever of the owners' addresses it names."""
    for name in ("x-original-to", "delivered-to"):
        owned = tuple(dict.fromkeys(one for one in message.all(name) if policy.addressed(one)))
        if owned:
            return owned[:1]
    return tuple(sorted(one for one in message.listed if policy.addressed(one)))


def _arrived(message: Message) -> datetime:
    received = message.first("received")
    for text in (received.rpartition(";")[2] if received else None, message.first("date")):
        try:
            at = parsedate_to_datetime(text) if text else None
        except ValueError:
            continue
        if at:
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)
