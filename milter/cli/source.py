"""Where `replay` finds messages: a Maildir, an mbox, a folder of .eml files, one message, or a .jsonl manifest.

Only the heads are read to find the order of arrival: the messages themselves are read one at a time, when their turn comes.
"""

import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from milter.cli import manifest, stored
from milter.cli.letters import BadSource, Found, Letter, Skipped, text_of
from milter.core.policy import Policy

HEAD = 1 << 16  # bytes read to find out when a message arrived
# A line "From " begins a message only behind an empty one, with a date (or "-") in it and a header field below it.
_DATED = rb"(?=[^\n]*\d\d:\d\d)(?=[^\n]*\b\d{4}\b)|(?=-?[ \r]*\n)"
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From (?:" + _DATED + rb")[^\n]*\n(?=[!-9;-~]+[ \t]*:|>From )")
_MAILDIR_NAME = re.compile(r"(\d{9,11})\.")


@dataclass(frozen=True, slots=True)
class _Place:
    """One stored message: what to call it, when it arrived, and how to read `limit` bytes of it (-1: all)."""

    id: str
    at: datetime
    read: Callable[[int], bytes]


def read(source: Path, policy: Policy) -> Found:
    """The letters of a source: a manifest's in its own order, others as they arrived. BadSource if it is none."""
    try:
        return _manifest_or(source, policy)
    except OSError as error:
        what = f"{source}: {error.strerror or error}"
        raise BadSource(f"{what}; give a Maildir, an mbox, a folder of .eml files or a .jsonl manifest") from error


def _manifest_or(source: Path, policy: Policy) -> Found:
    if source.is_dir():
        return _stored(_folder(source), policy)
    with source.open("rb") as file:
        beginning = file.read(64)
    if source.suffix == ".jsonl" or beginning.lstrip().startswith(b"{"):
        return manifest.read(source)
    if not beginning.strip():
        raise BadSource(f"{source}: is empty; give a file with messages in it")
    if beginning.startswith(b"From ") and source.suffix != ".eml":
        return _stored(_mbox(source), policy)
    return _stored(iter([_file(source, source.name)]), policy)


def _stored(places: Iterator[_Place | Skipped], policy: Policy) -> Found:
    found = list(places)
    in_order = sorted((one for one in found if isinstance(one, _Place)), key=lambda one: one.at)
    skipped = [one for one in found if isinstance(one, Skipped)]

    def letters() -> Iterator[Letter | Skipped]:
        yield from skipped
        for place in in_order:
            try:
                message = stored.read(place.read(-1), policy)
            except OSError as error:
                yield Skipped(place.id, error.strerror or str(error))
                continue
            yield Letter(place.id, message.message, message.mail_from, message.rcpt_to, place.at)

    return Found(len(found), letters())


def _folder(source: Path) -> Iterator[_Place | Skipped]:
    halves = [one for name in ("cur", "new") if (one := source / name).is_dir()]
    if halves:
        for half in halves:
            for file in sorted(half.iterdir()):
                if not file.name.startswith(".") and file.is_file():
                    yield _file(file, file.name)
        return
    files = sorted(one for one in source.rglob("*") if one.suffix.lower() == ".eml" and one.is_file())
    if not files:
        raise BadSource(
            f"{source}: neither a Maildir (it has cur and new) nor a folder with .eml files in it; give the one you mean"
        )
    for file in files:
        yield _file(file, text_of(file.relative_to(source)))


def _file(file: Path, name: str) -> _Place | Skipped:
    def content(limit: int) -> bytes:
        with file.open("rb") as opened:
            return opened.read(limit)

    name = text_of(name)
    try:
        head = content(HEAD)
        if not head.strip():
            return Skipped(name, "is empty")
        return _Place(name, stored.arrived(stored.message_of(head)) or _named(file), content)
    except OSError as error:
        return Skipped(name, error.strerror or str(error))


def _named(file: Path) -> datetime:
    """When a file without a date of its own was delivered: a Maildir's names begin with it."""
    name = _MAILDIR_NAME.match(file.name)
    at = datetime.fromtimestamp(int(name[1]) if name else file.stat().st_mtime, UTC)
    return at if stored.plausible(at) else datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _mbox(source: Path) -> Iterator[_Place | Skipped]:
    with source.open("rb") as opened:
        content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    starts = [(found.start(), found.end()) for found in _SEPARATOR.finditer(content)]
    ends = [start for start, _ in starts[1:]] + [len(content)]
    if not starts:
        raise BadSource(f"{source}: no message found in it; an mbox has a line `From ADDRESS DATE` before each message")
    at = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    for number, ((_, start), end) in enumerate(zip(starts, ends, strict=True), 1):
        cut = partial(_cut, content, start, end)
        at = stored.arrived(stored.message_of(cut(HEAD))) or at  # without a date of its own: with the one before it
        yield _Place(f"{text_of(source.name)}#{number}", at, cut)


def _cut(content: mmap.mmap, start: int, end: int, limit: int) -> bytes:
    return content[start : end if limit < 0 else min(end, start + limit)]
