"""The store of the installation: one Redis behind two waits a message, and the record of replies.

Every call answers within 250 ms a wait or raises StoreAway. Instants are handed in; the clock here only measures spans.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from milter.core import address, sender
from milter.core.evidence import Kind
from milter.core.keys import Keys
from milter.core.reply_job import ClaimKey, State
from milter.errors import StoreAway
from milter.store import codec, owners, senders, today
from milter.store.api import Event, FactsQuery, Job, Journaled, OptedOut, Queued, Settled, StoredFacts
from milter.store.identity import SILENCE, ForeignStore, Remembered, StoreState, eviction_policy, identify
from milter.store.layout import HOUR_OF_ALL, SHARDS, Layout, from_seconds, milliseconds, shard_tag
from milter.store.link import AWAY, Command, Link, Script
from milter.store.promises import Promises
from milter.store.reputation import Reputation
from milter.store.today import Today

__all__ = ["ForeignStore", "RedisStore", "StoreState"]

log = logging.getLogger("milter.store")

LEASE = timedelta(seconds=60)
# A server may take its time over the final dot; longer than that, nobody is waiting any more.
HANDED = timedelta(minutes=5)
POLICY_PAUSE, POLICY_PAUSE_WHILE_DUE = 60.0, 1.0  # seconds between two looks at the eviction policy
PAGE = 500  # journal entries a wait
UNREADABLE = "a reputation cannot be read: a foreign value in its place"
_LEASE, _MOVE, _HOURLY, _BOUNCE = (Script.load(name) for name in ("lease", "move", "hourly", "bounce"))


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
        self._file = state_dir / "store-id" if state_dir else None
        self._read_only = read_only
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._policy_seen = -POLICY_PAUSE
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

    async def next_due(self) -> datetime | None:
        """When the next reply is due or the next lease runs out; None if nothing is queued."""
        commands = [Command(("ZRANGE", f"{shard_tag(shard)}:due", 0, 0, "WITHSCORES")) for shard in range(SHARDS)]
        scores = [float(first[1]) for first in await self.link.some("due", commands, missing=[]) if first]
        return from_seconds(min(scores)) if scores else None

    async def lease(self, now: datetime, limit: int) -> list[Job]:
        """At most `limit` replies due at `now`, ours for a minute. Lists what was handed and never heard of again.

        Empty if the eviction policy is another than `state` says: claims may be gone, and a reply be the second.
        """
        if await self._other_policy(POLICY_PAUSE):
            return []
        seconds = f"{int(milliseconds(now)) / 1000:.3f}"
        commands = [Command(("ZCOUNT", f"{shard_tag(shard)}:due", "-inf", seconds)) for shard in range(SHARDS)]
        shares = _shares(await self.link.some("lease", commands, missing=0), limit)
        if shares and await self._other_policy(POLICY_PAUSE_WHILE_DUE):
            return []
        leases = [self._lease(shard, now, share) for shard, share in shares.items()]
        jobs: list[Job] = []
        answers = await self.link.some("lease", leases, missing=[]) if leases else []
        for shard, answer in zip(shares, answers, strict=True):
            for one in answer:
                try:
                    jobs.append(codec.decode_job(shard, one))
                except ValueError as error:
                    log.error("a queued reply cannot be read and is given up", extra={"cause": str(error)})
                    broken = _Held(shard, one[0].decode(), str(one[2]))
                    await self._move(broken, now, (State.LEASED,), State.WITHHELD, code="reply-withheld-unreadable")
        changed = await self.today.of((one.intent.owner for one in jobs), now)
        return [replace(one, overrides=changed[one.intent.owner]) for one in jobs]

    async def _other_policy(self, pause: float) -> bool:
        """Whether it has changed: then `changed` is set, too. Not looked at again within `pause` seconds."""
        if self.state is None or self._clock() < self._policy_seen + pause:
            return False
        other = await self._policy() != self.state.eviction
        self.changed = self.changed or other
        return other

    def _lease(self, shard: int, now: datetime, share: int) -> Command:
        tag = shard_tag(shard)
        keys, prefixes = [f"{tag}:due", f"{tag}:journal", f"{tag}:opted"], (f"{tag}:claim:", f"{tag}:wrote:")
        return _LEASE.call(keys, (milliseconds(now), share, _span(LEASE), *prefixes))

    async def within_hourly_limit(self, job: Job, limit: int, of_all: int, now: datetime) -> bool:
        """Counts this reply among those of the last hour. False: `limit` of its identity, or `of_all` altogether, were before."""
        name = self._keys.name("hourly", job.intent.owner, job.intent.identity)
        identity = f"{shard_tag(_Held.by(job).shard)}:hour:{name}"
        return await self._within(identity, job, limit, now) and await self._within(HOUR_OF_ALL, job, of_all, now)

    async def _within(self, key: str, job: Job, limit: int, now: datetime) -> bool:
        hour = timedelta(hours=1)
        since, until = milliseconds(now - hour), milliseconds(now + timedelta(minutes=1))
        arguments = (milliseconds(now), since, until, limit, job.intent.message_id, 2 * _span(hour))
        (admitted,) = await self.link.run("hourly", [_HOURLY.call([key], arguments)])
        return bool(admitted)

    async def handed(self, job: Job, now: datetime) -> bool:
        """To be called before the final dot. False: cancelled or not ours any more, so it must not be sent."""
        moved = await self._move(_Held.by(job), now, (State.LEASED,), State.HANDED, again=now + HANDED)
        if moved and (noted := self.promises.handed(job.intent, now)):
            await self.link.run("promises", noted)
        return moved

    async def retry(self, job: Job, at: datetime, now: datetime, reason_code: str) -> bool:
        """Due again `at`, after a definite refusal (4xx). Nobody may call this for an outcome that is not known."""
        before = (State.LEASED, State.HANDED)
        moved = await self._move(_Held.by(job), now, before, State.DUE, again=at, code=reason_code)
        if moved and (noted := self.promises.withdrawn(job.intent)):
            await self.link.run("promises", noted)
        return moved

    async def finish(self, job: Job, state: State, now: datetime, reason_code: str) -> bool:
        """The end of a job: `state` sent, unknown, cancelled or withheld. False if it was not ours any more."""
        before = (State.LEASED, State.HANDED, State.UNKNOWN)
        moved = await self._move(_Held.by(job), now, before, state, code=reason_code)
        if noted := self.promises.ended(job.intent, state, moved, now):
            await self.link.run("promises", noted)
        return moved

    async def bounced(self, name: str, now: datetime, code: str, status: str, silent_until: datetime | None) -> bool:
        """Notes what came back for the record called `name` (`Job.name`). False: it is not known any more.

        Three waits for a hard one; after StoreAway it may be told again, and counts once.
        """
        shard, record = int(name[0], 16), name[1:]
        tag = shard_tag(shard)
        keys = (f"{tag}:claim:{record}", f"{tag}:due", f"{tag}:journal")
        arguments = (record, milliseconds(now), code, status, milliseconds(silent_until))
        (noted,) = await self.link.run("bounced", [_BOUNCE.call(keys, arguments)])
        if noted and silent_until:
            owner, correspondent, reply = (one.decode("utf-8", "surrogatepass") for one in noted)
            await self.promises.bounced(owner, reply)  # nobody has read it
            who = sender.of_address(address.unwrapped(correspondent), "+")
            await self.reputation.learn(owner, who, Kind.BOUNCED, now, f"bounced {name}")
        return bool(noted)

    async def cancel(self, key: ClaimKey, now: datetime, reason_code: str) -> bool:
        """Takes back a reply that is due or leased; its worker learns it from `handed`. False: none, or too late."""
        held = _Held(self._layout.shard(key.owner), self._layout.record(key))
        return await self._move(held, now, (State.DUE, State.LEASED), State.CANCELLED, code=reason_code)

    async def opted_out(self, owner: str) -> list[OptedOut]:
        """Who wants no automatic replies of `owner`, the latest first. One wait: for commands."""
        tag = shard_tag(self._layout.shard(owner))
        (values,) = await self.link.run("opted", [Command(("HVALS", f"{tag}:opted"))])
        found = [one for whose, one in map(codec.decode_opted, values) if whose == owner]
        return sorted(found, key=lambda one: one.since, reverse=True)

    async def queued(self, owner: str) -> list[Queued]:
        """The replies of `owner` that wait, the next first. Reads only: for commands. A page a wait."""
        tag = shard_tag(self._layout.shard(owner))
        (scores,) = await self.link.run("queued", [Command(("ZRANGE", f"{tag}:due", 0, -1, "WITHSCORES"))])
        found: list[Queued] = []
        for at in range(0, len(scores), 2 * PAGE):
            page = list(zip(scores[at : at + 2 * PAGE : 2], scores[at + 1 : at + 2 * PAGE : 2], strict=True))
            read = [Command(("HMGET", f"{tag}:claim:{name.decode()}", "state", "job", "attempts")) for name, _ in page]
            for (_, score), record in zip(page, await self.link.run("queued", read), strict=True):
                one = codec.decode_queued(from_seconds(score), record)
                if one and one.intent.owner == owner:
                    found.append(one)
        return found

    async def _move(
        self,
        held: "_Held",
        now: datetime,
        before: Sequence[State],
        state: State,
        *,
        again: datetime | None = None,
        code: str = "",
    ) -> bool:
        tag = shard_tag(held.shard)
        keys = (f"{tag}:claim:{held.name}", f"{tag}:due", f"{tag}:journal")
        score = f"{int(milliseconds(again)) / 1000:.3f}" if again else ""
        head = (held.name, held.number, " ".join(before), state, score, code, milliseconds(now))
        tail = (held.owner, held.message_id, held.correspondent, held.about, held.opens)
        # Before a reply leaves, a replica must know of it, and so of its claim: nobody sends it again after a failover.
        command = _MOVE.call(keys, (*head, *tail), durable=state is State.HANDED)
        (moved,) = await self.link.run("move", [command])
        return bool(moved)

    async def journal(self, owner: str, since: datetime, limit: int) -> list[Journaled]:
        """The newest `limit` entries of `owner` from `since` on, oldest first. A page a wait: for commands."""
        stream, found, end = f"{shard_tag(self._layout.shard(owner))}:journal", list[Journaled](), "+"
        while len(found) < limit:
            (page,) = await self.link.run("journal", [Command(("XREVRANGE", stream, end, "-", "COUNT", PAGE))])
            entries = [codec.decode_journal(flat) for _, flat in page]
            found += [one for one in entries if one.entry.owner == owner and one.at >= since]
            if len(page) < PAGE:
                break
            end = f"({page[-1][0].decode()}"
        in_turn = found[:limit][::-1]
        return sorted(in_turn, key=lambda one: one.at)


@dataclass(frozen=True, slots=True)
class _Held:
    """A record as a worker holds it. `number` of the lease; "": whoever holds it."""

    shard: int
    name: str
    number: str = ""
    owner: str = ""
    message_id: str = ""
    correspondent: str = ""
    about: str = ""
    opens: str = ""

    @classmethod
    def by(cls, job: Job) -> "_Held":
        shard, name, number = job.record.split(" ")
        intent = job.intent
        to, opens = intent.correspondent, milliseconds(intent.opens)
        return cls(int(shard), name, number, intent.owner, intent.message_id, to, codec.about(intent), opens)


def _shares(waiting: Sequence[int], limit: int) -> dict[int, int]:
    """How many of `limit` to lease by shard, in turns, so that one owner's burst does not keep the others waiting."""
    shares: dict[int, int] = {}
    left = dict(enumerate(waiting))
    while sum(shares.values()) < limit and any(left.values()):
        for shard in [one for one, count in left.items() if count][: limit - sum(shares.values())]:
            shares[shard] = shares.get(shard, 0) + 1
            left[shard] -= 1
    return shares


def _span(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))
