"""One question to one name server: a datagram from a port of its own, then TCP if the answer did not fit."""

import asyncio
import secrets
from dataclasses import dataclass

from milter.lookup.dns_answers import Key
from milter.lookup.dns_wire import Reading, Unreadable, question, read


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def server(text: str) -> Server:
    """`127.0.0.1`, `127.0.0.1:5353`, `[::1]:53` or `::1`: what settings let through."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return Server(host, int(port.lstrip(":") or 53))
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return Server(host, int(port))
    return Server(text)


async def exchange(there: Server, asked: Key) -> Reading:
    """The answer to this very question; anything else that arrives is ignored.

    OSError if nobody is there, EOFError if the connection broke, Unreadable; the deadline is the caller's.
    """
    loop = asyncio.get_running_loop()
    ident = secrets.randbits(16)
    # Connected: the kernel drops what comes from elsewhere, and tells when nobody listens.
    transport, waiting = await loop.create_datagram_endpoint(
        lambda: _Waiting(asked, ident, loop.create_future()), remote_addr=(there.host, there.port)
    )
    try:
        transport.sendto(question(asked, ident))
        reading = await waiting.reading
    finally:
        transport.close()
    return await _over_tcp(there, asked, ident) if reading.truncated else reading


@dataclass(slots=True)
class _Waiting(asyncio.DatagramProtocol):
    asked: Key
    ident: int
    reading: asyncio.Future[Reading]

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            reading = read(data, self.asked, self.ident)
        except Unreadable:
            return
        if reading and not self.reading.done():
            self.reading.set_result(reading)

    def error_received(self, exc: Exception) -> None:
        if not self.reading.done():
            self.reading.set_exception(exc)


async def _over_tcp(there: Server, asked: Key, ident: int) -> Reading:
    reader, writer = await asyncio.open_connection(there.host, there.port)
    try:
        sent = question(asked, ident)
        writer.write(len(sent).to_bytes(2, "big") + sent)
        length = int.from_bytes(await reader.readexactly(2), "big")
        reading = read(await reader.readexactly(length), asked, ident)
    finally:
        writer.close()
    if reading is None or reading.truncated:
        raise Unreadable
    return reading
