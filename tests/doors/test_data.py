"""The stream behind DATA: where it ends, what the content is, and that cutting it into blocks changes neither."""

import itertools
import re

import pytest

from milter.core.message import parse
from milter.delivery import wire
from milter.doors.data import DataDecoder


def decode(stream: bytes, *cuts: int) -> tuple[bytes, bytes | None]:
    """(content, what is behind the dot) of a stream cut at these places."""
    decoder = DataDecoder()
    content, behind = b"", None
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        block = stream[start:end]
        if behind is not None:
            behind += block
            continue
        piece, behind = decoder.feed(block)
        content += piece
    return content, behind


STREAMS = {
    "empty": (b".\r\n", b""),
    "one line": (b"a\r\n.\r\n", b"a\r\n"),
    "only an empty line": (b"\r\n.\r\n", b"\r\n"),
    "no header": (b"\r\nbody\r\n.\r\n", b"\r\nbody\r\n"),
    "stuffed dots": (b"..\r\n...a\r\n.b\r\n..\r\n.\r\n", b".\r\n..a\r\nb\r\n.\r\n"),
    "trailing empty lines": (b"a\r\n\r\n\r\n.\r\n", b"a\r\n\r\n\r\n"),
    "bytes of every kind": (bytes(range(14, 256)) + b"\0\r\n.\r\n", bytes(range(14, 256)) + b"\0\r\n"),
    "a long line": (b"x" * 5000 + b"\r\n.\r\n", b"x" * 5000 + b"\r\n"),
    "bare line feeds": (b"one\ntwo\n\nthree\r\n.\r\n", b"one\r\ntwo\r\n\r\nthree\r\n"),
    "bare carriage returns": (b"one\rtwo\r\rthree\r\n.\r\n", b"one\r\ntwo\r\n\r\nthree\r\n"),
    "CR CR LF": (b"one\r\r\ntwo\r\r\n\r\n.\r\n", b"one\r\ntwo\r\n\r\n"),
    "CR CR CR LF": (b"one\r\r\r\ntwo\r\n.\r\n", b"one\r\n\r\ntwo\r\n"),
    "LF CR": (b"one\n\rtwo\n\r\r\n.\r\n", b"one\r\n\r\ntwo\r\n\r\n"),
    "begins with a line feed": (b"\nbody\r\n.\r\n", b"\r\nbody\r\n"),
}
# No server may take one of these for the end, and none behind us may see one.
FALSE_ENDS = {
    "LF . LF": (b"\n.\n", b"\r\n.\r\n"),
    "LF . CRLF": (b"\n.\r\n", b"\r\n.\r\n"),
    "CRLF . LF": (b"\r\n.\n", b"\r\n\r\n"),
    "CRLF . CR": (b"\r\n.\r", b"\r\n\r\n"),
    "CR . CR": (b"\r.\r", b"\r\n.\r\n"),
    "CR . LF": (b"\r.\n", b"\r\n.\r\n"),
    "CR . CRLF": (b"\r.\r\n", b"\r\n.\r\n"),
    "CR CR LF . CR CR LF": (b"\r\r\n.\r\r\n", b"\r\n\r\n"),
    "LF . CR CR LF": (b"\n.\r\r\n", b"\r\n.\r\n"),
    "CRLF NUL . CRLF": (b"\r\n\0.\r\n", b"\r\n\0 .\r\n"),
    "LF NUL NUL . LF": (b"\n\0\0.\n", b"\r\n\0\0 .\r\n"),
    "CRLF NUL . CR CR LF": (b"\r\n\0.\r\r\n", b"\r\n\0 .\r\n"),
    "CRLF . NUL . CRLF": (b"\r\n.\0.\r\n", b"\r\n\0 .\r\n"),
    "CRLF . NUL CRLF": (b"\r\n.\0\r\n", b"\r\n\0\r\n"),
    "CRLF a NUL . CRLF": (b"\r\na\0.\r\n", b"\r\na\0.\r\n"),
}
# Every sequence that some server is known to have taken for the final dot.
AMBIGUOUS = re.compile(
    rb"(?:^|[^\r])\n\.(?:\r|\n)|\r\n\.(?:\n|\r(?!\n))|\r\.(?:\r|\n)|\r\n\x00+\.\r\n|\r(?!\n)|(?<!\r)\n"
)


@pytest.mark.parametrize("name", STREAMS)
def test_content(name: str) -> None:
    stream, content = STREAMS[name]
    assert decode(stream) == (content, b"")


@pytest.mark.parametrize("name", FALSE_ENDS)
def test_a_false_end_is_content_and_leaves_us_unambiguous(name: str) -> None:
    false_end, mended = FALSE_ENDS[name]
    content, behind = decode(b"Subject: x\r\n\r\nfirst" + false_end + b"MAIL FROM:<evil@x.example>\r\n.\r\nQUIT\r\n")
    assert content == b"Subject: x\r\n\r\nfirst" + mended + b"MAIL FROM:<evil@x.example>\r\n"
    assert behind == b"QUIT\r\n"
    message = parse(content)
    relayed = b"".join(wire.stuffed(message.header, message, block=7))
    assert not AMBIGUOUS.search(relayed)


@pytest.mark.parametrize("name", [*STREAMS, *FALSE_ENDS])
def test_cutting_the_stream_in_two_changes_nothing(name: str) -> None:
    stream = STREAMS[name][0] if name in STREAMS else b"a" + FALSE_ENDS[name][0] + b"b\r\n.\r\n"
    stream = stream[-300:] + b"QUIT\r\n"
    whole = decode(stream)
    for cut in range(1, len(stream)):
        assert decode(stream, cut) == whole, f"cut at {cut}: {stream[:cut]!r} | {stream[cut:]!r}"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("name", [*STREAMS, *FALSE_ENDS])
def test_cutting_the_stream_small_changes_nothing(name: str, size: int) -> None:
    stream = STREAMS[name][0] if name in STREAMS else b"a" + FALSE_ENDS[name][0] + b"b\r\n.\r\n"
    assert decode(stream, *range(size, len(stream), size)) == decode(stream)


def test_bare_line_ends_are_counted() -> None:
    decoder = DataDecoder()
    decoder.feed(b"a\nb\rc\r\nd\r\r\n.\r\n")
    assert decoder.bare == 3


def test_a_flood_of_carriage_returns_costs_no_more_than_its_length() -> None:
    decoder = DataDecoder()
    content, _ = decoder.feed(b"\r" * 1_000_000)
    rest, behind = decoder.feed(b"x\r\n.\r\n")
    assert (content + rest).count(b"\r\n") == 1_000_001
    assert behind == b""
