"""The two canonical forms of a body (RFC 6376 section 3.4), for signing and for verifying. Linear in the body's size.

dkimpy's relaxed form takes quadratic time on one long line of blanks and looks at every blank with a regular expression. Both
forms here are equal to its on every body (a test compares them).
"""

import re

_BLANK_LINES = re.compile(rb"(?:\n\r)*+")  # read backwards; possessive: no stack for 700,000 of them


def simple(body: bytes) -> bytes:
    """Section 3.4.3: one CRLF at the end; an empty body is one CRLF."""
    return _without_blank_lines(body) + b"\r\n"


def relaxed(body: bytes) -> bytes:
    """Section 3.4.4: runs of blanks are one space, none at the end of a line; an empty body is empty."""
    body = body.replace(b"\t", b" ")
    # Each round halves every run, so even a body of blanks is gone through less than twice over.
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = _without_blank_lines(body.replace(b" \r\n", b"\r\n"))
    return body + b"\r\n" if body else b""


def _without_blank_lines(body: bytes) -> bytes:
    """Without the CRLFs at its end. A bare CR or LF is content."""
    ends = body[len(body.rstrip(b"\r\n")) :][::-1]
    blank = _BLANK_LINES.match(ends)
    return body[: len(body) - (blank.end() if blank else 0)]


FORMS = {"simple": simple, "relaxed": relaxed}  # by their names in c=
