"""Macro strings of SPF (RFC 7208 section 7), in one walk over the text: a record may be as long and as odd as its author likes."""

import re
from collections.abc import Callable
from urllib.parse import quote

LONGEST_NAME = 253
_TOKEN = re.compile(
    r"%(?:(?P<plain>[%_-])|\{(?P<letter>[a-z])(?P<digits>[0-9]*)(?P<reverse>r?)(?P<by>[-.+,/_=]*)\})", re.I
)
_PLAIN = {"%": "%", "_": " ", "-": "%20"}
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]*")
_IN_NAMES = frozenset("slodipvh")
_IN_TEXTS = _IN_NAMES | frozenset("crt")  # only the text that exp= points to may use the last three


class NoMacroString(Exception):
    """The text breaks the grammar of section 7.1."""


def check(text: str) -> None:
    """NoMacroString unless `text` is a macro-string; of a modifier that nobody knows, this is all that may be wrong."""
    for one in _tokens(text):
        if isinstance(one, re.Match) and one["letter"]:
            _checked(one, _IN_TEXTS)


def check_domain(text: str) -> None:
    """NoMacroString unless `text` is a domain-spec: a macro-string that ends in a macro or in a top-level label."""
    tokens = _tokens(text)
    for one in tokens:
        if isinstance(one, re.Match) and one["letter"]:
            _checked(one, _IN_NAMES)
    if not tokens:
        raise NoMacroString
    last = tokens[-1]
    if isinstance(last, str) and not _ends_in_top_label(last):
        raise NoMacroString


def expand(text: str, value: Callable[[str], str]) -> str:
    """The name that a domain-spec means; `value` tells the value of a lower-case letter. NoMacroString."""
    parts = []
    for one in _tokens(text):
        if isinstance(one, str):
            parts.append(one)
        elif one["plain"]:
            parts.append(_PLAIN[one["plain"]])
        else:
            parts.append(_expanded(one, value))
    return _fitted("".join(parts).removesuffix("."))


def _tokens(text: str) -> list[str | re.Match[str]]:
    found: list[str | re.Match[str]] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at) if text[at] == "%" else _LITERAL.match(text, at)
        if not token or token.end() == at:
            raise NoMacroString
        found.append(token if text[at] == "%" else token[0])
        at = token.end()
    return found


def _checked(macro: re.Match[str], letters: frozenset[str]) -> None:
    # "If a DIGIT is specified, the value MUST be nonzero" (section 7.3).
    if macro["letter"].lower() not in letters or (macro["digits"] and not macro["digits"].strip("0")):
        raise NoMacroString


def _expanded(macro: re.Match[str], value: Callable[[str], str]) -> str:
    _checked(macro, _IN_NAMES)
    text = value(macro["letter"].lower())
    if macro["digits"] or macro["reverse"] or macro["by"]:
        parts = re.split(f"[{re.escape(macro['by'] or '.')}]", text)
        if macro["reverse"]:
            parts.reverse()
        wanted = macro["digits"].lstrip("0")
        if wanted and len(wanted) < 4:
            parts = parts[-int(wanted) :]
        text = ".".join(parts)
    return quote(text, safe="") if macro["letter"].isupper() else text


def _ends_in_top_label(literal: str) -> bool:
    """`"." toplabel [ "." ]`: letters, digits and inner hyphens, not digits alone."""
    _, dot, label = literal.removesuffix(".").rpartition(".")
    plain = label.replace("-", "")
    return bool(dot and plain.isalnum() and label[0] != "-" and label[-1] != "-" and not label.isdigit())


def _fitted(name: str) -> str:
    """Without the labels on the left that make it longer than a name can be (section 7.3)."""
    if len(name) <= LONGEST_NAME:
        return name
    _, dot, rest = name[-LONGEST_NAME - 1 :].partition(".")
    return rest if dot else name
