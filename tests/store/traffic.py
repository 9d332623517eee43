"""Mail goes on while Redis is in trouble: events are settled, or wait in the outbox; replies leave meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from milter.core.reply_job import State
from milter.errors import StoreAway
from milter.store.api import Event
from milter.store.outbox import Outbox
from milter.store.redis import RedisStore
from tests.store.stories import EVENING, HOUR, event, intent, key, line, request

Answer = TypeVar("Answer")
PATIENCE = 60.0  # seconds: for a busy machine
OWNERS = ("ana", "berta", "carlos", "diana", "elena", "fermin")  # in shards of all three masters


@dataclass
class Traffic:
    """`settled` and `waited` event numbers; `sent` message ids, once for each time that a reply left."""

    store: RedisStore
    outbox: Outbox
    settled: list[int] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def one(self) -> None:
        number = next(self._numbers)
        try:
            await self.store.settle(mail(number))
            self.settled.append(number)
        except StoreAway:
            await self.outbox.put(mail(number))
            self.waited.append(number)

    async def flow(self, stop: asyncio.Event) -> None:
        async def door() -> None:
            while not stop.is_set():
                await self.one()
                await asyncio.sleep(0.002)

        async def courier() -> None:
            while not stop.is_set():
                await self.send()
                await asyncio.sleep(0.02)

        await asyncio.gather(door(), door(), door(), courier())

    async def send(self, later: int = 1) -> None:
        """One round of the reply queue: what is due leaves unless its final dot may not be written."""
        now = EVENING + later * HOUR
        try:
            for job in await self.store.replies.lease(now, 5):
                if await self.store.replies.handed(job, now):
                    self.sent.append(job.intent.message_id)
                    await self.store.replies.finish(job, State.SENT, now, "reply-sent")
        except StoreAway:
            return

    async def settled_more(self, wanted: int) -> None:
        enough = len(self.settled) + wanted
        await _until(lambda: len(self.settled) >= enough)

    async def sent_more(self, wanted: int) -> None:
        enough = len(self.sent) + wanted
        await _until(lambda: len(self.sent) >= enough)

    async def drained(self) -> None:
        """All that waited is settled, and every reply that still may leave has left."""
        await self.outbox.close()
        async with asyncio.timeout(PATIENCE):
            while self.waited and list(self.outbox._directory.glob("*.json")):
                if self.store.changed:
                    await self.store.prepare(EVENING)
                await self.outbox.drain(self.store)
                await asyncio.sleep(0.05)
        before = -1
        while before != len(self.sent):
            before = len(self.sent)
            await self.send(later=2)

    async def journaled(self) -> Counter[str]:
        """How often each event is in the journal."""
        found: Counter[str] = Counter()
        for owner in OWNERS:
            lines = await self.store.history.journal(owner, EVENING - HOUR, 100_000)
            found.update(one.entry.fields["number"] for one in lines if one.entry.code == "reply-queued")
        return found

    async def unknown(self) -> int:
        """Replies that may have left, and nobody knows: handed when the store went away."""
        entries = [one for owner in OWNERS for one in await self.store.history.journal(owner, EVENING - HOUR, 100_000)]
        return sum(one.entry.code == "reply-unknown-crash" for one in entries)

    @property
    def all(self) -> list[int]:
        return sorted((*self.settled, *self.waited))


async def eventually(question: Callable[[], Awaitable[Answer]]) -> Answer:
    """Asked again while it fails: a node that comes back refuses for a while, until the others have heard of it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await question()
            except StoreAway:
                await asyncio.sleep(0.05)


async def _until(enough: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not enough():  # noqa: ASYNC110  # counted by several tasks
            await asyncio.sleep(0.01)


def mail(number: int) -> Event:
    owner = OWNERS[number % len(OWNERS)]
    asked = request(key(f"client{number}@acme.example", owner=owner))
    return event(f"e{number}", intent(str(number), asked), journal=(line(owner=owner, number=str(number)),))
