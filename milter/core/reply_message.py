"""The bytes of an automatic reply. Made from finished values only; R1-R12 are the format rules for automatic replies.

The same intent gives the same bytes: the boundary derives from the Message-ID, the date is an argument.
"""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import blake2b

from milter.core import address, itip_answer
from milter.core.owner import Identity, Owner
from milter.core.reply_job import ReplyIntent

FOLD = 78  # RFC 5322 section 2.1.1; 998 is its hard limit
MOST_PARENTS = 12  # message ids in References: the thread's root and the latest (RFC 5322 section 3.6.4 sets no limit)
LONGEST_ID = 900

_ID = re.compile(rf"<[!-;=?-~]{{1,{LONGEST_ID - 2}}}>")
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"'
_WORD = r'[^\s"(),:;<>@\[\]\\\x00-\x1f\x7f]+'
_ADDRESS = re.compile(rf"(?:{_QUOTED}|{_WORD})@(?:{_WORD}|\[[A-Za-z0-9.:-]+\])")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished text: `subject` one line; `text` and `html` with "\\n" line ends.

    `to_name`: what the owner calls the reader, or "". `promises`: it says until when an answer comes.
    """

    subject: str
    text: str
    html: str
    to_name: str = ""
    promises: bool = False


class NotAddressable(Exception):
    """The correspondent, or the From address, cannot stand in a header field: no reply can be written."""


def one_line(text: str, longest: int) -> str:
    """Without control characters, line breaks, lone surrogates and doubled spaces; cut at `longest` characters."""
    return _SPACES.sub(" ", _SURROGATES.sub("\ufffd", text)).strip()[:longest].rstrip()


def build(intent: ReplyIntent, rendered: Rendered, owner: Owner, identity: Identity, now: datetime) -> bytes:
    """The whole message, CRLF, 7-bit but for an address that needs SMTPUTF8. `now` aware; Date is in the owner's zone.

    Raises NotAddressable.
    """
    boundary = (
        "=_" + blake2b(intent.message_id.encode(), digest_size=16).hexdigest()
    )  # "=_" never occurs in quoted-printable
    fields = [
        # R8: the address the client wrote to. R1: the envelope sender and nobody else.
        ("From", _mailbox("From", owner.name, intent.from_address)),
        ("To", _mailbox("To", rendered.to_name, intent.correspondent)),
        ("Subject", _text("Subject", one_line(rendered.subject, 300))),
        ("Date", format_datetime(now.astimezone(owner.timezone))),
        ("Message-ID", intent.message_id),
        *_threading(intent),
        ("Auto-Submitted", "auto-replied"),  # R3, RFC 3834 section 3.1.7
        ("X-Auto-Response-Suppress", "All"),  # R4
        ("Content-Language", intent.language),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    parts = [_part("plain", rendered.text), _part("html", rendered.html)]
    if intent.calendar:
        # RFC 6047 section 2.4: the method stands in both places.
        method = itip_answer.method_of(intent.calendar)
        parts.append(_part("calendar", intent.calendar, f"; method={method}"))
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    return b"%b\r\n%b--%b--\r\n" % (head.encode(), body, boundary.encode())


def _part(subtype: str, text: str, parameter: str = "") -> bytes:
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8{parameter}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = _SURROGATES.sub("\ufffd", text).replace("\r", "").rstrip("\n").split("\n")
    return head.encode() + b"".join(_quoted_printable(line) for line in lines)


def _quoted_printable(line: str) -> bytes:
    """One line (RFC 2045 section 6.7). "From " at its start would be changed by mbox files, and break the signature."""
    encoded = b2a_qp(line.encode() + b"\r\n", istext=True)
    return b"=46" + encoded[1:] if encoded.startswith(b"From ") else encoded


def _threading(intent: ReplyIntent) -> list[tuple[str, str]]:
    """R5, R6: nothing is invented for a parent without a usable id."""
    if not _ID.fullmatch(intent.parent_id):
        return []
    before = [one for one in intent.references if _ID.fullmatch(one) and one != intent.parent_id]
    ids = list(dict.fromkeys([*before, intent.parent_id]))
    if len(ids) > MOST_PARENTS:
        ids = [ids[0], *ids[1 - MOST_PARENTS :]]
    return [("In-Reply-To", _folded("In-Reply-To", [intent.parent_id])), ("References", _folded("References", ids))]


def _mailbox(field: str, name: str, mailbox: str) -> str:
    mailbox = address.as_ascii(mailbox)
    if len(mailbox) > 320 or not _ADDRESS.fullmatch(mailbox):
        raise NotAddressable(f"{field}: not an address that a header field can hold")
    name = one_line(name, 120)
    if not name:
        return mailbox
    phrase = _phrase(field, name)
    last_line = phrase.rsplit("\r\n", 1)[-1]
    start = len(field) + 2 if last_line == phrase else 0
    gap = " " if start + len(last_line) + len(mailbox) + 3 <= FOLD else "\r\n "
    return f"{phrase}{gap}<{mailbox}>"


def _phrase(field: str, name: str) -> str:
    """A display name: atoms, a quoted string, or encoded words (RFC 2047 section 5 (3))."""
    if not name.isascii() or "=?" in name:
        return _text(field, name)
    if _ATOMS.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(field: str, text: str) -> str:
    """R7: encoded words only if needed. "=?" needs them too: it would be read as an encoded word that nobody wrote."""
    if text.isascii() and "=?" not in text:
        return _folded(field, text.split(" "))
    return Header(text, "utf-8", header_name=field, maxlinelen=76).encode(linesep="\r\n")


def _folded(field: str, words: list[str]) -> str:
    lines, room = [""], FOLD - len(field) - 2
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = FOLD - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


__all__ = ["NotAddressable", "Rendered", "build", "one_line"]
