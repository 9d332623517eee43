"""Command lines, however they come in."""

from milter.doors.lines import MAX_LINE, Lines


def test_lines_in_pieces() -> None:
    lines = Lines()
    lines.feed(b"NO")
    assert lines.next() is None
    lines.feed(b"OP\r\nRSET\nQU")
    assert [lines.next() for _ in range(3)] == [b"NOOP", b"RSET", None]
    assert lines.take() == b"QU"
    assert len(lines) == 0


def test_a_line_too_long_is_cut_and_the_next_one_is_whole() -> None:
    lines = Lines()
    lines.feed(b"x" * 5000)
    assert lines.next() is None
    lines.feed(b"y" * 100_000)
    assert len(lines) == MAX_LINE + 1
    assert lines.dropped > 100_000
    lines.feed(b"z\r\nNOOP\r\n")
    lines.feed(b"RSET\r\n")
    assert [len(lines.next() or b""), lines.next(), lines.next()] == [MAX_LINE + 1, b"NOOP", b"RSET"]
    assert lines.dropped == 0
