"""The first line that a person wrote in a message, as far as it can be read without doubt."""

import re
from collections.abc import Iterator
from html import unescape

from milter.core import mime
from milter.core.message import Message

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(head|style|script|title)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_TAG = re.compile(r"<(/?[a-z][a-z0-9]*)\b[^>]*>?|<[!?][^>]*>?", re.I)
# Where a reader sees a line end. Anything else (b, span, a, font ...) stands within a line.
_BREAK_TAGS = "br p div li ul ol tr td table h1 h2 h3 h4 h5 h6 hr pre body html section article"
_BREAKS = frozenset(_BREAK_TAGS.split())
_QUOTE = "blockquote"
_NO_CHARACTER = re.compile(r"&#\d{1000,}")  # int() refuses to read over 4,300 digits, and unescape with it


def first_line(message: Message) -> str:
    """One line with single spaces: of the plain text, else of the HTML; "" if there is none before quoted text."""
    parts = [one for one in mime.leaves(message) if not one.attached]
    plain = next((one for one in parts if one.kind == "text/plain"), None)
    if plain and (found := _first(plain.text.splitlines())):
        return found
    html = next((one for one in parts if one.kind == "text/html"), None)
    return _first(html_lines(html.text)) if html else ""


def _first(lines: Iterator[str] | list[str]) -> str:
    cleaned = (" ".join(one.translate(_INVISIBLE).split()) for one in lines)
    return next((one for one in cleaned if one), "")


def html_lines(html: str) -> Iterator[str]:
    """The lines of a page down to its first quotation."""
    html, line, position = _UNSEEN.sub(" ", html), "", 0
    for tag in _TAG.finditer(html):
        line += html[position : tag.start()]
        position = tag.end()
        name = (tag[1] or "").lstrip("/").lower()
        if name == _QUOTE:
            yield _shown(line)
            return
        if name in _BREAKS:
            yield _shown(line)
            line = ""
    yield _shown(line + html[position:])


def _shown(line: str) -> str:
    return " ".join(unescape(_NO_CHARACTER.sub("\ufffd", line)).split())
