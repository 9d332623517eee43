"""What the tests of the next hops send, and how they reach the sink."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from milter.core.envelope import Peer
from milter.core.message import parse
from milter.delivery.next_hop import Limits, Outgoing, Sender, open_next_hop
from tests.doubles.sink import Sink

CONTENT = b"From: ana@x.test\r\nSubject: hi\r\n\r\nbody\r\n"
BIG = CONTENT + b"x" * 20_000_000 + b"\r\n"  # more than sockets buffer: its dot waits for a reader
BROKEN = 60  # seconds: only a test that would hang for ever meets it


@asynccontextmanager
async def reach(sink: Sink, **limits: float) -> AsyncIterator[Sender]:
    """The next hop that `sink` is, with other limits than the usual ones where a test wants to meet them."""
    hop = open_next_hop(sink.hop, hostname="mx.test", limits=Limits(**limits))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(BROKEN):
            yield hop
    finally:
        await hop.close()


def letter(
    *to: str, content: bytes = CONTENT, mail_from: str = "eva@y.test", params: tuple[str, ...] = (),
    rcpt_params: tuple[str, ...] = (), peer: Peer | None = None,
) -> Outgoing:  # fmt: skip
    message = parse(content)
    rcpts = tuple((one, rcpt_params) for one in to or ("ana@x.test",))
    return Outgoing(mail_from, params, rcpts, message.header, message, peer or Peer())
