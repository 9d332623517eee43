"""Invitations in mail (iMIP, RFC 6047): as yet only whether a message is a calendar's answer. Capped and without recursion."""

import re
from base64 import b64decode
from binascii import Error, a2b_qp

from milter.core import lexical
from milter.core.message import Message, scan

MOST_BODY = 1 << 18  # bytes of the body looked at
MOST_PARTS = 50
DEPTH = 5
_METHOD = re.compile(rb"(?:^|\n)METHOD[^:\r\n]{0,100}:[ \t]*([A-Za-z-]+)[ \t]*\r?(?:\n|$)", re.I)


def is_reply(message: Message) -> bool:
    """Whether a text/calendar part, not inside a forwarded message, is a METHOD:REPLY (in its type, else in its text)."""
    kind = message.first("content-type")
    if kind is None or not kind.lstrip().lower().startswith(("multipart/", "text/calendar", "(")):
        return False
    head = message.header[:MOST_BODY]
    waiting = [(head, bytes(message.body[:MOST_BODY]), 0)]
    seen = 0
    while waiting and seen < MOST_PARTS:
        head, body, depth = waiting.pop()
        seen += 1
        fields = {one.name: one.value for one in reversed(scan(head))}
        kind, parameters = lexical.parameters(fields.get("content-type", "text/plain"))
        if kind == "text/calendar" and _method(parameters, fields, body) == "reply":
            return True
        if kind.startswith("multipart/") and depth < DEPTH and (boundary := parameters.get("boundary")):
            waiting += [(*_halves(part), depth + 1) for part in _parts(body, boundary)]
    return False


def _method(parameters: dict[str, str], fields: dict[str, str], body: bytes) -> str:
    if method := parameters.get("method", "").strip().lower():
        return method
    found = _METHOD.search(_decoded(fields.get("content-transfer-encoding", ""), body[:8192]))
    return found[1].decode("ascii").lower() if found else ""


def _decoded(encoding: str, body: bytes) -> bytes:
    match encoding.strip().lower():
        case "base64":
            letters = b"".join(body.split())
            try:
                return b64decode(letters[: len(letters) // 4 * 4])
            except Error:
                return b""
        case "quoted-printable":
            return a2b_qp(body)
        case _:
            return body


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """The parts between boundary lines (RFC 2046 section 5.1.1), capped; what precedes the first is no part."""
    mark = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    pieces = (b"\r\n" + body).split(mark, MOST_PARTS + 1)[1:]
    return [one.partition(b"\r\n")[2] for one in pieces if not one.startswith(b"--")]


def _halves(part: bytes) -> tuple[bytes, bytes]:
    if part.startswith(b"\r\n"):
        return b"", part[2:]
    head, _, body = part.partition(b"\r\n\r\n")
    return head + b"\r\n", body
