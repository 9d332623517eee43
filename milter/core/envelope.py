"""A message on its way: who brought it, from whom, to whom, and what came with the commands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from milter.core.message import Message


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Peer:
    """The host at the other end: the true client where XFORWARD told it, else the one connected to the door.

    `address` an IP address or ""; `source` "LOCAL" or "REMOTE" (XFORWARD SOURCE); `queue_id` XFORWARD IDENT, "" if unknown.
    """

    address: str = ""
    name: str = ""
    helo: str = ""
    protocol: str = ""
    source: str = ""
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """`address` as in RCPT TO; `original` the rfc822 ORCPT decoded (RFC 3461 section 4.2) or ""; `params` as received, in order."""

    address: str
    original: str = ""
    params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One mail transaction as received at a door. `mail_from` is "" for the null reverse-path; `now` is aware, UTC."""

    id: str
    door: str
    direction: Direction
    peer: Peer
    mail_from: str
    params: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    message: Message
    now: datetime
