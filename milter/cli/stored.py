"""A stored message as it once reached our door: without what was put on top of it since, and with the envelope it tells of."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from milter.core import address, encoded_words
from milter.core.message import Message, parse
from milter.core.policy import Policy

_ENDS = re.compile(rb"\r\n|\r|\n")
_FROM_LINE = re.compile(rb">?From [^\r\n]*\r\n")
# Put on top at the final delivery (RFC 5321 section 4.4); below the first Received they are of earlier hops, and stay.
_WRITTEN_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to")
_DELIVERY = frozenset({*_WRITTEN_TO, "return-path", "x-envelope-from", "delivery-date"})
_BY_LMTP = re.compile(r"\bwith\s+(?:UTF8)?LMTP(?:S|A|SA)?\b", re.I)  # RFC 3848, RFC 6531 section 4.3
_ENVELOPE_FROM = re.compile(r"envelope-(?:from|sender)\s+<([^<>]*)>", re.I)
_FOR = re.compile(r"\bfor\s+<([^<>]+)>", re.I)
_LONGEST_DATE = 64
_OLDEST, _NEWEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """`rcpt_to` whose address of an owner it was sent to; else one address that is nobody's, "" if none is named."""

    message: Message
    mail_from: str
    rcpt_to: tuple[str, ...]


def message_of(content: bytes) -> Message:
    """A message from a file with any line ends: CRLF throughout, without the `From ` line of an mbox."""
    content = content.replace(b"\n", b"\r\n") if b"\r" not in content else _ENDS.sub(b"\r\n", content)
    line = _FROM_LINE.match(content)
    return parse(content[line.end() :] if line else content)


def read(content: bytes, policy: Policy) -> Stored:
    message = message_of(content)
    return Stored(as_arrived(message), _mail_from(message), _recipients(message, policy))


def as_arrived(message: Message) -> Message:
    """Without the fields of its final delivery, and without ours and what was put above them."""
    fields, top = message.fields, 0
    ours = next((index for index, one in enumerate(fields) if one.name.startswith("recado-")), 0)
    for index, one in enumerate(fields):
        since = one.name == "received" and (index < ours or _BY_LMTP.search(one.value) is not None)
        if one.name not in _DELIVERY and not since:
            break
        top = index + 1
    if not top and not any(one.name.startswith("recado-") for one in fields):
        return message
    kept = [one.raw for one in fields[top:] if not one.name.startswith("recado-")]
    return Message(b"".join(kept), message.body, message.has_body)


def arrived(message: Message) -> datetime | None:
    """When it reached the mailbox, as far as its header tells: the topmost Received with a date, else Date."""
    stamps = [value.rpartition(";")[2] for value in message.all("received") if ";" in value]
    return next((at for text in (*stamps, message.first("date") or "") if (at := _instant(text))), None)


def plausible(at: datetime) -> bool:
    return _OLDEST < at < _NEWEST


def _instant(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text.strip()[:_LONGEST_DATE])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at if plausible(at) else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _mail_from(message: Message) -> str:
    stored = message.first("return-path") or message.first("x-envelope-from")
    if stored is not None:
        return stored.strip().removeprefix("<").removesuffix(">").strip()
    for value in message.all("received"):
        if found := _ENVELOPE_FROM.search(value):
            return found[1]
    return address.author(message)


def _recipients(message: Message, policy: Policy) -> tuple[str, ...]:
    """Where it was delivered to, else the owners' addresses it names: one for each identity, for each has one copy of it."""
    told = [one.strip().strip("<>") for name in _WRITTEN_TO for one in message.all(name)]
    told += [found[1] for value in message.all("received") if (found := _FOR.search(value))]
    owned = next((one for one in told if policy.addressed(one)), None)
    if owned:
        return (_as_received(owned, message, policy),)
    named = sorted(message.listed)
    by_identity = {(at.owner.id, at.identity.name): one for one in reversed(named) if (at := policy.addressed(one))}
    return tuple(sorted(by_identity.values())) or (*told, *named, "")[:1]


def _as_received(delivered_to: str, message: Message, policy: Policy) -> str:
    """Mail that we moved lies in the other mailbox: Recado-Identity says whose address it was sent to."""
    addressed = policy.addressed(delivered_to)
    name = encoded_words.decode(message.first("recado-identity") or "")
    sent_to = addressed.owner.identity(name) if addressed and name else None
    if not addressed or not sent_to or sent_to.name == addressed.identity.name:
        return delivered_to
    for one in (*sorted(message.listed), *sent_to.addresses):
        at = policy.addressed(one)
        if at and at.owner.id == addressed.owner.id and at.identity.name == sent_to.name and not one.startswith("@"):
            return one
    return delivered_to
