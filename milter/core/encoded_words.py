"""Encoded words (RFC 2047) in and out of header values. Total: broken words stay as they are."""

import codecs
import re
from base64 import b64encode
from binascii import Error, a2b_base64, a2b_qp

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bqBQ])\?([^?\s]*)\?=")
# Codecs of Python that are no charsets: quadratic (idna, punycode), or with a syntax of their own that warns or fails.
_UNSAFE = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CHUNK = 33  # bytes: 44 characters of base64, the frame and our longest name stay under the 76 of RFC 2047 section 2
LONGEST_PLAIN = 900  # characters of one value that are sent in one line (RFC 5322 section 2.1.1: 998 with the name)


def decode(text: str) -> str:
    """`text` with its encoded words decoded; spaces between two of them vanish (RFC 2047 section 6.2).

    Neighbours of one charset are joined as bytes first: some writers cut in the middle of a character.
    """
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    position = 0
    for found in _WORD.finditer(text):
        content = _bytes(found[2], found[3])
        if content is None:
            continue
        between = text[position : found.start()]
        charset = found[1].partition("*")[0].lower()  # RFC 2231 section 5: a language may follow
        if pending and not between.strip(" \t\r\n") and position:
            if pending[0] == charset:
                pending = (charset, pending[1] + content)
            else:
                out.append(decoded(*pending))
                pending = (charset, content)
        else:
            out += (decoded(*pending) if pending else "", between)
            pending = (charset, content)
        position = found.end()
    out += (decoded(*pending) if pending else "", text[position:])
    return "".join(out)


def encode(text: str) -> str:
    """For the wire: as it is if printable ASCII that nobody would decode, else folded encoded words. Never breaks a line."""
    text = _CONTROL.sub(" ", text).strip()
    if text.isascii() and "=?" not in text and len(text) <= LONGEST_PLAIN:
        return text
    chunks, room = [b""], _CHUNK
    for one in text:
        coded = one.encode("utf-8", "replace")
        if len(coded) > room:
            chunks.append(b"")
            room = _CHUNK
        chunks[-1] += coded
        room -= len(coded)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(one).decode('ascii')}?=" for one in chunks)


def _bytes(encoding: str, content: str) -> bytes | None:
    try:
        raw = content.encode("ascii")
        return a2b_qp(raw, header=True) if encoding in "qQ" else a2b_base64(raw + b"=" * (-len(raw) % 4))
    except (Error, UnicodeError):
        return None


def decoded(charset: str, content: bytes) -> str:
    """`content` in a charset as mail names it; Latin-1 where nobody knows it."""
    try:
        known = codecs.lookup(charset).name.replace("-", "_")  # Python names it "unicode-escape", or with underscores
        return content.decode("latin-1" if known in _UNSAFE else known, "replace")
    except (LookupError, UnicodeError, ValueError):
        return content.decode("latin-1")
