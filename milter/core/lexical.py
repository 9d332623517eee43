"""The lexical layer of structured header fields (RFC 5322 section 3.2): comments, quoted strings, parameters. Linear and total."""

import re
from collections.abc import Iterator

_MARK = re.compile(r'[()"\\]')
_PAIR = re.compile(r"\\(.)", re.S)


def without_comments(text: str) -> str:
    """`text` with every comment (nested, quoted pairs in it) made one space. An unclosed comment ends the text."""
    kept: list[str] = []
    depth, quoted, start, position = 0, False, 0, 0
    while found := _MARK.search(text, position):
        at, position = found.start(), found.end()
        match found[0]:
            case "\\" if depth or quoted:
                position += 1
            case '"' if not depth:
                quoted = not quoted
            case "(" if not quoted:
                if not depth:
                    kept += (text[start:at], " ")
                depth += 1
            case ")" if depth:
                depth -= 1
                start = position
            case _:
                pass
    if not depth:
        kept.append(text[start:])
    return "".join(kept)


def split(text: str, separators: str) -> Iterator[str]:
    """The parts between any of `separators` outside quoted strings; an unclosed quoted string reaches to the end."""
    mark = re.compile(rf'["\\{re.escape(separators)}]')
    quoted, start, position = False, 0, 0
    while found := mark.search(text, position):
        at, position = found.start(), found.end()
        if found[0] == "\\":
            position += 1 if quoted else 0
        elif found[0] == '"':
            quoted = not quoted
        elif not quoted:
            yield text[start:at]
            start = position
    yield text[start:]


def unquoted(text: str) -> str:
    """The content of a quoted string; anything else as it is, without the spaces around it."""
    text = text.strip()
    if not text.startswith('"'):
        return text
    return _PAIR.sub(r"\1", text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:])


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """("multipart/report", {"report-type": "delivery-status"}) of `value` (RFC 2045 section 5.1): names and the first word
    in lower case, values as written; of two parameters of one name the first counts."""
    first, *rest = split(without_comments(value), ";")
    found: dict[str, str] = {}
    for one in rest:
        name, equals, text = one.partition("=")
        if equals:
            found.setdefault(name.strip().rstrip("*").lower(), unquoted(text))
    return "".join(first.split()).lower(), found
