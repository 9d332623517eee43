"""What comes after DATA, decoded block by block: the final dot found, dots unstuffed, bare CR and LF made line ends.

Pure: bytes in, bytes out. However the stream is cut into blocks, the result is the same.
"""

import re

END = b"\r\n.\r\n"
# Two CR and an LF are one line end (a text with CRLF, converted once more); any other bare CR or LF is one of its own.
_LINE_END = re.compile(rb"\r{0,2}\n|\r")
# A line of NULs and one dot: to a server that drops NULs it is the final dot.
_NUL_DOT = re.compile(rb"(?<=\n)(\x00+)\.\r\n")
# The end of a block that is understood only with the next one: something of all the above may have begun there.
_OPEN = re.compile(rb"(?:(?:\x00\.)?\r{1,2}(?:\n(?:\.\r?)?)?|\x00\.?)\Z")
_LONGEST_OPEN = 7


class DataDecoder:
    """The content of one message. Only CRLF . CRLF ends it (RFC 5321 section 4.1.1.4); LF . LF and its kin do not."""

    __slots__ = ("_before", "_begun", "_open", "bare")

    def __init__(self) -> None:
        # The CRLF that ends the DATA command may be the one before the final dot.
        self._open = b"\r\n"
        self._begun = False
        # What the content so far ends with: a line end, a line of NULs alone, or anything else.
        self._before = b"\n"
        self.bare = 0  # bare CR and LF met: each was made a line end

    def feed(self, block: bytes) -> tuple[bytes, bytes | None]:
        """(content, None) while the dot has not come, then (content, what the peer sent behind the dot)."""
        data = self._open + block
        end = data.find(END)
        if end >= 0:
            return self._content(data[: end + 2]), data[end + 5 :]
        found = _OPEN.search(data, max(0, len(data) - _LONGEST_OPEN))
        cut = found.start() if found else len(data)
        self._open = data[cut:]
        return self._content(data[:cut]), None

    def _content(self, data: bytes) -> bytes:
        if not data:
            return data
        # RFC 5321 section 4.5.2: a dot that begins a line was added by the client.
        data = data.replace(b"\r\n.", b"\r\n")
        ends = data.count(b"\r\n")
        bare = data.count(b"\r") + data.count(b"\n") - 2 * ends
        if bare:
            self.bare += bare
            data = _LINE_END.sub(b"\r\n", data)
        if not self._begun:
            self._begun = True
            data = data[2:]
        return self._defused(data)

    def _defused(self, data: bytes) -> bytes:
        """Puts a space into a line of NULs and a dot, so that no server behind us takes it for the end (smuggling)."""
        if b"\x00" in data or self._before == b"\n\x00":
            data = _NUL_DOT.sub(rb"\1 .\r\n", self._before + data)[len(self._before) :]
        if data.endswith(b"\n"):
            self._before = b"\n"
        elif data.endswith(b"\x00"):
            line = (self._before + data).rpartition(b"\n")
            self._before = b"\n\x00" if line[1] and not line[2].strip(b"\x00") else b"x"
        elif data:
            self._before = b"x"
        return data
