"""What verifying DKIM costs, beside dkimpy's own verify(), and how long the event loop stands still meanwhile.

    python -m tests.bench.dkim

One mail after the other, relaxed/relaxed, its key in the resolver's memory; then bodies that make dkimpy quadratic; then small
mail while the child process is busy with large. A heartbeat on the loop tells the longest stall of each, and how much of the
longest was our own work (CPU of the loop's thread between two beats): the rest is other programs on the same cores, as the stall
of a loop with nothing to do shows.
"""

import asyncio
import contextlib
import os
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from statistics import median, quantiles

import dkim as dkimpy

from milter.core import canonical
from milter.core.message import Message
from milter.lookup.dkim import ON_LOOP, verify_signatures
from milter.lookup.dns import Budget, Resolver
from milter.lookup.process import HashProcess
from tests.doubles.dns_server import DnsServer
from tests.lookup.post import HEADER, KEYS, NOW, Post

LINE = b"Os paso los  planos del local, con las cotas que faltaban y la memoria.\r\n"
HOSTILE = {
    "a line of spaces": b" " * ON_LOOP,
    "pairs of blanks": b"a  " * (ON_LOOP // 3),
    "tabs": b"a\t\t\t" * (ON_LOOP // 4),
    "blank lines": b"\r\n" * (ON_LOOP // 2),
    "lines of blanks": b" \t\r\n" * (ON_LOOP // 4),
}
KINDS = {"RSA-2048": "rsa-sha256", "Ed25519": "ed25519-sha256"}
SIZES = {  # bytes, rounds
    "4 KB": (4_000, 1_000),
    "100 KB": (100_000, 300),
    "256 KB": (ON_LOOP, 200),
    "10 MB": (10_000_000, 30),
}
IN_FILE = 1 << 20  # bytes of a body that a door keeps in memory
BEAT = 0.001


@dataclass
class Heart:
    """Since listen(), in seconds: the `longest` stall of the loop, and the most `work` between two beats."""

    longest: float = 0.0
    work: float = 0.0

    async def beat(self) -> None:
        before, worked = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(BEAT)
            now, work = time.perf_counter(), time.thread_time()
            self.longest = max(self.longest, now - before - BEAT)
            self.work = max(self.work, work - worked)
            before, worked = now, work

    async def listen(self) -> None:
        """What stood before is over."""
        await asyncio.sleep(20 * BEAT)
        self.longest = self.work = 0.0

    def __str__(self) -> str:
        return f"   longest stall {self.longest * 1000:6.1f} ms, own work {self.work * 1000:5.1f} ms"


@dataclass
class Bench:
    resolver: Resolver
    child: HashProcess
    heart: Heart

    async def once(self, mail: Message) -> float:
        """Seconds, for a mail as it comes from a door: nothing of it read yet. Ends the program if it does not pass."""
        one = Message(mail.header, mail.body)
        before = time.perf_counter()
        found = await verify_signatures(one, self.resolver, Budget.start(60), NOW, self.child)
        took = time.perf_counter() - before
        if {each.result for each in found} != {"pass"}:
            raise SystemExit(f"bench: {found}")
        return took

    async def line(self, what: str, mail: Message, rounds: int) -> None:
        for _ in range(3):
            await self.once(mail)
        await self.heart.listen()
        took = []
        for _ in range(rounds):
            took.append(await self.once(mail))
            await asyncio.sleep(0)
        show(what, took, str(self.heart))

    async def idle(self) -> None:
        await self.heart.listen()
        await asyncio.sleep(1)
        print(f"{'a loop with nothing to do':63}{self.heart}", flush=True)


def show(what: str, took: list[float], stall: str = "") -> None:
    p50, p99 = median(took) * 1000, quantiles(took, n=100)[98] * 1000
    print(f"{what:30} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms{stall}", flush=True)


def signed(body: bytes, algorithm: str = "rsa-sha256") -> Message:
    body_hash = b64encode(sha256(canonical.relaxed(body)).digest()).decode()  # dkimpy's form would take minutes on some
    post = Post(body=body, tags={"a": algorithm, "s": algorithm.partition("-")[0], "t": "", "bh": body_hash})
    return Message(post.signature() + HEADER, body)


def five() -> Message:
    header = HEADER + b"X: " + b"x " * 75_000 + b"\r\n"
    signatures = [
        Post(header=header, tags={"h": "from:x", "s": "rsa", "t": "", "n": name}).signature() for name in "abcde"
    ]
    return Message(b"".join(signatures) + header, Post().body)


@contextlib.contextmanager
def as_a_door(mail: Message) -> Iterator[Message]:
    """With a large body in a file."""
    if len(mail.body) <= IN_FILE:
        yield mail
        return
    with tempfile.TemporaryFile() as file:
        file.write(mail.body)
        file.flush()
        with mmap(file.fileno(), 0, access=ACCESS_READ) as body:
            yield Message(mail.header, body)


def theirs(what: str, mail: Message, rounds: int) -> None:
    content, took = mail.header + b"\r\n" + bytes(mail.body), []
    for _ in range(rounds):
        before = time.perf_counter()
        if not dkimpy.verify(content, dnsfunc=lambda name, timeout=5: f"p={KEYS['rsa']}".encode()):
            raise SystemExit("bench: dkimpy does not agree")
        took.append(time.perf_counter() - before)
    show(f"{what}, dkimpy", took)


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    keys = {
        "rsa._domainkey.acme.example TXT": f"v=DKIM1; p={KEYS['rsa']}",
        "ed25519._domainkey.acme.example TXT": f"v=DKIM1; k=ed25519; p={KEYS['ed25519']}",
    }
    with DnsServer(dict(keys)) as server:
        one = Bench(Resolver([server.nameserver]), HashProcess(), Heart())
        beating = asyncio.create_task(one.heart.beat())
        yield one
        beating.cancel()
        await one.child.close()
        await one.resolver.close()


async def main() -> None:
    async with bench() as one:
        await one.idle()
        for name, (size, rounds) in SIZES.items():
            body = (LINE * (size // len(LINE) + 1))[:size]
            for kind, algorithm in KINDS.items():
                with as_a_door(signed(body, algorithm)) as mail:
                    await one.line(f"{name} {kind}", mail, rounds)
            theirs(f"{name} RSA-2048", signed(body), max(2, rounds // 10))
        for name, hostile in HOSTILE.items():
            await one.line(f"256 KB, {name}", signed(hostile), 50)
        await one.line("5 signatures of a 150 KB field", five(), 20)
        await beside(one, signed(LINE * 50), signed(LINE * (10_000_000 // len(LINE))))
        await anew(one)
        await one.idle()


async def beside(one: Bench, small: Message, large: Message) -> None:
    """Small mail while the child never rests."""
    done = False

    async def keep_busy() -> None:
        while not done:
            await one.once(large)

    busy = asyncio.create_task(keep_busy())
    await one.heart.listen()
    took = []
    for _ in range(1_000):
        took.append(await one.once(small))
        await asyncio.sleep(BEAT)
    show("4 KB, while 10 MB are verified", took, str(one.heart))
    done = True
    await busy


async def anew(one: Bench) -> None:
    """A killed child and the first answer of the next."""
    await one.heart.listen()
    took = []
    for _ in range(20):
        if one.child.pid:
            os.kill(one.child.pid, 9)
        await asyncio.sleep(0.05)
        before = time.perf_counter()
        await one.child.hashes(b"x", ["simple"], asyncio.get_running_loop().time() + 60)
        took.append(time.perf_counter() - before)
    show("a new child", took, str(one.heart))


if __name__ == "__main__":
    asyncio.run(main())
