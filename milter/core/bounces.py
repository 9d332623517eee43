"""The return address of a reply, and what comes back to it. The mark needs no look-up: only we can have made it, lately."""

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from milter.core import address
from milter.core.keys import Keys
from milter.core.message import Message
from milter.core.policy import Policy

VALID = timedelta(days=14)  # a queue gives up after five days, and the hop behind it after five more
SILENT = timedelta(days=90)  # after a hard bounce: nothing more to an address that is gone
READ = 1 << 18  # bytes of a body that are looked at for the report
_DAYS = 1 << 10  # the day wraps, as in BATV
_RECORD = re.compile(r"[0-9a-f]{33}")
_MARK = re.compile(r"[a-z2-7]{40}")
_PART = re.compile(rb"^content-type[ \t]*:[ \t\r\n]*message/(?:global-)?delivery-status", re.I | re.M)
_BOUNDARY = re.compile(rb"^--\S", re.M)
_EMPTY_LINE = re.compile(rb"\r\n(?:[ \t]*\r\n)+")
_ACTION = re.compile(rb"^action[ \t]*:[ \t]*([a-z]+)", re.I | re.M)
_STATUS = re.compile(rb"^status[ \t]*:[ \t]*([245]\.[0-9]{1,3}\.[0-9]{1,3})", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Bounce:
    """`code` for the journal; `status` (RFC 3463) or ""; `hard`: the address will not take mail later either."""

    code: str
    status: str = ""
    hard: bool = False


def return_address(policy: Policy, record: str, now: datetime) -> str:
    """MAIL FROM of the reply that `record` (33 hex digits: shard and name) stands for; "" without a bounce address."""
    if not policy.bounce_address:
        return address.NULL
    local, domain = address.split(policy.bounce_address)
    return f"{local}{(policy.recipient_delimiter or '+')[0]}{mark(policy.keys, record, now)}@{domain}"


def mark(keys: Keys, record: str, now: datetime) -> str:
    """40 characters of lower-case base32, so that a host that changes the case of local parts does no harm."""
    if not _RECORD.fullmatch(record):
        raise ValueError(f"not the name of a record: {record!r}")
    head = (int(record[0], 16) << 10 | _day(now)).to_bytes(2, "big") + bytes.fromhex(record[1:])
    return b32encode(head + _proof(keys, head)).decode("ascii").lower()


def returned_to(policy: Policy, rcpt_to: str, now: datetime) -> str | None:
    """The record named by a recipient with a mark of ours that is not too old; None for every other address."""
    detail = policy.bounce_detail(rcpt_to)
    if detail is None or not _MARK.fullmatch(detail):
        return None
    raw = b32decode(detail.upper())
    head, proof = raw[:18], raw[18:]
    if proof != _proof(policy.keys, head):
        return None
    first = int.from_bytes(head[:2], "big")
    age = (_day(now) - first) % _DAYS
    # A day ahead: two hosts of ours whose clocks do not agree at midnight.
    if age > VALID.days and age != _DAYS - 1:
        return None
    return f"{first >> 10:x}{head[2:].hex()}"


def bounce(message: Message) -> Bounce:
    """What the report says (RFC 3464 section 2.3); one that says nothing readable is a bounce, but no hard one."""
    groups = _EMPTY_LINE.split(_report(message))
    found = [(action, _first(_STATUS, one)) for one in groups if (action := _first(_ACTION, one).lower())]
    if not found:
        # An automatic responder answered the return address, as it should: our reply arrived.
        answered = (message.first("auto-submitted") or "").lower().startswith("auto-replied")
        return Bounce("reply-met-responder") if answered else Bounce("reply-bounced")
    failed = [status for action, status in found if action == "failed"]
    if not failed:
        return Bounce("reply-delayed", found[0][1])
    # RFC 3463 section 2: class 5 is permanent.
    return Bounce("reply-bounced", failed[0], any(one.startswith("5") for one in failed))


def _report(message: Message) -> bytes:
    """The fields of the delivery status; b"" if there is no such part."""
    body = bytes(message.body[:READ])
    part = _PART.search(body)
    if part is None:
        return b""
    end = _BOUNDARY.search(body, part.end())
    return body[part.end() : end.start() if end else len(body)]


def _first(pattern: re.Pattern[bytes], text: bytes) -> str:
    found = pattern.search(text)
    return found[1].decode("ascii") if found else ""


def _day(now: datetime) -> int:
    return now.astimezone(UTC).toordinal() % _DAYS


def _proof(keys: Keys, head: bytes) -> bytes:
    return bytes.fromhex(keys.name("bounce", head.hex()))[:7]
