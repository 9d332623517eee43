"""Who comes to a door: a client that speaks lines, and what a door in these tests is made of."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from milter.core.envelope import Recipient, Transaction
from milter.delivery.capabilities import Capabilities
from milter.doors.door import Door
from milter.errors import SmtpReply

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STORED = SmtpReply(250, "2.0.0", "stored")
CAN_ALL = Capabilities(size=10_000_000, eight_bit=True, smtputf8=True, dsn=True, pipelining=True)
WAIT = 20.0  # seconds until a test that hangs fails; nothing waits that long


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *lines: str | bytes) -> None:
        """Text is a line and gets its CRLF, bytes go as they are; all in one write."""
        self.writer.write(b"".join(one if isinstance(one, bytes) else one.encode() + b"\r\n" for one in lines))
        await self.writer.drain()

    async def line(self) -> str:
        """One line of a reply, "" when the door has closed."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), WAIT)
        except ConnectionResetError:
            return ""
        assert line.endswith(b"\r\n") or not line
        return line.decode("ascii").removesuffix("\r\n")

    async def reply(self) -> str:
        """One reply; its lines joined by newlines."""
        lines = [await self.line()]
        while lines[-1][3:4] == "-":
            lines.append(await self.line())
        return "\n".join(lines)

    async def ask(self, *lines: str | bytes) -> str:
        await self.send(*lines)
        return await self.reply()

    async def begin(
        self, *recipients: str, mail_from: str = "cliente@acme.example", hello: str = "LHLO client"
    ) -> None:
        """Up to the 354."""
        assert (await self.reply()).startswith("220 ")
        assert (await self.ask(hello)).startswith("250")
        assert (await self.ask(f"MAIL FROM:<{mail_from}>")).startswith("250 ")
        for one in recipients or ("ana@estudio.example",):
            assert (await self.ask(f"RCPT TO:<{one}>")).startswith("250 ")
        assert (await self.ask("DATA")).startswith("354 ")

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


@dataclass
class Opened:
    door: Door
    carried: list[Transaction]
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        if isinstance(self.door.address, str):
            streams = await asyncio.open_unix_connection(self.door.address)
        else:
            streams = await asyncio.open_connection(*self.door.address[:2])  # type: ignore[index]
        self.clients.append(Client(*streams))
        return self.clients[-1]


OpenDoor = Callable[..., Awaitable[Opened]]


async def one_owner(
    _mail_from: str, _params: tuple[str, ...], so_far: tuple[Recipient, ...], new: Recipient
) -> SmtpReply | None:
    """Takes recipients of one domain only, as the SMTP doors take those of one owner."""
    domains = {one.address.rpartition("@")[2] for one in (*so_far, new)}
    return None if len(domains) == 1 else SmtpReply(452, "4.5.3", "another transaction, please")
