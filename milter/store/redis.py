"""The store of the installation: one Redis behind two waits a message, and beside them a room each for what else is kept.

Every call answers within 250 ms a wait or raises StoreAway. Instants are handed in; the clock here only measures spans.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from milter.core.keys import Keys
from milter.errors import StoreAway
from milter.store import codec, owners, senders, today
from milter.store.api import Event, FactsQuery, Settled, StoredFacts
from milter.store.history import History
from milter.store.identity import SILENCE, ForeignStore, Remembered, StoreState, eviction_policy, identify
from milter.store.layout import Layout
from milter.store.link import AWAY, Link
from milter.store.promises import Promises
from milter.store.replies import Replies
from milter.store.reputation import Reputation
from milter.store.today import Today

__all__ = ["ForeignStore", "RedisStore", "StoreState"]

log = logging.getLogger("milter.store")

UNREADABLE = "a reputation cannot be read: a foreign value in its place"


class RedisStore:
    """`url` redis://, rediss:// or unix://. `state_dir` None: a scratch store, nothing is remembered outside it.

    `read_only`: never writes, so it neither makes the store ours nor notices its loss. `changed`: call `prepare` again,
    the state it answered no longer holds. `clock`: seconds that never jump, the running loop's own if not given.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        state_dir: Path | None = None,
        read_only: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.link = Link(url)
        self.changed = False
        self.state: StoreState | None = None
        self._keys = keys
        self._layout = Layout(keys)
        self.today = Today(self.link, self._layout)
        self.promises = Promises(self.link, self._layout)
        self.reputation = Reputation(self.link, self._layout)
        self.history = History(self.link, self._layout)
        self.replies = Replies(
            self.link, self._layout, self.today, self.promises, self.reputation, self._policy_changed
        )
        self._file = state_dir / "store-id" if state_dir else None
        self._read_only = read_only
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._policy_seen = -math.inf
        self._preparing = asyncio.Lock()

    async def close(self) -> None:
        await self.link.close()

    async def prepare(self, now: datetime) -> StoreState:
        """Makes the store ours or finds it so. ForeignStore if it is somebody else's, StoreAway if it is away."""
        async with self._preparing:
            return await self._identify(now)

    async def _identify(self, now: datetime) -> StoreState:
        file, known = self._file, Remembered()
        if file:
            known = await asyncio.to_thread(Remembered.read, file)
        if self.state and not known.store_id:
            known = Remembered(self.state.store_id, self.state.lost_at)
        found = await identify(self.link, self._keys, known, now)
        if file and found != known:
            await asyncio.to_thread(found.write, file)
        self.state = StoreState(found.store_id, found.lost_at, await self._policy())
        self.changed = False
        return self.state

    async def _policy(self) -> str:
        policy = await eviction_policy(self.link)
        self._policy_seen = self._clock()
        if policy not in ("noeviction", ""):
            log.warning(
                "redis evicts keys: no reply is sent until maxmemory-policy is noeviction", extra={"policy": policy}
            )
        return policy

    @property
    def _store_id(self) -> str:
        return self.state.store_id if self.state else ""

    async def _renew(self, now: datetime, asked_as: str) -> None:
        """A slot does not know the id that it was asked with: find out why, once for all who ask at the same time."""
        async with self._preparing:
            if self._store_id != asked_as:
                return
            try:
                await self._identify(now)
            except ForeignStore as foreign:
                raise StoreAway(str(foreign)) from foreign
            finally:
                self.changed = True

    async def facts(self, query: FactsQuery) -> StoredFacts:
        """What is known of one message. Writes nothing; one wait.

        Where a server of a Cluster is away that knows only the sender, his standing is Missing, and no outcome is remembered.
        """
        asked_as = self._store_id
        theirs, mine = senders.asked(query, self._layout), owners.asked(query, self._layout)
        commands = [one.command(self._layout, "" if self._read_only else asked_as) for one in mine]
        answers = await self.link.some("facts", [*theirs, *commands], missing=None)
        records = answers[len(theirs) :]
        if None in records:
            raise StoreAway(AWAY)  # nobody may be answered of whom it is not known whether he was
        if owners.lost(records):
            await self._renew(query.now, asked_as)
            mine, records = [], []  # `lost_at` says that this means nothing
        lost_at = self.state.lost_at if self.state else None
        readable, values, standing = senders.answered(query, answers[: len(theirs)], lost_at)
        if not readable:
            log.warning(UNREADABLE)
        done = {
            key.digest: reply
            for key, value in zip(query.done, values, strict=True)
            if (reply := codec.decode_done(value, key, query.now)) is not None
        }
        return replace(owners.answered(mine, records, query.now), done=done, standing=standing, lost_at=lost_at)

    async def settle(self, event: Event) -> Settled:
        """Remembers, counts, claims and journals. One wait; the same event again changes nothing, answers the same."""
        if self.state is None:
            await self._renew(event.now, "")
        asked_as = self._store_id
        answers = await self._settle(event)
        if owners.lost(answers):
            await self._renew(event.now, asked_as)
            answers = await self._settle(event)
        if owners.lost(answers):
            raise StoreAway("the store was lost again")
        return Settled(owners.claimed(answers), self._silent(event.now))

    async def _settle(self, event: Event) -> list[list[bytes]]:
        """What the owners' slots answer."""
        theirs = senders.left(event, self._layout)
        mine = owners.left(event, self._layout, self._store_id, silent=self._silent(event.now))
        changes = [today.command(self._layout, *one, event.now, event.id) for one in event.changes]
        commands = [*theirs, *mine, *changes]
        answers = await self.link.run("settle", commands) if commands else []
        if b"unreadable" in answers[: len(theirs)]:
            log.warning(UNREADABLE)
        return answers[len(theirs) : len(theirs) + len(mine)]

    def _silent(self, now: datetime) -> bool:
        """Whether claims cannot be trusted. An event that waited over the loss carries an earlier instant."""
        return bool(self.state and self.state.lost_at and now < self.state.lost_at + SILENCE)

    async def _policy_changed(self, pause: float) -> bool:
        """Whether it has changed: then `changed` is set, too. Not looked at again within `pause` seconds."""
        if self.state is None or self._clock() < self._policy_seen + pause:
            return False
        other = await self._policy() != self.state.eviction
        self.changed = self.changed or other
        return other
