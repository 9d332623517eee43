"""The two directions of one connection: lines and blocks in, replies out, each with its bound."""

import asyncio

from milter.doors.answers import wire
from milter.doors.intake import Intake
from milter.doors.lines import Lines
from milter.errors import SmtpReply

HIGH_WATER = 64 << 10  # octets waiting unread, or unsent, before the other side is left to catch up
MAX_GARBAGE = 256 << 10  # octets of one line
TURN = 100  # commands of one peer in a row before other sessions get theirs


class Channel:
    """`peer_done`: the peer has said all it wants to, but may still read. `over`: we have said our last word.

    `heard`: when the peer last did something, on the loop's clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.peer_done = False
        self.over = False
        self.heard = loop.time()
        self._loop = loop
        self._lines = Lines()
        self._intake: Intake | None = None
        self._unsent: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._paused = False
        self._turn = 0

    def connect(self, transport: asyncio.Transport, writer: asyncio.StreamWriter) -> None:
        self._transport = transport
        self._writer = writer

    @property
    def between_commands(self) -> bool:
        """The session waits for the peer's next command, and for nothing else."""
        return self._waiting is not None and self._intake is None

    # In.

    def feed(self, data: bytes) -> None:
        self.heard = self._loop.time()
        behind: bytes | None = data
        if self._intake is not None:
            behind = self._intake.feed(data)
            if behind is not None:
                self._intake = None
        if behind:
            self._lines.feed(behind)
            if not self._paused and len(self._lines) > HIGH_WATER and not self._transport.is_closing():
                self._paused = True
                self._transport.pause_reading()
        self.wake()

    def end_of_input(self) -> None:
        self.peer_done = True
        self.wake()

    def wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def line(self) -> bytes | None:
        """The next command; None while there is none (then `traffic` is worth waiting for)."""
        self._turn += 1
        if self._turn >= TURN:
            self._turn = 0
            await self.flush()
            await asyncio.sleep(0)
        return self._lines.next()

    @property
    def garbage(self) -> bool:
        """What comes in has no line ends: it is no conversation."""
        return self._lines.dropped > MAX_GARBAGE

    def nothing_behind(self) -> bool:
        """Whether the peer waits for the reply to its last command; if not, what it sent behind is thrown away."""
        return not self._lines.take()

    async def traffic(self) -> None:
        """Until the peer says or does something. What we have to say leaves first."""
        # Made before anything is awaited, or what comes in meanwhile would wake nobody.
        self._waiting = self._loop.create_future()
        try:
            await self.flush()
            if self._paused and not self._transport.is_closing():
                self._paused = False
                self._transport.resume_reading()
            self._turn = 0
            await self._waiting
        finally:
            self._waiting = None

    async def receive(self, intake: Intake) -> bool:
        """Fills `intake` up to the final dot. False: the peer left before it."""
        self._intake = intake
        try:
            if early := self._lines.take():
                self.feed(early)
            while self._intake is not None and not self.peer_done:
                await self.traffic()
            return self._intake is None
        finally:
            self._intake = None

    # Out.

    def say(self, reply: SmtpReply) -> None:
        self._unsent.append(wire(reply))

    async def flush(self) -> None:
        """Replies to commands that came together leave together (RFC 2920 section 3.2)."""
        if self._unsent:
            # A mail is carried on when its peer has gone: to uvloop's transports, once closed, writing is a RuntimeError.
            if self._transport.is_closing():
                raise ConnectionResetError("the peer has gone")
            self._writer.write(b"".join(self._unsent))
            self._unsent.clear()
            await self._writer.drain()

    def last_word(self, reply: SmtpReply) -> None:
        """Ends the session from within a command: what else the peer sent is not looked at."""
        self.say(reply)
        self.over = True

    def dismiss(self, reply: SmtpReply) -> None:
        """Ends the session from outside. A peer that does not even read what was said before gets no last word."""
        self.over = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        elif not self._transport.is_closing():
            self.say(reply)
            self._transport.write(b"".join(self._unsent))
            self._unsent.clear()
            self._transport.close()
