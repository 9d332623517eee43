"""Invitations in mail (iMIP, RFC 6047): as yet only whether a message is a calendar's answer."""

import re

from milter.core import mime
from milter.core.message import Message

_METHOD = re.compile(rb"(?:^|\n)METHOD[^:\r\n]{0,100}:[ \t]*([A-Za-z-]+)[ \t]*\r?(?:\n|$)", re.I)
_LOOKED_AT = 8192  # bytes of a calendar: METHOD stands at its head


def is_reply(message: Message) -> bool:
    """Whether a text/calendar part, not inside a forwarded message, is a METHOD:REPLY (in its type, else in its text)."""
    kind = message.first("content-type")
    if kind is None or not kind.lstrip().lower().startswith(("multipart/", "text/calendar", "(")):
        return False
    return any(one.kind == "text/calendar" and _method(one) == "reply" for one in mime.leaves(message))


def _method(part: mime.Part) -> str:
    if method := part.parameters.get("method", "").strip().lower():
        return method
    found = _METHOD.search(part.content[:_LOOKED_AT])
    return found[1].decode("ascii").lower() if found else ""
