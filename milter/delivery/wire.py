"""A message as it goes over the wire after DATA: dot-stuffed (RFC 5321 section 4.5.2) by blocks, at the speed of C."""

from collections.abc import Iterator

from milter.core.message import Message

BLOCK = 128 << 10  # bytes: a body of 50 MB never exists twice, and a block holds the loop for well under a millisecond
DOT = b".\r\n"


def content(header: bytes, message: Message, block: int = BLOCK) -> Iterator[bytes]:
    """The bytes of `header`, the empty line and the body in pieces of at most `block`, the body never copied whole."""
    head = header + b"\r\n" if message.has_body else header
    body, start = message.body, 0
    if len(head) < block:
        start = block - len(head)
        head += body[:start]
    for position in range(0, len(head), block):
        yield head[position : position + block]
    for position in range(start, len(body), block):
        yield body[position : position + block]


def size(header: bytes, message: Message) -> int:
    """Octets to declare as SIZE (RFC 1870 section 5): line ends counted, stuffing and the final dot not."""
    octets = len(header) + (2 if message.has_body else 0) + len(message.body)
    return octets if _ends_a_line(header, message) else octets + 2


def _ends_a_line(header: bytes, message: Message) -> bool:
    last = message.body[-2:] if len(message.body) else b"\r\n" if message.has_body else header[-2:]
    return last.endswith(b"\n") or not (last or header)


def stuffed(header: bytes, message: Message, block: int = BLOCK) -> Iterator[bytes]:
    """What to send before the final DOT: ends with CRLF, or is nothing at all for an empty message.

    A line starts behind "\\n": a message has no bare LF, so that is behind "\\r\\n" wherever the blocks were cut, and
    should one slip in, the lenient servers that take it for a line end see a stuffed dot too (no smuggling).
    """
    last = b"\n"
    for piece in content(header, message, block):
        wire = piece.replace(b"\n.", b"\n..")
        if last == b"\n" and wire[:1] == b".":
            wire = b"." + wire
        if wire:
            last = wire[-1:]
            yield wire
    if last != b"\n":
        yield b"\r\n"
