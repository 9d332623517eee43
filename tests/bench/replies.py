"""Ten thousand acknowledgements while workers are killed: how many are doubled, how many are missing, and are those listed.

    python -m tests.bench.replies [COUNT]

Clients write through the SMTP door until each is accepted, as a mail server would; a worker is killed with -9 at every tenth
of the replies. At the end each missing reply has to stand in the journal as unknown.
"""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from milter.core.keys import Keys
from milter.store.redis import RedisStore
from milter.store.server import live_url
from tests.bench.source import message
from tests.doubles.sink import Sink
from tests.real.processes import short_directory
from tests.real.recado import Recado

ANA = "ana@estudio.example"
SESSIONS = 10
KILLS = 9
QUIET = 20.0  # seconds without a reply: what is still missing will not come by itself
LONGEST = 900.0  # seconds for the whole run


async def main(count: int) -> int:
    with short_directory("rbk") as directory:
        async with Sink() as inbound, Sink() as outbound:
            door = ("inet:127.0.0.1:0", f"smtp:inet:127.0.0.1:{inbound.port}")
            recado = Recado(directory, {"smtp": door}, outbound.port)
            await asyncio.to_thread(recado.start)
            try:
                async with asyncio.timeout(LONGEST):
                    return await run(recado, inbound, outbound, count)
            finally:
                await asyncio.to_thread(recado.stop)


async def run(recado: Recado, inbound: Sink, outbound: Sink, count: int) -> int:
    port = int(recado.logged().partition("address=inet:127.0.0.1:")[2].split()[0])
    started, killed = time.monotonic(), 0
    waiting = asyncio.Queue[int]()
    for number in range(count):
        waiting.put_nowait(number)
    clients = [asyncio.create_task(client(port, waiting)) for _ in range(SESSIONS)]
    while killed < KILLS:
        goal = count * (killed + 1) // (KILLS + 1)
        await outbound.until(lambda goal=goal: len(outbound.delivered) >= goal)
        os.kill(a_worker(recado), signal.SIGKILL)
        killed += 1
    await asyncio.gather(*clients)
    await settled(outbound, count)
    seconds = time.monotonic() - started
    got = Counter(one.rcpts[0][0] for one in outbound.delivered)
    unknown = await unknown_ones(recado.directory / "state")
    missing = {message(number, ANA)[0].decode() for number in range(count)} - set(got)
    doubled = sum(number - 1 for number in got.values())
    print(f"{count} mails, {killed} workers killed, {seconds:.0f} s: {len(inbound.delivered)} delivered")
    print(f"replies: {len(got)} sent, doubled {doubled}, missing {len(missing)}, unlisted {len(missing - unknown)}")
    return int(doubled > 0 or bool(missing - unknown))


async def client(port: int, waiting: asyncio.Queue[int]) -> None:
    while not waiting.empty():
        number = waiting.get_nowait()
        while not await accepted(port, number):
            pass


async def accepted(port: int, number: int) -> bool:
    sender, wire = message(number, ANA)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        for line in (
            b"",
            b"HELO bench\r\n",
            b"MAIL FROM:<%b>\r\n" % sender,
            b"RCPT TO:<%b>\r\n" % ANA.encode(),
            b"DATA\r\n",
            wire,
        ):
            writer.write(line)
            if not (await reader.readline()).startswith((b"2", b"3")):
                return False
        return True
    except OSError:
        return False
    finally:
        writer.transport.abort()


def a_worker(recado: Recado) -> int:
    children = Path(f"/proc/{recado.process.pid}/task/{recado.process.pid}/children").read_text().split()
    names = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
    return next(pid for pid, name in names.items() if "recado" in name and "redis" not in name)


async def settled(outbound: Sink, count: int) -> None:
    """All have come, or none has for a while (leases run a minute, what was handed over is listed after five)."""
    while len(outbound.delivered) < count:
        before = len(outbound.delivered)
        try:
            async with asyncio.timeout(QUIET + 60):
                await outbound.until(lambda: len(outbound.delivered) > before)  # noqa: B023 - awaited at once
        except TimeoutError:
            return


async def unknown_ones(state: Path) -> set[str]:
    """The correspondents of replies whose outcome is not known, handed ones that nobody came back for included."""
    store = RedisStore(live_url(state), Keys(bytes.fromhex((state / "secret").read_text().strip())), read_only=True)
    try:
        entries = await store.history.journal("ana", datetime(2020, 1, 1, tzinfo=UTC), 1_000_000)
        listed = {one.entry.fields.get("to", "") for one in entries if one.entry.code.startswith("reply-unknown")}
        return listed | {one.intent.correspondent for one in await store.history.queued("ana")}
    finally:
        await store.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)))
