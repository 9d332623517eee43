"""The one use case, called by every door: examine a transaction, and settle what came of it.

`examine` looks up and decides and never fails for want of a look-up; `settle` is told each recipient's outcome and never makes
mail fail: what cannot be stored waits in the outbox.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from milter.core import (
    authentication_results,
    evidence,
    filing,
    header_edits,
    opt_out,
    overrides,
    pipeline,
    reasons,
    remembered,
    reputation,
    sender,
    standing,
)
from milter.core.decision import Decision, Disposition, SenderClass
from milter.core.envelope import Transaction
from milter.core.evidence import Evidence
from milter.core.facts import Authentication, Facts, Missing
from milter.core.header_edits import Cleaned, HeaderEdits
from milter.core.overrides import Change
from milter.core.reply_job import ClaimKey, taken
from milter.core.sender import Sender
from milter.delivery import today_letter
from milter.delivery.owner_mail import Letter
from milter.errors import SmtpReply, StoreAway
from milter.lookup import authentication
from milter.lookup.authentication import Authenticator
from milter.settings.values import Settings
from milter.store.api import DoneKey, Event, FactsQuery, JournalEntry, Settled, StoredFacts

log = logging.getLogger("milter.service")

# What the store may turn round: the owner closed for today, a stranger turns out to be trusted.
UNDECIDED = frozenset({"reply-withheld-open", "reply-withheld-unknown"})
BEFORE_QUEUE = 6 * 3600  # seconds a remembered outcome is kept: a client that resends does so within hours
BEHIND_QUEUE = 5 * 86400  # behind a queue: Postfix's maximal_queue_lifetime
LARGE = 1 << 20  # bytes from which a message is hashed in a thread (hashlib lets go of the GIL): 50 MB take 60 ms
KEEPING = 0.05  # seconds our 250 waits at most for the outbox's disk: replies never delay mail by more


_TIMELESS = frozenset({SenderClass.ALERT, SenderClass.SPAM, SenderClass.AUTOMATIC})


class Store(Protocol):
    """The two calls a message makes. RedisStore in the daemon; a RedisStore on a scratch server in replay."""

    async def facts(self, query: FactsQuery) -> StoredFacts: ...
    async def settle(self, event: Event) -> Settled: ...


@dataclass(frozen=True, slots=True)
class Copy:
    """What to hand the next hop for one recipient: the address to use and the edits of the header."""

    rcpt_to: str
    edits: HeaderEdits


@dataclass(frozen=True, slots=True)
class Examination:
    """A transaction examined. One entry a recipient, in order: `decisions`, `copies`, `remembered` (the reply given before).

    `as_received`: what to offer when the next hop refuses a recipient that we changed. `digest` "": not remembered.
    `counted`: by recipient, the records that withheld his reply because this person was answered already.
    """

    transaction: Transaction
    settings: Settings
    decisions: tuple[Decision, ...]
    copies: tuple[Copy, ...]
    as_received: tuple[Copy, ...]
    remembered: tuple[SmtpReply | None, ...]
    digest: str
    facts: Facts
    counted: tuple[tuple[ClaimKey, ...], ...]


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
        query = _query(transaction, settings, digest, draft, believed.authentication)
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
        # Most mail comes from somebody of whom nothing is recorded but the usual: then the draft is the decision.
        usual = len(stored.standing) == len(query.judges) and all(map(reputation.is_usual, stored.standing.values()))
        known = away or stored.claims or stored.people or stored.overrides or not usual
        decided = (
            tuple(pipeline.decide(transaction, one, facts, policy) for one in transaction.recipients)
            if known
            else draft
        )
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
            _all_remembered(stored, transaction, settings, digest),
            digest,
            facts,
            tuple(_answered(asked, answer, stored, transaction) for asked, answer in zip(draft, decided, strict=True)),
        )

    async def _untouched(self, transaction: Transaction, settings: Settings, digest: str) -> Examination:
        """As it came, less the fields that only we may write. What came of an earlier try is still remembered."""
        decisions = tuple(
            reasons.because(Decision(one.address), "passed-internal-error") for one in transaction.recipients
        )
        try:
            believed = authentication_results.believed(transaction, settings.policy)
            edits = HeaderEdits(header_edits.clean(transaction.message, believed, settings.policy).remove)
            query = _query(transaction, settings, digest, (), Missing("internal error"))
            before = _all_remembered((await self._look_up(query))[0], transaction, settings, digest)
        except Exception:  # as above: the same defect may be met again
            log.exception("deciding failed again: passed on byte for byte")
            edits, before = HeaderEdits(), (None,) * len(decisions)
        copies = tuple(Copy(one.rcpt_to, edits) for one in decisions)
        return Examination(
            transaction, settings, decisions, copies, copies, before, digest, Facts(), ((),) * len(decisions)
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
        event = _event(examination, outcomes)
        if event is None:
            return Settled(frozenset())
        for one in _letters(examination, outcomes):
            self.post(examination.settings, one)
        try:
            settled = await self.store.settle(event)
        except StoreAway as away:
            # Whether it can be kept there is the outbox's to say.
            log.warning("the store is away: an event goes to the outbox", extra={"cause": str(away)})
            if kept := self.keep(event):
                await asyncio.wait({kept}, timeout=KEEPING)
            return Settled(frozenset(), waits=True)
        if claimed := [one.not_before for one in event.replies if one.message_id in settled.claimed]:
            self.wake(min(claimed))
        return settled


async def _digest(transaction: Transaction, settings: Settings, next_hop: str) -> str:
    keys = settings.policy.keys
    if transaction.message.size < LARGE:
        return remembered.digest(keys, transaction, next_hop)
    return await asyncio.to_thread(remembered.digest, keys, transaction, next_hop)


def _answered(
    draft: Decision, decision: Decision, stored: StoredFacts, transaction: Transaction
) -> tuple[ClaimKey, ...]:
    """The records that turned the reply into none; while it is open, or he is unknown, none of them did."""
    if decision.reply is not None or not _may_reply(draft) or _undecided(decision):
        return ()
    now = transaction.now
    return tuple(one.key for one in decision.asked if taken(one, stored.claims.get(one.key), now))


def _query(
    transaction: Transaction,
    settings: Settings,
    digest: str,
    draft: Sequence[Decision],
    known: Authentication | Missing,
) -> FactsQuery:
    return FactsQuery(
        now=transaction.now,
        place=sender.claimed_place(transaction),
        sender=_named(transaction, known, settings),
        done=tuple(_done_key(digest, transaction, settings, one.address) for one in transaction.recipients)
        if digest
        else (),
        claims=tuple(dict.fromkeys(key for one in draft for key in _asked_of(one, transaction, settings))),
        owners=tuple(dict.fromkeys(one.owner.id for one in draft if one.owner and _depends_on_hours(one))),
        judges=tuple(dict.fromkeys(one.owner.id for one in draft if one.owner and evidence.is_kept(one))),
    )


def _named(transaction: Transaction, known: Authentication | Missing, settings: Settings) -> Sender | None:
    """By which name the reputation knows who wrote."""
    brought = authentication.from_client(transaction, settings)
    return sender.named(brought, known, settings.policy.recipient_delimiter)


def _asked_of(decision: Decision, transaction: Transaction, settings: Settings) -> tuple[ClaimKey, ...]:
    """The records that the second decision reads: those of the reply, how many urgent messages there were, who is a stranger."""
    claims = tuple(one.key for one in decision.asked) if _may_reply(decision) else ()
    claims += (decision.urgent.key,) if decision.urgent else ()
    return claims + standing.stranger_asked(decision, transaction, settings.policy.recipient_delimiter)


def _may_reply(draft: Decision) -> bool:
    """Whether there is a reply, or would be one if the owner had closed for today, or the sender's standing were good."""
    return draft.reply is not None or _undecided(draft)


def _undecided(decision: Decision) -> bool:
    return any(one.code in UNDECIDED for one in decision.reasons)


def _depends_on_hours(draft: Decision) -> bool:
    """Whether what the owner changed of his hours may change this decision; machines' mail has no hours."""
    return draft.disposition is Disposition.MARKED and draft.sender_class not in _TIMELESS


def _done_key(digest: str, transaction: Transaction, settings: Settings, rcpt_to: str) -> DoneKey:
    return DoneKey(settings.policy.keys.name("done", digest, rcpt_to) if digest else "", transaction.peer.queue_id)


def _all_remembered(
    stored: StoredFacts, transaction: Transaction, settings: Settings, digest: str
) -> tuple[SmtpReply | None, ...]:
    """What each recipient was answered when this message came before."""
    keys = (_done_key(digest, transaction, settings, one.address) for one in transaction.recipients)
    texts = (stored.done.get(one.digest) if one.digest else None for one in keys)
    return tuple(None if text is None else _reply(text) for text in texts)


def _text(reply: SmtpReply) -> str:
    return f"{reply.enhanced} {reply.text}"


def _reply(remembered_text: str) -> SmtpReply:
    """The inverse of _text: a retry reads the very same words."""
    enhanced, _, text = remembered_text.partition(" ")
    return SmtpReply(250, enhanced, text)


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


def _event(examination: Examination, outcomes: Sequence[SmtpReply]) -> Event | None:
    """None if nothing was accepted or all of it was remembered from before."""
    transaction, settings = examination.transaction, examination.settings
    before = examination.remembered
    accepted = [index for index, one in enumerate(outcomes) if one.accepted and before[index] is None]
    if not accepted:
        return None
    fresh = [(examination.decisions[index], outcomes[index]) for index in accepted]
    keys = settings.policy.keys
    keep = BEHIND_QUEUE if transaction.peer.queue_id else BEFORE_QUEUE
    recipients = [one.rcpt_to for one, _ in fresh]
    name = examination.digest or f"{transaction.id} {transaction.now.isoformat()}"
    return Event(
        id=keys.name("event", name, transaction.peer.queue_id, *recipients),
        now=transaction.now,
        place=sender.claimed_place(transaction),
        done=tuple(
            (_done_key(examination.digest, transaction, settings, one.rcpt_to), _text(outcome), keep)
            for one, outcome in fresh
            if examination.digest
        ),
        replies=tuple(one.reply for one, _ in fresh if one.reply),
        journal=tuple(
            _journal(one, transaction) for one, _ in fresh if one.owner and one.disposition is Disposition.MARKED
        ),
        counted=tuple(dict.fromkeys(key for index in accepted for key in examination.counted[index])),
        opted=tuple(dict.fromkeys(wish for one, _ in fresh for wish in opt_out.opted(one))),
        urgent=tuple(dict.fromkeys(one.urgent for one, _ in fresh if one.urgent)),
        changes=tuple(
            dict.fromkeys(
                (one.owner.id, one.hours.change) for one, _ in fresh if one.owner and one.hours and one.hours.change
            )
        ),
        evidence=_evidence(examination, [one for one, _ in fresh]),
    )


def _evidence(examination: Examination, fresh: Sequence[Decision]) -> tuple[Evidence, ...]:
    """What the message says of its sender, once an owner however many of his addresses it was for."""
    transaction, known, policy = examination.transaction, examination.facts.authentication, examination.settings.policy
    who = _named(transaction, known, examination.settings)
    if who is None or not any(evidence.is_kept(one) for one in fresh):
        return ()
    signed, once = sender.signed(known, who), remembered.content(policy.keys, transaction.message, known)
    found = {(one.owner, one.kind): one for each in fresh for one in evidence.of_message(each, who, signed, once)}
    return tuple(found.values())


def _letters(examination: Examination, outcomes: Sequence[SmtpReply]) -> tuple[Letter, ...]:
    """To owners who changed their hours by this mail: what is in force now."""
    transaction, policy = examination.transaction, examination.settings.policy
    told: dict[str, Letter] = {}
    for decision, outcome, before in zip(examination.decisions, outcomes, examination.remembered, strict=True):
        owner, hours = decision.owner, decision.hours
        if owner is None or hours is None or before is not None or not outcome.accepted:
            continue
        known = examination.facts.overrides
        changes: tuple[Change, ...] = () if isinstance(known, Missing) else known.get(owner.id, ())
        changes += (hours.change,) if hours.change else ()
        in_force = overrides.in_force(changes, transaction.now)
        letter = today_letter.letter(hours, in_force, owner, policy, transaction.id, transaction.now)
        if letter:
            told.setdefault(owner.id, letter)
    return tuple(told.values())


def _journal(decision: Decision, transaction: Transaction) -> JournalEntry:
    owner = decision.owner.id if decision.owner else ""
    last = decision.reasons[-1].code if decision.reasons else ""
    fields = {
        "id": transaction.id,
        "from": transaction.mail_from,
        "to": decision.rcpt_to,
        "class": decision.sender_class or "",
        "client": decision.client.id if decision.client else "",
        "reasons": " ".join(one.code for one in decision.reasons),
    }
    return JournalEntry(owner, last, fields)
