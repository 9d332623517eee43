"""What a door is made with, and what it offers in the name of the next hop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from milter.core import ip
from milter.core.envelope import Direction, Recipient, Transaction
from milter.delivery.capabilities import Capabilities
from milter.doors import xforward
from milter.errors import SmtpError, SmtpReply

# What our own header fields may add to a message before the next hop counts it; under a small limit no more than a quarter.
ROOM_FOR_FIELDS = 16 << 10
PATIENCE = 2.0  # seconds that a hello waits for the next hop
# Offered while the next hop was never reached: what every one of them can.
CONSERVATIVE = Capabilities(eight_bit=True, pipelining=True)

Admit = Callable[[str, tuple[str, ...], tuple[Recipient, ...], Recipient], Awaitable[SmtpReply | None]]

log = logging.getLogger("milter.doors")


async def everybody(
    _mail_from: str, _params: tuple[str, ...], _so_far: tuple[Recipient, ...], _new: Recipient
) -> SmtpReply | None:
    """Admits every recipient: right where each gets a reply of its own after the dot (LMTP)."""
    return None


@dataclass(frozen=True, slots=True)
class DoorSetup:
    """`name` "lmtp" or "smtp". `message_size_limit` in bytes, 0: the next hop's. `idle_timeout` in seconds.

    `now` an aware instant, UTC. `new_id` 12 hex digits. `carry` answers one reply a recipient, in order; SmtpError from
    it is the reply to all of them, anything else 451. `admit`: None takes the recipient, a reply refuses it.
    `capabilities` may raise SmtpError or OSError while the next hop is away.
    """

    name: str
    hostname: str
    mynetworks: tuple[IPv4Network | IPv6Network, ...]
    message_size_limit: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    carry: Callable[[Transaction], Awaitable[tuple[SmtpReply, ...]]]
    capabilities: Callable[[], Awaitable[Capabilities]]
    spool_dir: Path
    admit: Admit = everybody
    direction: Direction = Direction.INBOUND
    idle_timeout: float = 300.0
    max_connections: int = 1000
    max_recipients: int = 1000

    def trusts(self, peer: str) -> bool:
        """Whether the peer with that IP address may speak here. "": it opened our Unix socket, so it may."""
        if not peer:
            return True
        address = ip.parse(peer)
        return address is not None and any(address in network for network in self.mynetworks)

    def size_limit(self, offered: Capabilities) -> int:
        """The largest message taken, in bytes; 0: no limit."""
        next_hop = offered.size - min(ROOM_FOR_FIELDS, offered.size // 4)
        if next_hop and self.message_size_limit:
            return min(next_hop, self.message_size_limit)
        return next_hop or self.message_size_limit

    def keywords(self, offered: Capabilities) -> list[str]:
        """Our EHLO behind the greeting: what the next hop can, so that the peer decides what to send, not we."""
        lines = ["PIPELINING", f"SIZE {self.size_limit(offered)}"]  # RFC 1870 section 4: 0 is no fixed limit
        lines += ["8BITMIME"] if offered.eight_bit else []
        lines += ["SMTPUTF8"] if offered.smtputf8 else []
        lines += ["DSN"] if offered.dsn else []
        return [*lines, "ENHANCEDSTATUSCODES", f"XFORWARD {' '.join(xforward.ATTRIBUTES)}"]


class Offer:
    """What the next hop can, remembered while it is away."""

    def __init__(self, setup: DoorSetup) -> None:
        self._setup = setup
        self._last = CONSERVATIVE

    async def current(self) -> Capabilities:
        try:
            async with asyncio.timeout(PATIENCE):
                self._last = await self._setup.capabilities()
        except (OSError, SmtpError) as error:
            log.info(
                "the next hop does not answer a hello, offering what it last did: %s", error or type(error).__name__
            )
        return self._last
