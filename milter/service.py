"""The one use case, called by every door: examine a transaction, and settle what came of it.

`examine` looks up and decides and never fails for want of a look-up; `settle` is told each recipient's outcome and never makes
mail fail: what cannot be stored waits in the outbox.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from milter.core import authentication_results, filing, header_edits, pipeline, reasons, remembered, standing
from milter.core.decision import Decision
from milter.core.envelope import Transaction
from milter.core.facts import Facts, Missing
from milter.core.header_edits import Cleaned, HeaderEdits
from milter.delivery.owner_mail import Letter
from milter.errors import SmtpReply, StoreAway
from milter.examination import Copy, Examination, all_remembered, event_of, letters_of, query_of, withheld_by
from milter.lookup import authentication
from milter.lookup.authentication import Authenticator
from milter.settings.values import Settings
from milter.store.api import Event, FactsQuery, Settled, StoredFacts

log = logging.getLogger("milter.service")

LARGE = 1 << 20  # bytes from which a message is hashed in a thread (hashlib lets go of the GIL): 50 MB take 60 ms
KEEPING = 0.05  # seconds our 250 waits at most for the outbox's disk: replies never delay mail by more


class Store(Protocol):
    """The two calls a message makes. RedisStore in the daemon; a RedisStore on a scratch server in replay."""

    async def facts(self, query: FactsQuery) -> StoredFacts: ...
    async def settle(self, event: Event) -> Settled: ...


class Service:
    """`settings` is swapped as one reference on reload; a transaction keeps the settings it began with.

    `wake` is called when replies were queued, with the instant the first is due; `post` takes a letter to an owner. `keep(event)`
    puts an event where it waits for the store, and what it returns is done when the event is safe there. Without `authenticator`
    nobody is asked who wrote: only results that are believed count.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        keep: Callable[[Event], asyncio.Future[Any] | None],
        authenticator: Authenticator | None = None,
        wake: Callable[[datetime], None] = lambda due: None,
        post: Callable[[Settings, Letter], None] = lambda settings, letter: None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.keep = keep
        self.authenticator = authenticator
        self.wake = wake
        self.post = post

    async def examine(self, transaction: Transaction, next_hop: str) -> Examination:
        """Decides for every recipient. Never raises: a defect of ours passes the message on untouched."""
        settings, digest = self.settings, ""
        try:
            digest = await _digest(transaction, settings, next_hop)
            return await self._examine(transaction, settings, digest)
        except Exception:  # the promise of this house: a bug of ours in deciding never holds mail back
            log.exception("deciding failed: passed on untouched")
        return await self._untouched(transaction, settings, digest)

    async def _examine(self, transaction: Transaction, settings: Settings, digest: str) -> Examination:
        """Decides once without the store: that tells which records would be claimed, so only those are asked for."""
        policy = settings.policy
        believed, draft = await authentication.proven(transaction, settings, self.authenticator)
        facts = Facts(authentication=believed.authentication)
        query = query_of(transaction, settings, digest, draft, believed.authentication)
        stored, away = await self._look_up(query)
        if away:
            gone = Missing(away)
            facts = replace(facts, claims=gone, people=gone, standing=gone, overrides=gone)
        else:
            facts = replace(
                facts,
                claims=stored.claims,
                people=stored.people,
                standing=stored.standing,
                overrides=stored.overrides,
            )
        # Of most mail the store knows nothing that decides anything else: then the draft is the decision.
        usual = not isinstance(stored.standing, Missing) and all(
            standing.as_drafted(one, stored.standing.get(one.owner.id if one.owner else "")) for one in draft
        )
        known = away or stored.claims or stored.people or stored.overrides or not usual
        decided = await authentication.decided(transaction, facts, policy) if known else draft
        decisions = pipeline.one_reply_per_owner(decided)
        cleaned = header_edits.clean(transaction.message, believed, policy)
        copies = tuple(_copy(one, cleaned, transaction, settings) for one in decisions)
        return Examination(
            transaction,
            settings,
            decisions,
            copies,
            tuple(
                _as_received(one, copy, cleaned, transaction, settings)
                for one, copy in zip(decisions, copies, strict=True)
            ),
            all_remembered(stored, transaction, settings, digest),
            digest,
            facts,
            tuple(
                withheld_by(asked, answer, stored, transaction) for asked, answer in zip(draft, decided, strict=True)
            ),
            query,
        )

    async def _untouched(self, transaction: Transaction, settings: Settings, digest: str) -> Examination:
        """As it came, less the fields that only we may write. What came of an earlier try is still remembered."""
        decisions = tuple(
            reasons.because(Decision(one.address), "passed-internal-error") for one in transaction.recipients
        )
        query = FactsQuery(transaction.now, "", None)
        try:
            believed = authentication_results.believed(transaction, settings.policy)
            edits = HeaderEdits(header_edits.clean(transaction.message, believed, settings.policy).remove)
            query = query_of(transaction, settings, digest, (), Missing("internal error"))
            before = all_remembered((await self._look_up(query))[0], transaction, settings, digest)
        except Exception:  # as above: the same defect may be met again
            log.exception("deciding failed again: passed on byte for byte")
            edits, before = HeaderEdits(), (None,) * len(decisions)
        copies = tuple(Copy(one.rcpt_to, edits) for one in decisions)
        return Examination(
            transaction, settings, decisions, copies, copies, before, digest, Facts(), ((),) * len(decisions), query
        )

    async def _look_up(self, query: FactsQuery) -> tuple[StoredFacts, str]:
        """The second: why nothing is known, "" if it is."""
        try:
            return await self.store.facts(query), ""
        except StoreAway as away:
            log.warning("facts are missing: the store is away", extra={"cause": str(away)})
            return StoredFacts(), str(away) or "store away"
        except Exception:  # nor does a bug of ours in the store's room hold mail back, or leave it unmarked
            log.exception("facts are missing: looking up failed")
            return StoredFacts(), "internal error"

    async def settle(self, examination: Examination, outcomes: Sequence[SmtpReply]) -> Settled:
        """Remembers each accepted recipient, counts the sender and claims the replies. Called after the next hop's reply."""
        event = event_of(examination, outcomes)
        if event is None:
            return Settled(frozenset())
        for one in letters_of(examination, outcomes):
            self.post(examination.settings, one)
        people = examination.facts.people
        if isinstance(people, Missing):
            # Who has waited in vain already does not wait again: one time-out a message, not two.
            return await self._keep_for_later(event, people.why)
        try:
            settled = await self.store.settle(event)
        except StoreAway as away:
            return await self._keep_for_later(event, str(away))
        if claimed := [one.not_before for one in event.replies if one.message_id in settled.claimed]:
            self.wake(min(claimed))
        return settled

    async def _keep_for_later(self, event: Event, why: str) -> Settled:
        # Whether it can be kept there is the outbox's to say.
        log.warning("the store is away: an event goes to the outbox", extra={"cause": why})
        if kept := self.keep(event):
            await asyncio.wait({kept}, timeout=KEEPING)
        return Settled(frozenset(), waits=True)


async def _digest(transaction: Transaction, settings: Settings, next_hop: str) -> str:
    keys = settings.policy.keys
    if transaction.message.size < LARGE:
        return remembered.digest(keys, transaction, next_hop)
    return await asyncio.to_thread(remembered.digest, keys, transaction, next_hop)


def _copy(decision: Decision, cleaned: Cleaned, transaction: Transaction, settings: Settings) -> Copy:
    edits = header_edits.edits_for(decision, cleaned, transaction, settings.policy)
    return Copy(filing.delivery_address(decision, settings.policy), edits)


def _as_received(
    decision: Decision, copy: Copy, cleaned: Cleaned, transaction: Transaction, settings: Settings
) -> Copy:
    """A mail that we moved goes back to its own mailbox as it came; one that we only filed keeps our fields."""
    if copy.rcpt_to == decision.rcpt_to:
        return copy
    if decision.moved_to is None:
        return Copy(decision.rcpt_to, copy.edits)
    back = Decision(decision.rcpt_to, decision.owner, decision.identity)
    return Copy(decision.rcpt_to, header_edits.edits_for(back, cleaned, transaction, settings.policy))
