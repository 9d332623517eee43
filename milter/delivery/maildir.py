"""A next hop that is a directory: one Maildir a mailbox address, for a trial without a mail server.

It plays the mailbox server and its Sieve script: `Recado-Folder` of the header says the Maildir++ folder, the flag Seen
among `Recado-Keywords` that nobody has to read it; the keywords stay where they are. What is written is what we were
given, byte for byte, with the LF line ends that Maildirs have (every line ended with CRLF before, so nothing is lost);
no Return-Path, no Delivered-To.
"""

import asyncio
import errno
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from milter.core import encoded_words
from milter.core.message import Message
from milter.delivery import replies, wire
from milter.delivery.capabilities import Capabilities
from milter.delivery.dialogue import BeforeDot
from milter.delivery.maildir_names import folder_directory, mailbox_directory
from milter.delivery.outgoing import Outgoing, Recipients
from milter.errors import SmtpReply

log = logging.getLogger("milter.delivery")

DELIVERED = SmtpReply(250, "2.0.0", "Delivered to the Maildir")
WELCOME = SmtpReply(250, "2.1.5", "This Maildir takes everybody's mail")
FULL = SmtpReply(452, "4.3.1", "The disk is full, try again later")  # RFC 3463 section 3.4
BROKEN = SmtpReply(451, "4.3.0", "The Maildir cannot be written, try again later")


@dataclass(frozen=True, slots=True)
class Staged:
    """A message whole and safe in `file`, not yet seen by readers; `place` is where it will be: new/ or cur/."""

    file: Path
    place: Path


class Maildir:
    """`directory` holds the Maildirs and is made when the first message comes."""

    def __init__(self, directory: Path, *, hostname: str) -> None:
        self._directory = directory
        # The Maildir page of its author: "/" and ":" in the host's name would end the name or begin the flags.
        self._host = hostname.replace("/", "\\057").replace(":", "\\072")

    async def capabilities(self) -> Capabilities:
        """Eight bits and UTF-8 anywhere. No DSN: a Maildir tells nobody that mail arrived."""
        return Capabilities(eight_bit=True, smtputf8=True, pipelining=True)

    async def send(self, outgoing: Outgoing, *, before_dot: BeforeDot | None = None) -> tuple[SmtpReply, ...]:
        """One reply a recipient. `before_dot` is asked when all is written and nothing can be seen yet.

        Cancelled while it writes, it leaves a file in tmp/, which readers of Maildirs sweep after 36 hours.
        """
        stages: list[Staged | SmtpReply] = []
        try:
            for rcpt_to, _ in outgoing.recipients:
                stages.append(await asyncio.to_thread(self._stage, rcpt_to, outgoing))
            if before_dot and any(isinstance(one, Staged) for one in stages) and not await before_dot():
                return tuple(replies.STOPPED if isinstance(one, Staged) else one for one in stages)
            return tuple([await asyncio.to_thread(_publish, one) for one in stages])
        finally:
            await asyncio.to_thread(_discard, stages)

    async def verify(self, mail_from: str, params: tuple[str, ...], recipients: Recipients) -> tuple[SmtpReply, ...]:
        return (WELCOME,) * len(recipients)

    async def close(self) -> None:
        return

    def _stage(self, rcpt_to: str, outgoing: Outgoing) -> Staged | SmtpReply:
        folder = self._directory / mailbox_directory(rcpt_to)
        try:
            _make(folder)
            message = Message(outgoing.header, b"")
            folder_path = encoded_words.decode(message.first("recado-folder") or "")
            if wanted := folder_directory(folder_path):
                folder = folder / wanted
                _make(folder)
                (folder / "maildirfolder").touch()  # Maildir++: a folder, not a mailbox of its own
            file = folder / "tmp" / f"{secrets.token_hex(12)}.{self._host}"
            name = _write(file, outgoing, self._host)
            seen = "\\Seen" in (message.first("recado-keywords") or "").split()
            return Staged(file, folder / "cur" / f"{name}:2,S" if seen else folder / "new" / name)
        except OSError as error:
            return _failed(error)


def _publish(staged: Staged | SmtpReply) -> SmtpReply:
    if isinstance(staged, SmtpReply):
        return staged
    try:
        # A link never replaces a message that is there, as a rename would.
        os.link(staged.file, staged.place)
        _sync(staged.place.parent)
    except OSError as error:
        return _failed(error)
    return DELIVERED


def _discard(stages: list[Staged | SmtpReply]) -> None:
    for one in stages:
        if isinstance(one, Staged):
            one.file.unlink(missing_ok=True)


def _failed(error: OSError) -> SmtpReply:
    log.warning("the maildir failed", extra={"cause": error.strerror or str(error)})
    return FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else BROKEN


def _make(maildir: Path) -> None:
    """The Maildir with its three directories, on disk before anything is said to be in it."""
    if (maildir / "new").is_dir():
        return
    missing = [one for one in (maildir, *maildir.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        _sync(one.parent)
    for name in ("tmp", "cur", "new"):  # `new` last: it says that the others are there
        (maildir / name).mkdir(mode=0o700, exist_ok=True)
    _sync(maildir)


def _write(file: Path, outgoing: Outgoing, host: str) -> str:
    """Writes the message to `file` and onto the disk. Its name: time, device, inode, as Postfix names them.

    The time is the file's own: the inode tells apart what the same instant brings.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            for piece in unix_lines(wire.content(outgoing.header, outgoing.message)):
                opened.write(piece)
            opened.flush()
            os.fsync(opened.fileno())
            state = os.fstat(opened.fileno())
    except OSError:
        file.unlink(missing_ok=True)
        raise
    seconds, nanoseconds = divmod(state.st_mtime_ns, 10**9)
    return f"{seconds}.V{state.st_dev:x}I{state.st_ino:x}M{nanoseconds // 1000:06}.{host}"


def unix_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """CRLF as LF, also where a piece ends between the two; every other byte as it is."""
    held = b""
    for piece in pieces:
        whole = held + piece
        held = b"\r" if whole.endswith(b"\r") else b""
        yield (whole[:-1] if held else whole).replace(b"\r\n", b"\n")
    yield held


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
