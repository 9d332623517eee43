"""The replies that wait in the shards of their owners: leased, handed over and ended by whatever worker, each once.

One record is the claim, the job and the reply; the scripts move it from state to state.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from milter.core import address, sender
from milter.core.evidence import Kind
from milter.core.reply_job import ClaimKey, State
from milter.store import codec
from milter.store.api import Job
from milter.store.layout import HOUR_OF_ALL, SHARDS, Layout, from_seconds, milliseconds, shard_tag
from milter.store.link import Command, Link, Script
from milter.store.promises import Promises
from milter.store.reputation import Reputation
from milter.store.today import Today

log = logging.getLogger("milter.store")

LEASE = timedelta(seconds=60)
# A server may take its time over the final dot; longer than that, nobody is waiting any more.
HANDED = timedelta(minutes=5)
POLICY_PAUSE, POLICY_PAUSE_WHILE_DUE = 60.0, 1.0  # seconds between two looks at the eviction policy
_LEASE, _MOVE, _HOURLY, _BOUNCE = (Script.load(name) for name in ("lease", "move", "hourly", "bounce"))


@dataclass(frozen=True, slots=True)
class Replies:
    """StoreAway as everywhere. `policy_changed(pause)`: whether the server may evict claims now and might not when it was
    prepared, or the other way round; looked at again only after `pause` seconds."""

    link: Link
    layout: Layout
    today: Today
    promises: Promises
    reputation: Reputation
    policy_changed: Callable[[float], Awaitable[bool]]

    async def next_due(self) -> datetime | None:
        """When the next reply is due or the next lease runs out; None if nothing is queued."""
        commands = [Command(("ZRANGE", f"{shard_tag(shard)}:due", 0, 0, "WITHSCORES")) for shard in range(SHARDS)]
        scores = [float(first[1]) for first in await self.link.some("due", commands, missing=[]) if first]
        return from_seconds(min(scores)) if scores else None

    async def lease(self, now: datetime, limit: int) -> list[Job]:
        """At most `limit` replies due at `now`, ours for a minute. Lists what was handed and never heard of again.

        Empty if the eviction policy has changed: claims may be gone, and a reply be the second.
        """
        if await self.policy_changed(POLICY_PAUSE):
            return []
        seconds = f"{int(milliseconds(now)) / 1000:.3f}"
        commands = [Command(("ZCOUNT", f"{shard_tag(shard)}:due", "-inf", seconds)) for shard in range(SHARDS)]
        shares = _shares(await self.link.some("lease", commands, missing=0), limit)
        if shares and await self.policy_changed(POLICY_PAUSE_WHILE_DUE):
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

    def _lease(self, shard: int, now: datetime, share: int) -> Command:
        tag = shard_tag(shard)
        keys, prefixes = [f"{tag}:due", f"{tag}:journal", f"{tag}:opted"], (f"{tag}:claim:", f"{tag}:wrote:")
        return _LEASE.call(keys, (milliseconds(now), share, _span(LEASE), *prefixes))

    async def within_hourly_limit(self, job: Job, limit: int, of_all: int, now: datetime) -> bool:
        """Counts this reply among those of the last hour. False: `limit` of its identity, or `of_all` altogether, were before."""
        name = self.layout.keys.name("hourly", job.intent.owner, job.intent.identity)
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
        held = _Held(self.layout.shard(key.owner), self.layout.record(key))
        return await self._move(held, now, (State.DUE, State.LEASED), State.CANCELLED, code=reason_code)

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
