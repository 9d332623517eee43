"""A .jsonl manifest: one message a line, each with its envelope and its instant, in the order to be replayed."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from milter.cli.letters import BadSource, Found, Letter
from milter.cli.stored import message_of, plausible
from milter.core.message import Message

EXAMPLE = '{"id": "1", "file": "1.eml", "mail_from": "a@b.example", "rcpt_to": ["ana@c.example"], "at": "2026-11-20T23:45:00Z"}'


class _Wrong(ValueError):
    """What is wrong with a line, and what to write."""


def read(source: Path) -> Found:
    """The letters of a manifest. BadSource, when its turn comes, names the line that is wrong and what to write."""
    try:
        lines = source.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise BadSource(f"{source}: {error.strerror}; give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise BadSource(f"{source}: not UTF-8 ({error.reason}); save it as UTF-8") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return Found(len(numbered), _letters(source, numbered))


def _letters(source: Path, numbered: list[tuple[int, str]]) -> Iterator[Letter]:
    for number, line in numbered:
        try:
            yield _letter(source, line)
        except _Wrong as wrong:
            raise BadSource(f"{source}:{number}: {wrong}") from wrong


def _letter(source: Path, line: str) -> Letter:
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise _Wrong(f"not JSON ({error}); write one object a line: {EXAMPLE}") from error
    if not isinstance(raw, dict):
        raise _Wrong(f"not an object; write one a line: {EXAMPLE}")
    name = raw.get("id", raw.get("file"))
    if not isinstance(name, str | int):
        raise _Wrong('id: missing or no text; write "id": "any-name"')
    return Letter(
        _printable(str(name)),
        _message(source, _text(raw, "file")),
        _text(raw, "mail_from", 'write "laura@acme.example", or "" for the null reverse-path').strip("<> "),
        _recipients(raw),
        _instant(raw),
        _flag(raw, "fresh"),
    )


def _text(raw: dict[str, Any], key: str, instead: str = 'write "message.eml", relative to the manifest') -> str:
    value = raw.get(key)
    if not isinstance(value, str):
        raise _Wrong(f"{key}: {'missing' if value is None else 'no text'}; {instead}")
    return _printable(value)


def _message(source: Path, name: str) -> Message:
    file = source.parent / name
    try:
        return message_of(file.read_bytes())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _Wrong(f"file: {file}: {why}; write its place relative to the manifest") from error


def _recipients(raw: dict[str, Any]) -> tuple[str, ...]:
    value = raw.get("rcpt_to")
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        what = "missing" if value is None else "empty" if value == [] else "no list of addresses"
        raise _Wrong(f'rcpt_to: {what}; write ["ana@estudio.example"]')
    return tuple(_printable(one).strip("<> ") for one in value)


def _instant(raw: dict[str, Any]) -> datetime:
    value = _text(raw, "at", "write 2026-11-20T23:45:00+01:00")
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise _Wrong(f"at: {value!r} is no instant; write 2026-11-20T23:45:00+01:00") from error
    if at.tzinfo is None:
        raise _Wrong(f"at: {value!r} has no offset; write {value}+01:00, or Z for UTC")
    if not plausible(at):
        raise _Wrong(f"at: {value!r} is not in this age; write 2026-11-20T23:45:00+01:00")
    return at


def _flag(raw: dict[str, Any], key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise _Wrong(f"{key}: no flag; write true or false")
    return value


def _printable(text: str) -> str:
    """JSON can say lone surrogates; no output can."""
    return text.encode("utf-8", "replace").decode()
