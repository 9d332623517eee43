"""The reply worker: leases what is due, decides again, renders, signs and submits. Every worker process runs one.

`handed` is written to the store before the final dot: a reply that may have left is never sent again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from milter import logs
from milter.core import acknowledgement, address, bounces, message
from milter.core.decision import Reason
from milter.core.envelope import Peer
from milter.core.hours import Closed, state_at
from milter.core.owner import Owner
from milter.core.reply_job import ReplyIntent, State
from milter.delivery import copies
from milter.delivery.dialogue import BeforeDot
from milter.delivery.next_hop import Outgoing, Sender, outcome_unknown
from milter.delivery.owner_mail import OwnerMail
from milter.delivery.writer import NotWritten, Writer
from milter.errors import SmtpReply, StoreAway
from milter.settings.values import Settings
from milter.store.api import Job
from milter.store.redis import RedisStore, StoreState

log = logging.getLogger("milter.replies")

AT_ONCE = 10  # replies in flight a worker: inbound mail keeps the machine
LONGEST_SLEEP = 5.0  # seconds: another worker may have queued something we were not woken for
SHORTEST_SLEEP = 0.1  # seconds between two looks at all shards: a burst of claims is one look, not one a message
RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))  # three in under four hours, then given up
PATIENCE = 30.0  # seconds for what is in hand when the daemon stops, as long as a door has
AGAIN = 1.0  # seconds until a store that is away is told again what came of a reply
SHADOW = "reply-shadow-mode"
NEVER = datetime.max.replace(tzinfo=UTC)

Carry = Callable[[BeforeDot], Awaitable[SmtpReply]]


@dataclass(slots=True)
class ReplyQueue:
    """`now` is the only clock it reads. `next_hop` None: there is nowhere to send replies, so they are rehearsed.

    `owner_mail` takes what goes to the owners' own mailboxes; it is closed after the queue.
    """

    settings: Callable[[], Settings]
    store: RedisStore
    next_hop: Callable[[Settings], Sender | None]
    now: Callable[[], datetime]
    owner_mail: OwnerMail = field(default_factory=lambda: OwnerMail(lambda settings: None))
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _next_look: datetime = NEVER
    _running: asyncio.Task[None] | None = None
    _in_hand: set[asyncio.Task[None]] = field(default_factory=set)
    _writer: Writer = field(default_factory=Writer)

    def wake(self, due: datetime | None = None) -> None:
        """Looks again at once, or, told when a new reply is due, only if that is before the next look anyway."""
        if due is None or due < self._next_look:
            self._wake.set()

    def start(self) -> None:
        """Works until close(). A store that is away, or not looked at yet, only makes it wait."""
        self._running = asyncio.create_task(self._run())

    async def close(self, patience: float = PATIENCE) -> None:
        """Leases nothing more and gives what is in hand `patience` seconds; what is due stays due."""
        self._closing.set()
        self._wake.set()
        if self._running:
            await self._running
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            self._next_look = NEVER  # whatever is queued while we look may have come too late for this look
            try:
                pause = await self.turn()
            except StoreAway:
                pause = LONGEST_SLEEP
            except Exception:  # outermost loop of the worker: logged, and the next round comes
                log.exception("a round of the reply queue failed")
                pause = LONGEST_SLEEP
            self._next_look = self.now() + timedelta(seconds=pause)
            await _until(self._closing, SHORTEST_SLEEP)
            await _until(self._wake, pause - SHORTEST_SLEEP)

    async def turn(self) -> float:
        """Starts what is due; seconds until the next look, unless woken before."""
        room = AT_ONCE - len(self._in_hand)
        if room == 0 or self.store.state is None or self.store.changed:
            return LONGEST_SLEEP
        jobs = await self.store.replies.lease(self.now(), room)
        for job in jobs:
            task = asyncio.create_task(self._work(job))
            self._in_hand.add(task)
            task.add_done_callback(self._done)
        if jobs:
            return 0
        due = await self.store.replies.next_due()
        return LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, (due - self.now()).total_seconds())

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._wake.set()

    async def _work(self, job: Job) -> None:
        # Each line about a reply carries the id of the mail that it answers; the context is this task's own.
        logs.transaction_id.set(job.intent.cause)
        try:
            try:
                await self._send(job)
            except StoreAway:
                raise
            except Exception:  # one broken job must not stop the queue
                log.exception("a reply failed")
                await self._finish(job, State.WITHHELD, "reply-withheld-internal-error")
        except StoreAway as away:
            log.warning("a reply waits: the store is away", extra={"cause": str(away)})
            await self._told(lambda: self._put_back(job))

    async def _send(self, job: Job) -> None:
        settings, now = self.settings(), self.now()
        intent = acknowledgement.up_to_date(job.intent, now, settings.policy, job.overrides)
        job, owner = replace(job, intent=intent), settings.policy.owner(intent.owner)
        reason = acknowledgement.still_due(intent, now, settings.policy, job.person, job.overrides) or _memory(
            self.store.state, intent, owner, now
        )
        if reason and reason.code != SHADOW:
            return await self._finish(job, State.WITHHELD, reason.code)
        if owner is None:
            return await self._finish(job, State.WITHHELD, "reply-withheld-owner-gone")
        hop = None if reason else self.next_hop(settings)
        try:
            job = replace(job, intent=self._writer.honest(settings, intent, count=job.count))
            carry = self._reply(settings, job, hop, now) if hop else self._rehearsal(settings, job, now)
        except NotWritten as error:
            told = {"owner": owner.id, "template": intent.template, "cause": str(error)}
            log.error("a reply cannot be written", extra=told)
            return await self._finish(job, State.WITHHELD, "reply-withheld-not-written")
        if not await self.store.replies.within_hourly_limit(
            job, owner.replies.hourly_limit, settings.policy.hourly_limit, now
        ):
            told = {"owner": owner.id, "identity": intent.identity, "limit": str(owner.replies.hourly_limit)}
            log.warning("too many replies in an hour: the rest is withheld", extra=told)
            return await self._finish(job, State.WITHHELD, "reply-withheld-hourly-limit")
        outcome = await self._submit(job, carry)
        if outcome is None:
            return log.info("reply taken back before it left", extra=_named(job))
        return await self._settle(job, outcome, rehearsed=hop is None)

    def _rehearsal(self, settings: Settings, job: Job, now: datetime) -> Carry:
        """To the owner instead: in shadow mode, and where replies have no next hop. Raises NotWritten."""
        letter = self._writer.rehearse(settings, job.intent, now, count=job.count)
        return lambda hand: self.owner_mail.deliver(settings, letter, hand)

    def _reply(self, settings: Settings, job: Job, hop: Sender, now: datetime) -> Carry:
        """To the correspondent, and the copy of it to the owner, for which nobody waits. Raises NotWritten."""
        intent, policy = job.intent, settings.policy
        content = self._writer.write(settings, intent, now, count=job.count)
        written = message.parse(content)
        outgoing = Outgoing(
            mail_from=bounces.return_address(policy, job.name, now),
            params=("SMTPUTF8",) if intent.smtputf8 else (),
            # RFC 3834 section 3.3 and RFC 5230 section 5.1: nobody wants a bounce of an automatic reply, unless we do.
            recipients=((address.as_ascii(intent.correspondent), () if policy.bounce_address else ("NOTIFY=NEVER",)),),
            header=written.header,
            message=written,
            peer=Peer(),
        )

        async def carry(hand: BeforeDot) -> SmtpReply:
            (outcome,) = await hop.send(outgoing, before_dot=hand)
            if outcome.accepted and (copy := copies.copy_of(intent, content, policy)):
                self.owner_mail.post(settings, copy)
            return outcome

        return carry

    async def _submit(self, job: Job, carry: Carry) -> SmtpReply | None:
        """The next hop's reply; None if the job was not ours any more before the final dot, so that nothing left."""
        ours = True

        async def hand() -> bool:
            nonlocal ours
            ours = await self.store.replies.handed(job, self.now())
            return ours

        outcome = await carry(hand)
        return outcome if ours else None

    async def _settle(self, job: Job, outcome: SmtpReply, *, rehearsed: bool) -> None:
        if outcome.accepted and rehearsed:
            await self._told(lambda: self._finish(job, State.WITHHELD, "reply-rehearsed"))
        elif outcome.accepted:
            await self._told(lambda: self._finish(job, State.SENT, "reply-sent"))
        elif outcome_unknown(outcome):
            await self._told(lambda: self._finish(job, State.UNKNOWN, "reply-unknown-connection-lost"))
        elif outcome.permanent:
            await self._told(lambda: self._finish(job, State.WITHHELD, "reply-failed-refused"))
        elif job.attempts >= len(RETRIES):
            await self._told(lambda: self._finish(job, State.WITHHELD, "reply-failed-gave-up"))
        else:
            await self._told(lambda: self._defer(job, outcome))

    async def _told(self, tell: Callable[[], Awaitable[object]]) -> None:
        """Said until the store has heard it, or we stop: then a leased job comes back after a minute, and a handed one is listed
        as unknown. Neither is sent twice."""
        while True:
            try:
                await tell()
                return
            except StoreAway as away:
                if self._closing.is_set():
                    log.warning("the store was not told about a reply", extra={"cause": str(away)})
                    return
                await _until(self._closing, AGAIN)

    async def _put_back(self, job: Job) -> None:
        """Its dot was not written, so it is due at once when the store is back."""
        now = self.now()
        await self.store.replies.retry(job, now, now, "")

    async def _defer(self, job: Job, outcome: SmtpReply) -> None:
        now = self.now()
        await self.store.replies.retry(job, now + RETRIES[job.attempts], now, "reply-deferred-next-hop")
        told = _named(job) | {"reply": f"{outcome.code} {outcome.enhanced}".strip(), "attempts": job.attempts + 1}
        log.info("reply deferred", extra=told)

    async def _finish(self, job: Job, state: State, code: str) -> None:
        await self.store.replies.finish(job, state, self.now(), code)
        log.info("reply %s", state, extra=_named(job) | {"reason": code})


def _memory(state: StoreState | None, intent: ReplyIntent, owner: Owner | None, now: datetime) -> Reason | None:
    """Why the store's memory of who was answered is not to be relied on: after a loss until this identity's next opening."""
    if state is None or owner is None:
        return None
    opening, identity = None, owner.identity(intent.identity)
    schedule = identity.schedule_for(owner.clients.get(intent.client or "")) if identity else None
    if state.lost_at is not None and schedule is not None:
        then = state_at(schedule, state.lost_at)
        opening = (then.opens or NEVER) if isinstance(then, Closed) else None
    return state.withhold(now, opening)


def _named(job: Job) -> dict[str, object]:
    return {"owner": job.intent.owner, "template": job.intent.template, "message_id": job.intent.message_id}


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or so many seconds have passed."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
