"""`make bench-reputation`: what the reputation of senders costs, beside rspamd's layout and plain commands on the same server.

    python -m tests.bench.reputation [--senders 1000,100000,1000000] [--messages 3000] [--svg FILE]

Memory: a server each, filled with the same senders; what counts is used_memory more than before. Time: one connection over a
Unix socket through the daemon's own client, layouts in turns, so that all see the same machine; then Redis's own count. With
`--senders 1000,100000` it takes a minute, with a million some more. `--svg` draws two of the stories.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from unittest.mock import patch

import redis

from milter.core.evidence import Evidence, Kind
from milter.core.reply_job import ClaimKey, ReplyKind
from milter.core.sender import of_address
from milter.store import layout as layouts
from milter.store import link
from milter.store.api import DoneKey, Event, FactsQuery, JournalEntry
from milter.store.layout import Layout
from milter.store.link import Command, Link
from milter.store.node import Node
from milter.store.redis import RedisStore
from tests.bench.reputation_layouts import FILL, KEYS, NOW, WORK, address
from tests.bench.reputation_picture import picture
from tests.core.reputation_stories import Model, stories, told
from tests.doubles.redis_server import BINARIES, RedisServer, redis_server

SENDERS_BEHIND = 100_000  # in the store while time is measured
ROUNDS, AT_ONCE = 5, 50
HUNDRED_MILLION = 100_000_000
SLOW = 100  # microseconds from which a script is listed


@contextmanager
def server() -> Iterator[tuple[RedisServer, "redis.Redis[bytes]"]]:
    with redis_server(BINARIES[0]) as one:
        client = redis.Redis(unix_socket_path=str(one.socket))
        try:
            yield one, client
        finally:
            client.close()


def memory(client: "redis.Redis[bytes]") -> tuple[int, int]:
    found: dict[str, Any] = client.info("memory")
    return found["used_memory"], found["used_memory_rss"]


def cost(name: str, senders: int) -> tuple[float, float, float, int]:
    """Bytes a sender, RSS a sender, bytes a record; how many records."""
    with server() as (_, client):
        before = memory(client)
        records = FILL[name](client, senders, Layout(KEYS))
        after = memory(client)
    used = after[0] - before[0]
    return used / senders, (after[1] - before[1]) / senders, used / records, records


def memories(sizes: list[int]) -> None:
    print("\nMemory: bytes of used_memory (and RSS) a sender, his share of his domain's record included")
    print(f"{'':18}" + "".join(f"{size:>26,}" for size in sizes))
    for name in FILL:
        cells = []
        for size in sizes:
            used, rss, record, _ = cost(name, size)
            cells.append(f"{used:9.1f} ({rss:6.1f}), {record:5.1f} each")
        print(f"{name:18}" + "".join(f"{one:>26}" for one in cells), flush=True)


def hundred_million() -> None:
    """As dense as a hundred million senders would lie in all slots, in few of them."""
    slots = 16
    senders = HUNDRED_MILLION * slots // layouts.BUCKETS
    with patch.object(layouts, "BUCKETS", slots), server() as (_, client):
        client.config_set("slowlog-log-slower-than", SLOW)
        client.config_set("slowlog-max-len", 10_000)
        before = memory(client)
        records = FILL["recado"](client, senders, Layout(KEYS))
        slow = sorted(one["duration"] for one in client.slowlog_get(10_000) if one["command"].startswith(b"EVALSHA"))
        client.slowlog_reset()
        used = memory(client)[0] - before[0]
        hashes = client.dbsize()
    print(
        f"\nA hundred million senders: {senders:,} in {slots} slots lie as dense as they would in {layouts.BUCKETS:,}."
    )
    print(
        f"  {records:,} records in {hashes} hashes, {used / records:.1f} bytes a record, {used / senders:.1f} a sender"
    )
    whole = used / senders * HUNDRED_MILLION / 2**30
    print(f"  x 100,000,000 = {whole:.2f} GiB, {used / slots / 2**10:.0f} KiB a slot; one owner")
    splits = hashes - slots
    usual = median(slow[-splits:]) / 1000 if len(slow) >= splits else SLOW / 1000
    print(
        f"  {splits} times a hash was split meanwhile: usually in {usual:.2f} ms, the longest in {slow[-1] / 1000:.1f} ms"
    )


async def exchange(to: Link, waits: list[list[Any]]) -> list[float]:
    spent = []
    for commands in waits:
        started = time.perf_counter()
        await to.run("bench", commands)
        spent.append(time.perf_counter() - started)
    return spent


async def speeds(messages: int) -> None:
    layout, numbers, share = Layout(KEYS), count(), messages // ROUNDS
    with server() as (one, client):
        for fill in FILL.values():
            fill(client, SENDERS_BEHIND, layout)
        to = Link(one.url)
        seconds: dict[str, list[list[float]]] = {name: [] for name in WORK}
        at_once: dict[str, list[float]] = {name: [] for name in WORK}
        for _ in range(ROUNDS):
            for name, work in WORK.items():
                mails = [work(7919 * number % SENDERS_BEHIND, number, layout) for number in islice(numbers, share)]
                seconds[name] += [await exchange(to, waits) for waits in mails]
                mails = [work(7919 * number % SENDERS_BEHIND, number, layout) for number in islice(numbers, share)]
                at_once[name].append(await together(to, mails))
        print(
            f"\nTime: {messages:,} messages each, in {ROUNDS} rounds, {SENDERS_BEHIND:,} senders in the store, milliseconds"
        )
        heads = ("waits", "a wait p50", "p99", "a mail p50", "p99", "mails/s", f"{AT_ONCE} at once")
        print(f"{'':18}" + "".join(f"{one:>12}" for one in heads))
        for name, found in seconds.items():
            each, whole = [part for mail in found for part in mail], [sum(mail) for mail in found]
            times = "".join(f"{ms(one):>12}" for one in (median(each), p99(each), median(whole), p99(whole)))
            rates = f"{len(whole) / sum(whole):12,.0f}{median(at_once[name]):12,.0f}"
            print(f"{name:18}{median(len(mail) for mail in found):12.0f}{times}{rates}")
        await in_the_daemon(one, client, messages, to)
        await to.close()


async def together(to: Link, work: list[list[list[Any]]]) -> float:
    """Messages a second, AT_ONCE of them under way."""
    waiting = iter(work)

    async def worker() -> None:
        for waits in waiting:
            await exchange(to, waits)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return len(work) / (time.perf_counter() - started)


async def in_the_daemon(one: RedisServer, client: "redis.Redis[bytes]", messages: int, to: Link) -> None:
    """A whole message as the daemon settles it: outcome, journal, claims, changes of today; reputation beside them.

    A PING in between tells what the machine itself makes of a wait.
    """
    store = RedisStore(one.url, KEYS)
    await store.prepare(NOW)
    waits = [0]
    sent = Node.exchange

    async def counted(node: Node, commands: Any, **how: Any) -> Any:
        waits[0] += commands[0].parts[0] != "PING"
        return await sent(node, commands, **how)

    client.config_resetstat()
    asking, leaving, nothing = [], [], []
    with patch.object(Node, "exchange", counted):
        for number in range(messages):
            who = of_address(address(7919 * number % SENDERS_BEHIND))
            done = DoneKey(KEYS.name("done", f"{number}"), f"{number}")
            claim = ClaimKey("ana", "studio", who.name, ReplyKind.ACKNOWLEDGEMENT)
            started = time.perf_counter()
            await store.facts(FactsQuery(NOW, who.place, who, (done,), (claim,), ("ana",), ("ana",)))
            asking.append(time.perf_counter() - started)
            piece = Evidence("ana", who, Kind.ACCEPTED, f"d{number}")
            line = JournalEntry("ana", "sender-is-prospect", {"from": who.name})
            event = Event(
                f"d{number}", NOW, who.place, ((done, "2.0.0 ok", 21600),), journal=(line,), evidence=(piece,)
            )
            started = time.perf_counter()
            await store.settle(event)
            leaving.append(time.perf_counter() - started)
            nothing += await exchange(to, [[Command(("PING",))]])
    spent = client.info("commandstats")["cmdstat_evalsha"]
    print(f"\nA whole message in the daemon's store: {waits[0] / messages:.2f} waits")
    for name, spans in (("facts", asking), ("settle", leaving), ("a PING", nothing)):
        print(f"  {name:6} p50 {ms(median(spans))} ms, p99 {ms(p99(spans))} ms")
    scripts = spent["calls"] / messages
    print(f"  in Redis itself: {spent['usec_per_call']:.0f} us a script, {scripts:.0f} scripts a message")
    await store.close()


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"


def p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[-1]


def stories_table() -> None:
    print("\nStories (tests/cases/reputation.toml), by milter/core/reputation.py")
    for story in stories():
        print(f"\n{story.name}: {story.text}")
        model = Model()
        for one in told(story):
            model.learn(one)
            if one.step:
                share, standing = model.standing(one.who, one.at)
                step = one.step
                after = f", {step.wait} later" if step.wait != "0s" else ""
                what = f"{step.times} x {step.what}{f', one {step.every}' if step.times > 1 else ''}{after}"
                print(
                    f"  {what:34} share {share:.2f}   interval {standing.low:.2f} to {standing.high:.2f}   {standing.code}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--senders", default="1000,100000,1000000")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--svg", type=Path)
    chosen = parser.parse_args()
    stories_table()
    if chosen.svg:
        chosen.svg.write_text(picture())
    link.WAIT = 60.0  # what is measured is how long it takes, not that it is given up
    asyncio.run(speeds(chosen.messages))
    memories([int(one) for one in chosen.senders.split(",")])
    hundred_million()


if __name__ == "__main__":
    main()
