"""Mailboxes out of address fields (RFC 5322 section 3.4): names, comments, groups, routes. Linear, total, strict about addresses.

What two programs would read differently (CVE-2023-27043) is no address here: a broken mailbox has the address "".
"""

import re
from dataclasses import dataclass, field

from milter.core import encoded_words
from milter.core.address import Mailbox

MOST = 20000  # mailboxes read of one field

_PLAIN = re.compile(r'[^"(),:;<>\\]+')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.S)
_COMMENT_MARK = re.compile(r"[()\\]")
_ROUTE = re.compile(r'@[^:"<>]*:')  # RFC 5322 section 4.4: a source route says nothing about the mailbox
_SPACES = re.compile(r"[ \t\r\n]+")
_ATOM = r'[^\x00-\x20\x7f\ud800-\udfff"(),.:;<>@\[\]\\]+'
_LOCAL = rf'(?:{_ATOM}(?:\.{_ATOM})*+|"(?:[^\x00-\x1f\x7f\ud800-\udfff"\\]|\\[^\x00-\x1f\x7f])*+")'
_DOMAIN = r'(?:[^\x00-\x20\x7f\ud800-\udfff"(),:;<>@\[\]\\]+|\[[0-9A-Za-z:.]+\])'
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_LONGEST = 320


def is_address(text: str) -> bool:
    """Whether `text` is an addr-spec as it may stand on an envelope: no comments, no control characters, no bare
    spaces, no bytes that are not UTF-8 (lone surrogates)."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None


def parse(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an unfolded address field, those of groups included, in order."""
    scanner = _Scanner(value)
    scanner.run()
    return tuple(scanner.found[:MOST])


@dataclass(slots=True)
class _Scanner:
    """One pass over the text. `words` of the mailbox at hand, `angle` what stood in its <>, None before it.

    `comment`: its first one, which mail programs show where there is no name (RFC 5322 section 3.4, "x@y (Name)").
    """

    text: str
    found: list[Mailbox] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    comment: str = ""
    angle: list[str] | None = None
    inside: bool = False
    broken: bool = False
    quotes_close: bool = True

    def run(self) -> None:
        position = 0
        while position < len(self.text) and len(self.found) < MOST:
            position = self._step(position)
        self._end()

    def _step(self, position: int) -> int:
        mark = self.text[position]
        if plain := _PLAIN.match(self.text, position):
            self._take(plain[0])
            return plain.end()
        if mark == '"' and self.quotes_close:
            if quoted := _QUOTED.match(self.text, position):
                self._take(quoted[0])
                return quoted.end()
            self.quotes_close = False  # none will: asking again at each quote would be quadratic
        if mark == "(":
            end = self._comment(position)
            self.comment = self.comment or self.text[position + 1 : end - 1]
            return end
        if mark == "<" and not self.inside:
            self.broken = self.broken or self.angle is not None
            self.angle, self.inside = [], True
        elif mark == ">" and self.inside:
            self.inside = False
        elif not self.inside and mark in ",;":
            self._end()
        elif not self.inside and mark == ":":
            self.words.clear()  # what stood here was the name of a group
        else:
            self._take(mark)
        return position + 1

    def _take(self, piece: str) -> None:
        if self.inside and self.angle is not None:
            self.angle.append(piece)
        else:
            self.broken = self.broken or (self.angle is not None and "@" in piece)
            self.words.append(piece)

    def _comment(self, position: int) -> int:
        depth = 0
        while found := _COMMENT_MARK.search(self.text, position):
            position = found.end()
            if found[0] == "\\":
                position += 1
            else:
                depth += 1 if found[0] == "(" else -1
            if not depth:
                return position
        return len(self.text)

    def _end(self) -> None:
        phrase = "".join(self.words).strip(" \t\r\n")
        if self.angle is not None:
            self.found.append(
                Mailbox(
                    _name(phrase or self.comment), "" if self.broken or self.inside else _address("".join(self.angle))
                )
            )
        elif (
            "@" in phrase
        ):  # else an unquoted comma in a name ("Souto, Ana <a@b>"): no mailbox, and no doubt about the next
            self.found.append(Mailbox(_name(self.comment), "" if self.broken else _address(phrase)))
        self.words, self.comment, self.angle, self.inside, self.broken = [], "", None, False, False


def _address(text: str) -> str:
    text = text.strip(" \t\r\n")
    if route := _ROUTE.match(text):
        text = text[route.end() :]
    if not text.startswith('"'):
        text = _SPACES.sub(" ", text).replace(" @", "@").replace("@ ", "@").replace(" .", ".").replace(". ", ".")
    return text if is_address(text) else ""


def _name(phrase: str) -> str:
    if phrase.startswith('"') and phrase.endswith('"') and len(phrase) > 1:
        phrase = re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return encoded_words.decode(phrase)
