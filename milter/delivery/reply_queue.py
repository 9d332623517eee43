"""The reply worker: leases what is due, decides again, renders, signs and submits. Every worker process runs one.

`handed` is written to the store before the final dot: a reply that may have left is never sent again .
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from milter.core import acknowledgement, message
from milter.core.decision import Reason
from milter.core.envelope import Peer
from milter.core.reply_job import State
from milter.delivery.next_hop import Outgoing, Sender, outcome_unknown
from milter.delivery.writer import NotWritten, Writer
from milter.errors import SmtpReply, StoreAway
from milter.settings.values import Settings
from milter.store.api import Job
from milter.store.redis import RedisStore

log = logging.getLogger("milter.replies")

AT_ONCE = 10  # replies in flight a worker: inbound mail keeps the machine
LONGEST_SLEEP = 5.0  # seconds: another worker may have queued something we were not woken for
RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))  # three in under four hours, then given up


@dataclass(slots=True)
class ReplyQueue:
    """`now` is the only clock it reads. `withhold_all(now)` gives a reason while no reply at all may leave (store lost)."""

    settings: Callable[[], Settings]
    store: RedisStore
    next_hop: Callable[[Settings], Sender | None]
    now: Callable[[], datetime]
    withhold_all: Callable[[datetime], Reason | None] = lambda now: None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _in_hand: set[asyncio.Task[None]] = field(default_factory=set)
    _writer: Writer = field(default_factory=Writer)

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Works until close(). A store that is away only makes it wait."""
        while not self._stopping:
            self._wake.clear()
            try:
                pause = await self._round()
            except StoreAway:
                pause = LONGEST_SLEEP
            except Exception:  # noqa: BLE001 - outermost loop of the worker: logged, and the next round comes
                log.exception("a round of the reply queue failed")
                pause = LONGEST_SLEEP
            if pause > 0 and not self._stopping:
                await _until(self._wake, pause)

    async def close(self) -> None:
        """Leases nothing more and waits for what is in hand; what is due stays due."""
        self._stopping = True
        self._wake.set()
        if self._in_hand:
            await asyncio.wait(self._in_hand)

    async def _round(self) -> float:
        """Starts what is due; seconds until the next look."""
        room = AT_ONCE - len(self._in_hand)
        jobs = await self.store.lease(self.now(), room) if room else []
        for job in jobs:
            task = asyncio.create_task(self._work(job))
            self._in_hand.add(task)
            task.add_done_callback(self._done)
        if jobs:
            return 0
        due = await self.store.next_due()
        return LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, max(0.05, (due - self.now()).total_seconds()))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._wake.set()

    async def _work(self, job: Job) -> None:
        try:
            await self._send(job)
        except StoreAway as away:
            # Leased jobs come back by themselves after a minute; handed ones are listed as unknown. Neither is sent twice.
            log.warning("a reply waits: the store is away", extra={"cause": str(away)})
        except Exception:  # noqa: BLE001 - one broken job must not stop the queue; it is given up with its reason
            log.exception("a reply failed")
            await self._finish(job, State.WITHHELD, "reply-withheld-internal-error")

    async def _send(self, job: Job) -> None:
        settings, now = self.settings(), self.now()
        owner = settings.policy.owner(job.intent.owner)
        reason = self.withhold_all(now) or acknowledgement.still_due(job.intent, now, settings.policy)
        if reason or owner is None:
            await self._finish(job, State.WITHHELD, reason.code if reason else "reply-withheld-owner-gone")
            return
        hop = self.next_hop(settings)
        if hop is None:
            await self._finish(job, State.WITHHELD, "reply-withheld-no-next-hop")
            return
        try:
            content = self._writer.write(settings, job.intent, now, count=job.count)
        except NotWritten as error:
            log.error(
                "a reply cannot be written",
                extra={"owner": owner.id, "template": job.intent.template, "cause": str(error)},
            )
            await self._finish(job, State.WITHHELD, "reply-withheld-not-written")
            return
        outcome = await self._submit(hop, job, content, settings.policy.bounce_address)
        await self._settle(job, outcome)

    async def _submit(self, hop: Sender, job: Job, content: bytes, bounce_address: str) -> SmtpReply:
        written = message.parse(content)
        params = ("SMTPUTF8",) if job.intent.smtputf8 else ()
        # RFC 3834 section 3.3 and RFC 5230 section 5.1: nobody wants a bounce of an automatic reply.
        never = () if bounce_address else ("NOTIFY=NEVER",)
        outgoing = Outgoing(
            mail_from=bounce_address,
            params=params,
            recipients=((job.intent.correspondent, never),),
            header=written.header,
            message=written,
            peer=Peer(),
        )
        (outcome,) = await hop.send(outgoing, before_dot=self._hand(job))
        return outcome

    def _hand(self, job: Job) -> Callable[[], Awaitable[bool]]:
        async def hand() -> bool:
            return await self.store.handed(job, self.now())

        return hand

    async def _settle(self, job: Job, outcome: SmtpReply) -> None:
        if outcome.accepted:
            await self._finish(job, State.SENT, "reply-sent")
        elif outcome_unknown(outcome):
            await self._finish(job, State.UNKNOWN, "reply-unknown-connection-lost")
        elif outcome.permanent:
            await self._finish(job, State.WITHHELD, "reply-failed-refused")
        elif job.attempts >= len(RETRIES):
            await self._finish(job, State.WITHHELD, "reply-failed-gave-up")
        else:
            now = self.now()
            await self.store.retry(job, now + RETRIES[job.attempts], now, "reply-deferred-next-hop")
            log.info("reply deferred", extra={"reply": str(outcome), "attempts": job.attempts + 1})

    async def _finish(self, job: Job, state: State, code: str) -> None:
        await self.store.finish(job, state, self.now(), code)
        log.info("reply %s", state, extra={"owner": job.intent.owner, "template": job.intent.template, "reason": code})


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
