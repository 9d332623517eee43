"""The load: like smtp-source with one connection a mail, but every mail has a sender of its own.

    python -m tests.bench.source PORT RCPT FIRST COUNT SESSIONS

Prints {"seconds", "accepted", "refused"} as JSON. Messages are built before the clock starts.
"""

import asyncio
import json
import sys
import time

BODY = ("Buenas noches, Ana: te paso los cambios de la web para cuando puedas mirarlos.\r\n" * 50).encode()


def message(number: int, rcpt_to: str) -> tuple[bytes, bytes]:
    """Envelope sender and wire form, about 4 KB, of what client `number` writes."""
    sender = f"c{number:06}@acme.example"
    head = (
        f"From: {sender}\r\nTo: {rcpt_to}\r\nSubject: Cambios {number}\r\nMessage-ID: <{number}.bench@acme.example>\r\n"
        "Date: Sat, 21 Nov 2026 23:47:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return sender.encode(), head.encode() + BODY + b".\r\n"


class Session(asyncio.Protocol):
    """One mail, in lock step as smtp-source speaks; `done` gets whether it was accepted."""

    def __init__(self, sender: bytes, rcpt_to: bytes, wire: bytes, done: asyncio.Future[bool]) -> None:
        self.steps = iter(
            [
                b"EHLO bench.example\r\n",
                b"MAIL FROM:<" + sender + b">\r\n",
                b"RCPT TO:<" + rcpt_to + b">\r\n",
                b"DATA\r\n",
                wire,
                b"QUIT\r\n",
            ]
        )
        self.done = done
        self.read = b""
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        last = self.read[self.read.rfind(b"\r\n", 0, -2) + 2 if self.read.count(b"\r\n") > 1 else 0 :]
        if not self.read.endswith(b"\r\n") or last[3:4] == b"-":
            return
        if last[:1] not in b"23":
            self.finish(False)
            return
        self.read = b""
        self.answers += 1
        step = next(self.steps, None)
        if step is None:
            self.finish(True)
        else:
            self.transport.write(step)

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish(False)

    def finish(self, accepted: bool) -> None:
        if not self.done.done():
            self.done.set_result(accepted)
        self.transport.close()


async def run(port: int, rcpt_to: str, first: int, count: int, sessions: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    waiting = [message(number, rcpt_to) for number in range(first + count - 1, first - 1, -1)]
    accepted = 0

    async def session() -> None:
        nonlocal accepted
        while waiting:
            sender, wire = waiting.pop()
            done: asyncio.Future[bool] = loop.create_future()
            await loop.create_connection(
                lambda s=sender, w=wire, d=done: Session(s, rcpt_to.encode(), w, d), "127.0.0.1", port
            )
            if await done:
                accepted += 1

    start = time.perf_counter()
    await asyncio.gather(*(session() for _ in range(sessions)))
    return {"seconds": time.perf_counter() - start, "accepted": accepted, "refused": count - accepted}


if __name__ == "__main__":
    port, rcpt_to, first, count, sessions = sys.argv[1:]
    print(json.dumps(asyncio.run(run(int(port), rcpt_to, int(first), int(count), int(sessions)))))
