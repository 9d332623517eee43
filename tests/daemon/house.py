"""`recado serve` as a process between an LMTP sink, where mail goes, and an SMTP sink, where replies go."""

import asyncio
import os
import re
import signal
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from milter.store import server
from tests.doubles.sink import Sink
from tests.real.processes import Process, short_directory, wait_until
from tests.real.recado import RECADO, Recado

STUDIO, HOME = "ana@estudio.example", "ana@casa.example"


@dataclass
class House:
    recado: Recado
    sink: Sink
    replies: Sink

    async def start(self, *, launcher: tuple[str, ...] = (), env: dict[str, str] | None = None) -> None:
        """Configures and starts it, and returns when it has said `ready`."""
        self.recado.configure()
        self.recado.process = Process(
            [*launcher, RECADO, "serve", "--config", self.recado.file], self.recado.log, env=env
        )
        await asyncio.to_thread(
            self.recado.process.wait_for, lambda: "ready" in self.output.splitlines(), "recado's line `ready`"
        )

    async def stop(self) -> int:
        return await asyncio.to_thread(self.recado.stop)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.recado.process.popen.wait, 60)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await asyncio.to_thread(wait_until, condition, what)

    async def logged(self, text: str, times: int = 1) -> None:
        await self.until(lambda: self.output.count(text) >= times, f"{text!r} in the log")

    def signal(self, number: signal.Signals) -> None:
        """To the parent alone."""
        os.kill(self.pid, number)

    @property
    def output(self) -> str:
        return self.recado.process.output()

    @property
    def pid(self) -> int:
        return self.recado.process.pid

    def port(self, door: str = "lmtp") -> int:
        found = re.findall(rf"event=listening door={door} address=inet:127\.0\.0\.1:(\d+)", self.output)
        assert len(found) == 1, self.output
        return int(found[0])

    @property
    def redis_pid(self) -> int:
        return int((self.recado.directory / "state" / "redis" / "redis.pid").read_text())

    def workers(self) -> list[int]:
        """Children of the parent that are copies of it."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        own = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        return [int(one) for one in children if Path(f"/proc/{one}/cmdline").read_bytes() == own]

    async def send(self, sender: str = "laura@acme.example", *, to: str = STUDIO, door: str = "lmtp") -> None:
        """One mail; SMTPException, ConnectionError or SMTPRecipientsRefused when it is not taken."""
        await asyncio.to_thread(self.send_now, self.port(door), sender, to, door)

    @staticmethod
    def send_now(port: int, sender: str, to: str = STUDIO, door: str = "lmtp") -> None:
        client = smtplib.LMTP if door == "lmtp" else smtplib.SMTP
        name = sender.partition("@")[0]
        text = f"From: {sender}\r\nTo: {to}\r\nSubject: {name}\r\nMessage-ID: <{name}@x.example>\r\n\r\nHola\r\n"
        session = client("127.0.0.1", port, timeout=60)
        try:
            session.sendmail(sender, [to], text)
        finally:
            session.close()  # a daemon that stops would answer QUIT with its 421

    @property
    def answered(self) -> list[str]:
        return [address for one in self.replies.delivered for address, _ in one.rcpts]

    def subjects(self) -> list[str]:
        """Of the mail that came in; copies of replies go the same way."""
        found = [re.search(rb"Subject: ([a-z0-9]+)\r\n", one.data) for one in self.sink.delivered]
        return [one[1].decode() for one in found if one]


@asynccontextmanager
async def house(
    *, doors: tuple[str, ...] = ("lmtp",), listen: str = "inet:127.0.0.1:0", **more: object
) -> AsyncIterator[House]:
    with short_directory("rd") as directory:
        async with Sink(lmtp=True) as sink, Sink() as replies:
            hops = {"lmtp": f"lmtp:inet:127.0.0.1:{sink.port}", "smtp": f"smtp:inet:127.0.0.1:{replies.port}"}
            recado = Recado(directory, {one: (listen, hops[one]) for one in doors}, replies.port, **more)  # type: ignore[arg-type]
            here = House(recado, sink, replies)
            try:
                yield here
            finally:
                if hasattr(recado, "process"):
                    await asyncio.to_thread(recado.process.kill)
                server.ask(directory / "state" / "redis.sock", "SHUTDOWN", "NOSAVE")


def gone(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
