"""Edits of a header as whole fields: some removed, ours inserted on top. The rest stays byte for byte."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from milter.core import authentication_results, encoded_words, marks
from milter.core.authentication_results import Believed
from milter.core.decision import Decision, Disposition
from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Missing
from milter.core.message import Field, Message, field_end
from milter.core.policy import Policy

LINE = 78  # RFC 5322 section 2.1.1
# Searched in the whole header, not among the parsed fields: those are capped, and a forgery may hide behind the cap.
_FORGEABLE = re.compile(rb"(?:\A|\n)((recado-[!-9;-~]*+|authentication-results)[ \t]*+:)", re.I)


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """`remove`: (start, end) offsets of whole fields in the header, in order; `insert`: (name, value) pairs, finished for the
    wire: ASCII or encoded words, short."""

    remove: tuple[tuple[int, int], ...] = ()
    insert: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.remove or self.insert)


def apply(message: Message, edits: HeaderEdits) -> bytes:
    """The header to send: ours on top, then what arrived less the removed fields."""
    pieces = [f"{name}: {value}\r\n".encode("ascii") for name, value in edits.insert]
    position = 0
    for start, end in edits.remove:
        pieces.append(message.header[position:start])
        position = end
    pieces.append(message.header[position:])
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is the same for every recipient of a message. `remove` as in HeaderEdits: the forgeries. `results`: our own
    Authentication-Results; "" where one in our name stays."""

    remove: tuple[tuple[int, int], ...]
    results: str


def clean(message: Message, believed: Believed, policy: Policy) -> Cleaned:
    """Finds what only we may write: Recado-* fields, and Authentication-Results in our name that are not believed."""
    kept = {message.fields[index].start for index in believed.fields}
    remove, own_kept = [], False
    for one in _in_our_name(message.header, policy):
        if one.start in kept:
            own_kept = True
        else:
            remove.append((one.start, one.start + len(one.raw)))
    return Cleaned(tuple(remove), "" if own_kept else _restated(believed.authentication, policy))


def edits_for(decision: Decision, cleaned: Cleaned, transaction: Transaction, policy: Policy) -> HeaderEdits:
    """For every recipient forgeries go; marked copies get our fields."""
    insert: list[tuple[str, str]] = []
    if decision.disposition is Disposition.MARKED:
        insert = _fields(decision, transaction, policy)
        if cleaned.results:
            insert.append(("Authentication-Results", cleaned.results))
        if transaction.message.header[:1] in (b" ", b"\t"):
            # The first line of a broken header would continue our last field, and forge what it says.
            insert.append(("Recado-Note", "the header began with a folded line"))
    return HeaderEdits(cleaned.remove, tuple(insert))


def _in_our_name(header: bytes, policy: Policy) -> Iterator[Field]:
    """The fields that only we may write: Recado-* in any case, and Authentication-Results with our id."""
    ours = authentication_results.own_id(policy)
    for found in _FORGEABLE.finditer(header):
        start = found.start(1)
        field = Field(found[2].decode("ascii").lower(), header[start : field_end(header, start, len(header))], start)
        if field.name != authentication_results.FIELD or authentication_results.resembles_ours(field.value, ours):
            yield field


def _fields(decision: Decision, transaction: Transaction, policy: Policy) -> list[tuple[str, str]]:
    owner, identity = decision.owner, decision.identity
    fields = [
        ("Recado-Identity", encoded_words.encode(identity.name if identity else "")),
        ("Recado-Class", decision.sender_class.value if decision.sender_class else ""),
        ("Recado-Client", encoded_words.encode(decision.client.id if decision.client else "")),
        ("Recado-Folder", encoded_words.encode(decision.folder or "")),
        ("Recado-Keywords", _folded("Recado-Keywords", decision.keywords)),
        ("Recado-Reputation", decision.standing),
        ("Recado-Reason", _folded("Recado-Reason", [one.code for one in decision.reasons])),
    ]
    if decision.moved_to is not None and owner:
        fields.append(("Recado-Hop", marks.hop_mark(policy.keys, owner.id, transaction.message)))
    return [(name, value) for name, value in fields if value]


def _restated(known: Authentication | Missing, policy: Policy) -> str:
    """RFC 8601 section 2.2: what we believe, in our own name; "none" if we checked nothing. One result a line, or more."""
    said = known.summary.split("; ") if isinstance(known, Authentication) and known.summary else ["none"]
    lines = [_folded("", one.split(" ")) for one in said]
    return ";\r\n ".join((authentication_results.own_id(policy), *lines))


def _folded(name: str, words: tuple[str, ...] | list[str]) -> str:
    """Words with spaces between, in lines of at most 78 characters."""
    text, room = "", LINE - len(name) - 2
    for word in words:
        if not text:
            text, room = word, room - len(word)
        elif len(word) + 1 <= room:
            text, room = f"{text} {word}", room - len(word) - 1
        else:
            text, room = f"{text}\r\n {word}", LINE - len(word) - 1
    return text
