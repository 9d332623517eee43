"""One question to one name server: a datagram from a port of its own, then TCP if the answer did not fit."""

import asyncio
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.message

LONGEST = 16_384  # bytes of an answer
MOST_RECORDS = 256  # reading more would keep the loop busy for longer than a message may
_HEADER = 12


class Unreadable(Exception):
    """An answer that is none, or more of one than we read."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int = 53


def server(text: str) -> Server:
    """`127.0.0.1`, `127.0.0.1:5353`, `[::1]:53` or `::1`: what settings let through."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return Server(host, int(port.lstrip(":") or 53))
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return Server(host, int(port))
    return Server(text)


async def exchange(there: Server, query: dns.message.QueryMessage) -> dns.message.QueryMessage:
    """The answer to this very question; anything else that arrives is ignored (RFC 5452 section 9.1).

    OSError if nobody is there, EOFError if the connection broke, Unreadable; the deadline is the caller's.
    """
    loop = asyncio.get_running_loop()
    # Connected: the kernel drops what comes from elsewhere, and tells when nobody listens.
    transport, waiting = await loop.create_datagram_endpoint(
        lambda: _Waiting(query, loop.create_future()), remote_addr=(there.host, there.port)
    )
    try:
        transport.sendto(query.to_wire())
        answer = await waiting.answer
    finally:
        transport.close()
    return answer or await _over_tcp(there, query)


@dataclass(slots=True)
class _Waiting(asyncio.DatagramProtocol):
    """`answer` is None if it did not fit."""

    query: dns.message.QueryMessage
    answer: asyncio.Future[dns.message.QueryMessage | None]

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answer.done():
            return
        try:
            message = _parsed(data)
        except dns.message.Truncated as error:
            if self.query.is_response(error.message()):
                self.answer.set_result(None)
        except (dns.exception.DNSException, Unreadable):
            return
        else:
            if self.query.is_response(message):
                self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_tcp(there: Server, query: dns.message.QueryMessage) -> dns.message.QueryMessage:
    reader, writer = await asyncio.open_connection(there.host, there.port)
    try:
        writer.write(query.to_wire(prepend_length=True))
        length = int.from_bytes(await reader.readexactly(2), "big")
        if length > LONGEST:
            raise Unreadable
        message = _parsed(await reader.readexactly(length))
    except dns.exception.DNSException as error:
        raise Unreadable from error
    finally:
        writer.close()
    if not query.is_response(message):
        raise Unreadable
    return message


def _parsed(wire: bytes) -> dns.message.QueryMessage:
    records = sum(int.from_bytes(wire[at : at + 2], "big") for at in range(6, _HEADER, 2))
    if records > MOST_RECORDS:
        raise Unreadable
    return cast(dns.message.QueryMessage, dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=True))
