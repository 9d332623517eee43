"""The parts of a message (RFC 2045, 2046), for the few rules that look into the body. Capped and without recursion."""

from base64 import b64decode
from binascii import Error, a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass

from milter.core import encoded_words, lexical
from milter.core.message import Message, scan

MOST_BODY = 1 << 18  # bytes of the body looked at
MOST_PARTS = 50
MOST_PART = 1 << 16  # bytes of one part that are decoded
DEPTH = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A part that holds no others. `kind` lower case, such as "text/plain"; `fields`, Content-* alone, by name in lower case."""

    kind: str
    parameters: dict[str, str]
    fields: dict[str, str]
    body: bytes

    @property
    def attached(self) -> bool:
        """Whether the sender calls it a file rather than a text to read (RFC 2183)."""
        return lexical.parameters(self.fields.get("content-disposition", ""))[0] == "attachment"

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding, capped; b"" if that is broken from the start."""
        body = self.body[:MOST_PART]
        match lexical.without_comments(self.fields.get("content-transfer-encoding", "")).strip().lower():
            case "base64":
                letters = b"".join(body.split()).rstrip(b"=")
                try:
                    return b64decode(letters[: len(letters) // 4 * 4] + _rest(letters))
                except Error:
                    return b""
            case "quoted-printable":
                return a2b_qp(body)
            case _:
                return body

    @property
    def text(self) -> str:
        """The content as its charset says, with replacement characters for what does not fit."""
        return encoded_words.decoded(self.parameters.get("charset", "utf-8"), self.content)


def leaves(message: Message) -> Iterator[Part]:
    """The parts in order, those of messages inside (message/rfc822) left closed."""
    waiting = [(b"", bytes(message.body[:MOST_BODY]), 0)]
    seen = 0
    while waiting and seen < MOST_PARTS:
        head, body, depth = waiting.pop()
        # The message's own header may have thousands of fields, and this is asked once a rule and recipient.
        found = scan(head) if seen else message.fields
        fields = {one.name: one.value for one in reversed(found) if one.name.startswith("content-")}
        seen += 1
        kind, parameters = lexical.parameters(fields.get("content-type", "text/plain"))
        if kind.startswith("multipart/") and depth < DEPTH and (boundary := parameters.get("boundary")):
            inside = [(*_halves(part), depth + 1) for part in _parts(body, boundary)]
            waiting += reversed(inside)
        else:
            yield Part(kind, parameters, fields, body)


def _rest(letters: bytes) -> bytes:
    """The last, short group of base64 with its padding; a single letter left over says nothing."""
    left = letters[len(letters) // 4 * 4 :]
    return left + b"=" * (4 - len(left)) if len(left) > 1 else b""


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
