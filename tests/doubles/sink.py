"""A next hop that remembers every transaction and fails as told: a real SMTP or LMTP server on port 0 or a Unix path.

    async with Sink(lmtp=True) as sink:
        sink.faults.rcpt = {"gone@x": "550 5.1.1 no such user"}.get
        ... sink.hop is the next hop to configure; sink.delivered[0].data what arrived

A reply is text ("\\n" makes it multi-line) or bytes, sent as they stand. Nothing here waits for seconds: what is slow
waits for an asyncio.Event of the test.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from milter.settings.values import InetAddress, LmtpHop, SmtpHop, SocketAddress, UnixAddress

EXTENSIONS = ("PIPELINING", "SIZE 200000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES",
              "XFORWARD NAME ADDR PROTO HELO IDENT SOURCE")  # fmt: skip
Reply = str | bytes
_PATH = re.compile(r"(?:MAIL FROM|RCPT TO):<(.*?)>(?: (.*))?$", re.I)


class Hangup(Exception):
    """Ends a session of the sink."""


@dataclass
class Faults:
    """What goes wrong from now on. A reply of "" is the good one; `rcpt` and `dot` are asked with the address.

    `drop` cuts the connection: at "connect", "hello", "mail", "rcpt", "data", "body" (first bytes), "dot" (nothing
    stored), "stored" (after storing), "second" (after the first LMTP reply); at "stall" it stops reading the message.
    `hold` is awaited at `hold_at`: "hello", "mail", "rcpt" or "dot". `mute_until` keeps every reply back until that
    command came, as only pipelining allows.
    """

    banner: Reply = ""
    hello: Reply = ""
    helo: Reply = ""
    extensions: tuple[str, ...] = EXTENSIONS
    xforward: Reply = ""
    mail: Reply = ""
    rcpt: Callable[[str], Reply | None] = lambda address: ""
    data: Reply = ""
    dot: Callable[[str], Reply | None] = lambda address: ""
    extra: Reply = ""  # said after the reply to the dot, though nobody asked
    drop: str = ""
    hold: asyncio.Event | None = None
    hold_at: str = "dot"
    mute_until: str = ""


@dataclass(frozen=True)
class Delivery:
    """One transaction that reached its dot. `accepted`: who got 250 for it. `wire`: with stuffing, without the dot."""

    mail_from: str
    params: tuple[str, ...]
    rcpts: tuple[tuple[str, tuple[str, ...]], ...]
    xforward: dict[str, str]
    wire: bytes
    accepted: tuple[str, ...]
    connection: int

    @property
    def data(self) -> bytes:
        unstuffed = self.wire.replace(b"\r\n.", b"\r\n")
        return unstuffed[1:] if unstuffed.startswith(b".") else unstuffed


@dataclass
class Sink:
    """`dotted`: every transaction with a dot; `delivered`: those with a 250. `commands` of all sessions."""

    lmtp: bool = False
    path: str = ""
    port: int = 0
    faults: Faults = field(default_factory=Faults)
    dotted: list[Delivery] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    pipelined: bool = False  # a command came before the reply to the one before it
    undotted: list[bytes] = field(default_factory=list)  # what came of messages that never got their dot
    held: asyncio.Event = field(default_factory=asyncio.Event)  # set when a session waits for `faults.hold`
    _sessions: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def delivered(self) -> list[Delivery]:
        return [one for one in self.dotted if one.accepted]

    @property
    def address(self) -> SocketAddress:
        return UnixAddress(self.path) if self.path else InetAddress("127.0.0.1", self.port)

    @property
    def hop(self) -> SmtpHop | LmtpHop:
        return LmtpHop(self.address) if self.lmtp else SmtpHop(self.address)

    async def __aenter__(self) -> "Sink":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listens, again on the same port after a close()."""
        if self.path:
            self._server = await asyncio.start_unix_server(self._serve, self.path, limit=1 << 20)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Goes away: no longer listens, and every connection is cut."""
        if self._server:
            self._server.close()  # from Python 3.12 on wait_closed() waits for the sessions, which are cut only now
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Cuts every connection and goes on listening, as a next hop that was restarted."""
        sessions = dict(self._sessions)
        for task, writer in sessions.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    async def ended(self) -> None:
        """Returns when no session is open any more."""
        await self.until(lambda: not self._sessions)

    async def wait(self, number: int = 1) -> list[Delivery]:
        """Waits until so many messages were accepted here."""
        await self.until(lambda: len(self.delivered) >= number)
        return self.delivered

    async def until(self, ready: Callable[[], bool]) -> None:
        """Waits until `ready` says so, asked after every command and every message."""
        async with self._news:
            await self._news.wait_for(ready)

    async def tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._sessions[task] = writer
        try:
            await _Session(self, reader, writer, self.connections).run()
        except (ConnectionError, Hangup, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            del self._sessions[task]
            await self.tell()


class _Session:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.sink, self.reader, self.writer, self.number = sink, reader, writer, number
        self.buffer = bytearray()
        self.unsaid: list[bytes] = []
        self.xforward: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        self.mail: tuple[str, tuple[str, ...]] | None = None
        self.rcpts: list[tuple[str, tuple[str, ...]]] = []

    @property
    def faults(self) -> Faults:
        return self.sink.faults

    async def run(self) -> None:
        self.at("connect")
        await self.say(self.faults.banner or "220 sink.test ready")
        if self.faults.banner and self.faults.banner[:1] not in ("2", b"2"):
            return
        verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "LHLO" if self.sink.lmtp else "EHLO": self.ehlo, "XFORWARD": self.on_xforward, "MAIL": self.on_mail,
            "RCPT": self.on_rcpt, "DATA": self.on_data,
        }  # fmt: skip
        if not self.sink.lmtp:
            verbs["HELO"] = self.helo
        while (line := await self.line()) is not None:
            verb = line.split(" ", 1)[0].upper()
            self.sink.commands.append(line)
            await self.sink.tell()
            if verb == self.faults.mute_until:
                self.writer.write(b"".join(self.unsaid))
                self.unsaid.clear()
                self.faults.mute_until = ""
            if verb in verbs:
                await verbs[verb](line)
            elif verb == "RSET":
                self.forget()
                await self.say("250 2.0.0 forgotten")
            elif verb == "QUIT":
                await self.say("221 2.0.0 bye")
                return
            else:
                await self.say("500 5.5.2 what?")

    def at(self, point: str) -> None:
        if self.faults.drop == point:
            raise Hangup

    async def wait(self, point: str) -> None:
        if self.faults.hold and self.faults.hold_at == point:
            self.sink.held.set()
            await self.faults.hold.wait()

    async def say(self, reply: Reply) -> None:
        said = reply if isinstance(reply, bytes) else encoded(reply)
        if self.buffer:
            self.sink.pipelined = True
        if self.faults.mute_until:
            self.unsaid.append(said)
        else:
            self.writer.write(said)
            await self.writer.drain()

    async def line(self) -> str | None:
        while b"\n" not in self.buffer:
            if not (block := await self.reader.read(1 << 16)):
                return None
            self.buffer += block
        line, _, rest = self.buffer.partition(b"\n")
        self.buffer = rest
        return line.rstrip(b"\r").decode("utf-8", "surrogateescape")

    async def ehlo(self, line: str) -> None:
        self.at("hello")
        await self.wait("hello")
        self.forget()
        await self.say(self.faults.hello or "250 " + "\n".join(("sink.test", *self.faults.extensions)))

    async def helo(self, line: str) -> None:
        await self.say(self.faults.helo or "250 sink.test")

    async def on_xforward(self, line: str) -> None:
        self.xforward |= dict(one.split("=", 1) for one in line.split()[1:])
        await self.say(self.faults.xforward or "250 2.0.0 noted")

    async def on_mail(self, line: str) -> None:
        self.at("mail")
        await self.wait("mail")
        if self.mail is not None:
            await self.say("503 5.5.1 nested MAIL")
        elif self.faults.mail:
            await self.say(self.faults.mail)
        else:
            self.mail = parsed(line)
            await self.say("250 2.1.0 sender ok")

    async def on_rcpt(self, line: str) -> None:
        self.at("rcpt")
        await self.wait("rcpt")
        address, params = parsed(line)
        reply = self.faults.rcpt(address) or ("250 2.1.5 recipient ok" if self.mail else "503 5.5.1 need MAIL")
        if str(reply)[:1] == "2" or reply[:1] == b"2":
            self.rcpts.append((address, params))
        await self.say(reply)

    async def on_data(self, line: str) -> None:
        self.at("data")
        if not self.faults.data and not self.rcpts:
            return await self.say("554 5.5.1 no valid recipients")
        await self.say(self.faults.data or "354 go on")
        if self.faults.data and self.faults.data[:1] not in ("3", b"3"):
            return None
        wire = await self.message()
        self.at("dot")
        await self.wait("dot")
        await self.outcome(wire)
        self.forget()
        return None

    async def outcome(self, wire: bytes) -> None:
        names = [address for address, _ in self.rcpts]
        if self.sink.lmtp:
            answers = {name: self.faults.dot(name) or "250 2.0.0 stored" for name in names}
            replies = list(answers.values())
        else:
            replies = [(self.faults.dot("") or "250 2.0.0 queued") if names else "554 5.5.1 no valid recipients"]
            answers = dict.fromkeys(names, replies[0])
        stored = tuple(name for name in names if answers[name][:1] in ("2", b"2"))
        mail_from, params = self.mail or ("", ())
        self.sink.dotted.append(
            Delivery(mail_from, params, tuple(self.rcpts), dict(self.xforward), wire, stored, self.number)
        )
        self.xforward.clear()
        await self.sink.tell()
        self.at("stored")
        for reply in replies:
            await self.say(reply)
            self.at("second")
        if self.faults.extra:
            await self.say(self.faults.extra)

    async def message(self) -> bytes:
        """Up to the lone dot, without it; what follows stays for the next command."""
        if self.faults.drop == "stall":
            await self.writer.wait_closed()
            raise Hangup
        wire, looked = bytearray(b"\r\n") + self.buffer, 0
        while (end := wire.find(b"\r\n.\r\n", looked)) < 0:
            looked = max(0, len(wire) - 4)
            if len(wire) > 2:
                self.at("body")
            if not (block := await self.reader.read(1 << 18)):
                self.sink.undotted.append(bytes(wire[2:]))
                raise Hangup
            wire += block
        self.at("body")
        self.buffer = wire[end + 5 :]
        return bytes(wire[2 : end + 2])


def encoded(reply: str) -> bytes:
    """`250 a\\nb` as a multi-line reply."""
    code, text = reply[:3], reply[4:]
    lines = text.split("\n")
    marks = ["-"] * (len(lines) - 1) + [" "]
    return "".join(f"{code}{mark}{one}\r\n" for mark, one in zip(marks, lines, strict=True)).encode()


def parsed(line: str) -> tuple[str, tuple[str, ...]]:
    found = _PATH.match(line)
    assert found, f"the sink cannot read {line!r}"
    return found[1], tuple((found[2] or "").split())
