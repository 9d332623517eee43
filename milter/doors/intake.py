"""A message while it comes in: header in memory, a small body too, a big one in a temporary file that has no name."""

import logging
import mmap
import tempfile
from io import FileIO
from pathlib import Path

from milter.core.message import Message
from milter.doors.data import DataDecoder
from milter.errors import SmtpReply

IN_MEMORY = 1 << 20  # bytes of a body that stay in memory; more goes to the file
MAX_HEADER = 4 << 20  # bytes: the header is held in memory, so it must end somewhere

TOO_BIG = SmtpReply(552, "5.3.4", "Message size exceeds the limit")
HEADER_TOO_BIG = SmtpReply(552, "5.3.4", "Message header exceeds the limit")
NO_SPACE = SmtpReply(452, "4.3.1", "Insufficient system storage, try again later")

log = logging.getLogger("milter.doors")


class Intake:
    """Takes the blocks behind a DATA command until the final dot. `limit` in bytes of content (RFC 1870), 0: none.

    A message that cannot be taken is still read to its dot, at the cost of no memory, and refused there.
    """

    __slots__ = ("_body", "_decoder", "_file", "_header", "_limit", "_refusal", "_size", "_split", "_spool_dir")

    def __init__(self, limit: int, spool_dir: Path) -> None:
        self._decoder = DataDecoder()
        self._limit = limit
        self._spool_dir = spool_dir
        self._header = bytearray()
        self._split = False  # the empty line was met
        self._body = bytearray()
        self._file: FileIO | None = None
        self._size = 0
        self._refusal: SmtpReply | None = None

    @property
    def bare(self) -> int:
        """Bare CR and LF that were made line ends."""
        return self._decoder.bare

    def feed(self, block: bytes) -> bytes | None:
        """None while the final dot has not come, then what the peer sent behind it."""
        content, behind = self._decoder.feed(block)
        self._size += len(content)
        if self._refusal is None and self._limit and self._size > self._limit:
            self._refuse(TOO_BIG)
        if self._refusal is None and content:
            self._keep(content)
        return behind

    def finish(self) -> Message | SmtpReply:
        """The message, or the reply that refuses it. A body in the file comes as a read-only map of it."""
        try:
            return self._refusal or Message(bytes(self._header), self._whole_body(), has_body=self._split)
        except OSError as error:
            self._refuse(NO_SPACE, error)
            return NO_SPACE
        finally:
            self.close()

    def close(self) -> None:
        """Lets go of all that came in: a session whose peer left lives on in circles until the collector comes round."""
        self._header, self._body = bytearray(), bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _whole_body(self) -> bytes | mmap.mmap:
        if self._file is None:
            return bytes(self._body)
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def _keep(self, content: bytes) -> None:
        if self._split:
            self._keep_body(content)
            return
        searched = max(0, len(self._header) - 3)
        self._header += content
        # A message may begin with the empty line: then it has no header.
        if self._header.startswith(b"\r\n"):
            end, body = 0, 2
        else:
            found = self._header.find(b"\r\n\r\n", searched)
            end, body = (found + 2, found + 4) if found >= 0 else (len(self._header), -1)
        if end > MAX_HEADER:
            self._refuse(HEADER_TOO_BIG)
        elif body >= 0:
            self._split = True
            rest = bytes(self._header[body:])
            del self._header[end:]
            self._keep_body(rest)

    def _keep_body(self, content: bytes) -> None:
        if self._file is None and len(self._body) + len(content) <= IN_MEMORY:
            self._body += content
            return
        try:
            if self._file is None:
                # Unbuffered, so that a full disk is met here and not in close(); closed by close().
                self._file = tempfile.TemporaryFile(dir=self._spool_dir, buffering=0)  # noqa: SIM115
                _write(self._file, bytes(self._body))
                self._body = bytearray()
            _write(self._file, content)
        except OSError as error:
            self._refuse(NO_SPACE, error)

    def _refuse(self, reply: SmtpReply, cause: OSError | None = None) -> None:
        if cause is not None:
            log.error("cannot spool a message in %s: %s", self._spool_dir, cause)
        self._refusal = reply
        self.close()


def _write(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) or 0 :]
