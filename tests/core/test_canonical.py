"""The canonical forms of a body: the examples of RFC 6376, and dkimpy's on any body."""

import random

import pytest
from dkim.canonicalization import Relaxed, Simple

from milter.core import canonical

PIECES = [
    b" ",
    b"  ",
    b"\t",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"a",
    b"hola",
    b"\xc3\xb1",
    b"\x00",
    b"\x0b",
    b" \r\n",
    b"=",
]
HOSTILE = {
    "a line of spaces": b" " * 1_000_000,
    "a line of spaces, ended": b"x" + b" " * 1_000_000 + b"\r\n",
    "a line of tabs": b"\t" * 1_000_000 + b"x\r\n",
    "blank lines": b"x\r\n" + b"\r\n" * 700_000,
    "only blank lines": b"\r\n" * 700_000,
    "lines of blanks": b" \t\r\n" * 300_000,
    "bare CRs": b"\r" * 1_000_000,
    "bare LFs": b"\n" * 1_000_000,
    "pairs the wrong way round": b"\n\r" * 500_000,
    "runs of every length": b"".join(b"x" + b" " * length for length in range(1_400)),
}


@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),  # section 3.4.5
        (b"", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b" \t \r\n\r\n", b" \t \r\n", b""),
        (b"a", b"a\r\n", b"a\r\n"),
        (b"\r\na\r\n", b"\r\na\r\n", b"\r\na\r\n"),
        (b"a\n\r\n", b"a\n\r\n", b"a\n\r\n"),
    ],
)
def test_by_hand(body: bytes, simple: bytes, relaxed: bytes) -> None:
    assert (canonical.simple(body), canonical.relaxed(body)) == (simple, relaxed)


def test_as_dkimpy_on_any_body() -> None:
    chance = random.Random(6376)
    for _ in range(20_000):
        body = b"".join(chance.choices(PIECES, k=chance.randrange(16)))
        assert canonical.relaxed(body) == Relaxed.canonicalize_body(body), body
        assert canonical.simple(body) == Simple.canonicalize_body(body), body


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_takes_no_longer(what: str) -> None:
    """Quadratic, each would take minutes; a short one of its kind shows that the answer is right."""
    body = HOSTILE[what]
    canonical.simple(body)
    canonical.relaxed(body)
    short = body[:301]
    assert canonical.relaxed(short) == Relaxed.canonicalize_body(short)
    assert canonical.simple(short) == Simple.canonicalize_body(short)
