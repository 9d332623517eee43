"""XFORWARD (Postfix's XFORWARD_README): the peer in front of us names the client that it speaks for. Pure."""

import re

from milter.core import ip
from milter.core.envelope import Peer
from milter.doors.commands import decode_xtext
from milter.errors import SmtpReply

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
MAX_VALUE = 255
_UNKNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")

BAD = SmtpReply(501, "5.5.4", "Bad XFORWARD attribute")


def parse(argument: bytes) -> dict[str, str] | SmtpReply:
    """What follows `XFORWARD `: the attributes of this command, "" for what the peer does not know; or the refusal."""
    found: dict[str, str] = {}
    for one in argument.decode("ascii", "replace").split():
        name, _, text = one.partition("=")
        name = name.upper()
        value = "" if text.upper() in _UNKNOWN else _value(name, text)
        if name not in ATTRIBUTES or value is None:
            return BAD
        found[name] = value
    return found or BAD


def _value(name: str, text: str) -> str | None:
    value = decode_xtext(text)
    if not value or not _PRINTABLE.fullmatch(value):
        return None
    match name:
        case "ADDR":
            return ip.plain(value) or None
        case "PORT":
            return value if value.isascii() and value.isdigit() else None
        case "SOURCE":
            return value.upper() if value.upper() in ("LOCAL", "REMOTE") else None
        case _:
            # Cut, not refused: a stranger with an endless HELO must not make us miss the queue id beside it.
            return value[:MAX_VALUE]


def peer(attributes: dict[str, str]) -> Peer:
    """The client that was told of. What was not told stays unknown: nothing of the peer in front is mixed in."""
    return Peer(
        address=attributes.get("ADDR", ""),
        name=attributes.get("NAME", ""),
        helo=attributes.get("HELO", ""),
        protocol=attributes.get("PROTO", ""),
        source=attributes.get("SOURCE", ""),
        queue_id=attributes.get("IDENT", ""),
    )
