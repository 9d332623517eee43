"""The parent's subject as a reply may repeat it (R7): one clean line, bounded."""

import re
import unicodedata

from milter.core import encoded_words
from milter.core.message import Message

LONGEST_RAW = 2048  # characters before decoding: bombs of encoded words end here
LONGEST = 200
_PREFIX = re.compile(r"\s*(?:re|rv|fwd?|aw|wg|tr|sv|vs|vb|antw|enc|res|rif)\s*(?:\[\d{1,3}\])?\s*:\s*", re.I)
_CUT_WORD = re.compile(r"=\?[^?\s]*(?:\?[bqBQ]?(?:\?[^?\s]*)?)?\Z")
_JOINERS = "\u200c\u200d"  # emoji and some scripts need them


def subject_of(message: Message) -> str:
    return cleaned(message.first("subject") or "")


def cleaned(raw: str) -> str:
    """Decoded, without reply marks, control, bidirectional and other invisible characters; at most 200 characters."""
    if len(raw) > LONGEST_RAW:
        raw = _CUT_WORD.sub("", raw[:LONGEST_RAW])
    text = "".join(_visible(one) for one in encoded_words.decode(raw)[: 4 * LONGEST])
    for _ in range(10):
        text, again = _PREFIX.subn("", text, count=1) if _PREFIX.match(text) else (text, 0)
        if not again:
            break
    return " ".join(text.split())[:LONGEST].rstrip()


def _visible(one: str) -> str:
    match unicodedata.category(one):
        case "Cc" | "Zl" | "Zp" | "Cs":
            return " "
        case "Cf" if one not in _JOINERS:
            return ""
        case _:
            return one
