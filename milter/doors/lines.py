"""Command lines out of a stream, in bounded memory."""

MAX_LINE = 4096  # octets kept of a line; every command's own limit is lower


class Lines:
    """What came in and was not read yet. A line longer than MAX_LINE is cut there; `dropped` counts the rest of it."""

    __slots__ = ("_buffer", "_dropping", "_searched", "dropped")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._dropping = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        if self._dropping:
            newline = data.find(b"\n")
            self._dropping = newline < 0
            self.dropped += len(data) if newline < 0 else newline
            data = b"" if newline < 0 else data[newline:]
        self._buffer += data

    def next(self) -> bytes | None:
        """The next line, without its end (CRLF, or LF alone as typed by hand); None until there is a whole one."""
        newline = self._buffer.find(b"\n", self._searched)
        if newline < 0:
            if len(self._buffer) > MAX_LINE and not self._dropping:
                self._dropping = True
                self.dropped = len(self._buffer) - MAX_LINE - 1
                del self._buffer[MAX_LINE + 1 :]
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[: min(newline, MAX_LINE + 1)])
        # Deleting in front is cheap: a bytearray moves its start, not its bytes.
        del self._buffer[: newline + 1]
        self._searched = self.dropped = 0
        return line.rstrip(b"\r")

    def take(self) -> bytes:
        """All that is left, for the one who reads on in another way."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return rest
