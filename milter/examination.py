"""One transaction as it was examined: what it asks of the store, what came of it, and what it leaves there. Looks nothing up."""

from collections.abc import Sequence
from dataclasses import dataclass

from milter.core import evidence, opt_out, overrides, remembered, sender, standing
from milter.core.decision import Decision, Disposition, SenderClass
from milter.core.envelope import Transaction
from milter.core.evidence import Evidence
from milter.core.facts import Authentication, Facts, Missing
from milter.core.header_edits import HeaderEdits
from milter.core.overrides import Change
from milter.core.reply_job import ClaimKey, taken
from milter.delivery import today_letter
from milter.delivery.owner_mail import Letter
from milter.errors import SmtpReply
from milter.lookup import authentication
from milter.settings.values import Settings
from milter.store.api import DoneKey, Event, FactsQuery, JournalEntry, StoredFacts

# What the store may turn round: the owner closed for today, a stranger turns out to be trusted.
UNDECIDED = frozenset({"reply-withheld-open", "reply-withheld-unknown"})
BEFORE_QUEUE = 6 * 3600  # seconds a remembered outcome is kept: a client that resends does so within hours
BEHIND_QUEUE = 5 * 86400  # behind a queue: Postfix's maximal_queue_lifetime
_TIMELESS = frozenset({SenderClass.ALERT, SenderClass.SPAM, SenderClass.AUTOMATIC})


@dataclass(frozen=True, slots=True)
class Copy:
    """What to hand the next hop for one recipient: the address to use and the edits of the header."""

    rcpt_to: str
    edits: HeaderEdits


@dataclass(frozen=True, slots=True)
class Examination:
    """A transaction examined. One entry a recipient, in order: `decisions`, `copies`, `remembered` (the reply given before).

    `as_received`: what to offer when the next hop refuses a recipient that we changed. `digest` "": not remembered.
    `counted`: by recipient, the records that withheld his reply because this person was answered already. `query`: what the store
    was asked.
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
    query: FactsQuery


def withheld_by(
    draft: Decision, decision: Decision, stored: StoredFacts, transaction: Transaction
) -> tuple[ClaimKey, ...]:
    """The records that turned the reply into none; while it is open, or he is unknown, none of them did."""
    if decision.reply is not None or not _may_reply(draft) or _undecided(decision):
        return ()
    now = transaction.now
    return tuple(one.key for one in decision.asked if taken(one, stored.claims.get(one.key), now))


def query_of(
    transaction: Transaction,
    settings: Settings,
    digest: str,
    draft: Sequence[Decision],
    known: Authentication | Missing,
) -> FactsQuery:
    return FactsQuery(
        now=transaction.now,
        place=sender.claimed_place(transaction),
        # By which name the reputation knows who wrote.
        sender=sender.named(
            authentication.from_client(transaction, settings), known, settings.policy.recipient_delimiter
        ),
        done=tuple(_done_key(digest, transaction, settings, one.address) for one in transaction.recipients)
        if digest
        else (),
        claims=tuple(dict.fromkeys(key for one in draft for key in _asked_of(one, transaction, settings))),
        owners=tuple(dict.fromkeys(one.owner.id for one in draft if one.owner and _depends_on_hours(one))),
        judges=tuple(dict.fromkeys(one.owner.id for one in draft if one.owner and evidence.is_kept(one))),
    )


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


def all_remembered(
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


def event_of(examination: Examination, outcomes: Sequence[SmtpReply]) -> Event | None:
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
        place=examination.query.place,
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
    who = examination.query.sender
    if who is None or not any(evidence.is_kept(one) for one in fresh):
        return ()
    signed, once = sender.signed(known, who), remembered.content(policy.keys, transaction.message, known)
    found = {(one.owner, one.kind): one for each in fresh for one in evidence.of_message(each, who, signed, once)}
    return tuple(found.values())


def letters_of(examination: Examination, outcomes: Sequence[SmtpReply]) -> tuple[Letter, ...]:
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
