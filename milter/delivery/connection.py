"""One connection to an SMTP or LMTP server: greeted, its replies read with deadlines, nothing written out of turn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from milter.delivery import capabilities, replies
from milter.delivery.capabilities import Capabilities
from milter.errors import SmtpError, SmtpReply
from milter.settings.values import InetAddress, SocketAddress

MAX_UNREAD = 1 << 20  # bytes of replies waiting: those to a pipelined group of many recipients, and no more


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds by the loop's clock, and numbers of connections."""

    connect: float = 10.0  # the next hop is near: one that takes longer is down
    command: float = 60.0  # RFC 5321 section 4.5.3.2 names 5 minutes for strangers; our peer waits 100 s before queue
    block: float = 120.0  # for one block of the message to leave (section 4.5.3.2.5: 3 minutes)
    final_dot: float = (
        540.0  # over the 5 minutes that servers really take, under the 10 that our own peer waits (4.5.3.2.6)
    )
    idle: float = 20.0  # kept unused; a busy Postfix hangs up on idle clients sooner than its usual 300 s
    max_idle: int = 10
    at_once: int = 40
    turn: float = 30.0  # waiting for one of `at_once`; then our peer had better come back


class Connection(asyncio.Protocol):
    """Raises ConnectionError when the other end is gone, TimeoutError past a deadline, SmtpError for nonsense and 421.

    Used by one task at a time. `used`: taken from the pool, so it may have died unseen. `reusable`: no transaction
    is open.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.capabilities = Capabilities()
        self.used = False
        self.reusable = False
        self._buffer = bytearray()
        self._gone = ""
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        self._transport.set_write_buffer_limits(high=0)  # so that "flushed" means that the kernel has it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > MAX_UNREAD:
            self._gone = "the next hop talks without end"
            self._transport.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = self._gone or (str(exc) if exc else "the next hop hung up")
        self._wake()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def healthy(self) -> bool:
        """Still there, and no surplus reply that would be taken for the answer to the next command."""
        return not (self._gone or self._buffer or self._transport.is_closing())

    def write(self, data: bytes) -> None:
        """A reply nobody asked for must not pass for the one to what is written now: it could turn a no into a yes."""
        if self._buffer:
            raise SmtpError(replies.SURPRISE, f"spoke out of turn: {bytes(self._buffer[:200])!r}")
        if self._gone:
            raise ConnectionError(self._gone)
        self._transport.write(data)

    async def flush(self) -> None:
        """Returns when all that was written has left for the kernel."""
        await self._until(lambda: not self._paused, self.limits.block)
        if self._gone:
            raise ConnectionError(self._gone)

    async def reply(self, seconds: float) -> SmtpReply:
        """The next reply, whole. 421 is raised: whatever was asked, the next hop is leaving (RFC 5321 section 3.8)."""
        found = replies.take(self._buffer)
        if found is None:
            async with asyncio.timeout(seconds):
                while found is None:
                    await self._event()
                    found = replies.take(self._buffer)
        if found.code == 421:
            raise SmtpError(replies.relayed(found), f"the next hop said {found}")
        return found

    async def _until(self, ready: Callable[[], bool], seconds: float) -> None:
        if not ready() and not self._gone:
            async with asyncio.timeout(seconds):
                while not ready() and not self._gone:
                    await self._event()

    async def _event(self) -> None:
        if self._gone:
            raise ConnectionError(self._gone)
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def abort(self) -> None:
        """Cuts the connection: what was begun is not to be finished."""
        self._transport.abort()

    def quit(self) -> None:
        """Says goodbye without waiting for the answer."""
        if self.healthy:
            self._transport.write(b"QUIT\r\n")
        self._transport.close()


async def connect(address: SocketAddress, *, lmtp: bool, hostname: str, limits: Limits) -> Connection:
    """A connection that has said hello. SmtpError (always 4xx) if there is none to be had."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limits.connect):
            if isinstance(address, InetAddress):
                _, made = await loop.create_connection(lambda: Connection(limits), address.host, address.port)
            else:
                _, made = await loop.create_unix_connection(lambda: Connection(limits), address.path)
    except OSError as error:
        raise SmtpError(replies.UNREACHABLE, str(error) or "no connection in time") from error
    try:
        made.capabilities = await _hello(made, b"LHLO" if lmtp else b"EHLO", hostname.encode())
    except BaseException:
        made.abort()
        raise
    return made


async def _hello(connection: Connection, verb: bytes, hostname: bytes) -> Capabilities:
    seconds = connection.limits.command
    greeting = await connection.reply(seconds)
    if not greeting.accepted:
        raise SmtpError(replies.UNREACHABLE, f"greeted with {greeting}")
    connection.write(verb + b" " + hostname + b"\r\n")
    hello = await connection.reply(seconds)
    if hello.accepted:
        return capabilities.parse(hello)
    if verb == b"EHLO" and hello.permanent:
        # RFC 5321 section 3.2: a server that knows no EHLO is asked with HELO; it offers nothing then.
        connection.write(b"HELO " + hostname + b"\r\n")
        hello = await connection.reply(seconds)
        if hello.accepted:
            return Capabilities()
    raise SmtpError(replies.UNREACHABLE, f"{verb.decode()} was answered {hello}")
