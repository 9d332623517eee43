"""Carries a transaction from a door to the next hop: examine, send, offer again what was refused because of us, settle."""

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from milter import logs
from milter.core import address as addresses
from milter.core import header_edits, reasons
from milter.core.decision import Decision, Disposition
from milter.core.envelope import Recipient, Transaction
from milter.core.facts import Authentication, Missing
from milter.core.header_edits import HeaderEdits
from milter.core.message import Message
from milter.delivery.next_hop import Outgoing, Sender, is_ours
from milter.doors.setup import Admit
from milter.errors import SmtpReply
from milter.examination import Copy, Examination
from milter.service import Service
from milter.store.api import Settled

log = logging.getLogger("milter.doors")

_RESULT = re.compile(r"(?<![\w.-])(?:spf|dkim|dmarc)=[a-z]+")  # methodspec (RFC 8601 section 2.2), not policy.dmarc=

Carry = Callable[[Transaction], Awaitable[tuple[SmtpReply, ...]]]


def carry(service: Service, next_hop: Sender, address: str) -> Carry:
    """The function that a door calls with each whole transaction; it answers one reply a recipient, in order.

    `address` names the next hop in the remembered outcome. Raises only for a defect of ours, which the door answers 451.
    """

    async def relay(transaction: Transaction) -> tuple[SmtpReply, ...]:
        token = logs.transaction_id.set(transaction.id)
        try:
            return await _relay(service, next_hop, address, transaction)
        finally:
            logs.transaction_id.reset(token)

    return relay


ANOTHER = SmtpReply(452, "4.5.3", "Send this recipient in a transaction of its own")


def admit(service: Service, next_hop: Sender) -> Admit:
    """The rule of the SMTP doors, where one reply after the dot speaks for every recipient: None accepts the new recipient.

    The first recipient fixes (owner, identity), so that a transaction has one decision. From the second on the next hop is asked
    before we say yes, so that it has one outcome too: a recipient it refuses is refused here, at RCPT.
    """

    async def check(
        mail_from: str, params: tuple[str, ...], so_far: tuple[Recipient, ...], new: Recipient
    ) -> SmtpReply | None:
        if not so_far:
            return None
        if _whose(service, so_far[0]) != _whose(service, new):
            return ANOTHER
        asked = (so_far[0], new) if len(so_far) == 1 else (new,)
        verdicts = await next_hop.verify(mail_from, params, tuple((one.address, one.params) for one in asked))
        if not all(one.accepted for one in verdicts[:-1]):
            return ANOTHER
        return None if verdicts[-1].accepted else verdicts[-1]

    return check


def _whose(service: Service, recipient: Recipient) -> tuple[str, str] | None:
    policy = service.settings.policy
    if addressed := policy.addressed(recipient.address):
        return addressed.owner.id, addressed.identity.name
    # A bounce of a reply of ours is delivered nowhere: it shares no outcome with mail that is.
    return None if policy.bounce_detail(recipient.address) is None else ("", recipient.address)


async def _relay(service: Service, next_hop: Sender, address: str, transaction: Transaction) -> tuple[SmtpReply, ...]:
    examination = await service.examine(transaction, address)
    outcomes: list[SmtpReply | None] = list(examination.remembered)
    await _send(next_hop, examination, examination.copies, outcomes)
    refused = [
        index
        for index, outcome in enumerate(outcomes)
        if outcome
        and _because_of_us(outcome)
        and examination.copies[index].rcpt_to != transaction.recipients[index].address
    ]
    if refused:
        for index in refused:
            outcomes[index] = None
        await _send(next_hop, examination, examination.as_received, outcomes)
        examination = _offered_again(examination, refused)
    replies = tuple(one for one in outcomes if one is not None)
    settled = Settled(frozenset())
    try:
        settled = await service.settle(examination, replies)
    except Exception:  # the mail is delivered: whatever settling meets, the peer gets the next hop's reply
        log.exception("settling failed")
    _log(examination, replies, settled)
    return replies


def _because_of_us(outcome: SmtpReply) -> bool:
    """The next hop itself said no. Not so for a lost connection: there the first copy may have been stored."""
    return not outcome.accepted and not is_ours(outcome)


async def _send(
    next_hop: Sender, examination: Examination, copies: tuple[Copy, ...], outcomes: list[SmtpReply | None]
) -> None:
    """One transaction a set of equal edits. Fills the outcomes that are open."""
    transaction = examination.transaction
    open_ones = [index for index, outcome in enumerate(outcomes) if outcome is None]
    for edits, group in _transactions(examination.decisions, copies, open_ones).items():
        outgoing = Outgoing(
            mail_from=transaction.mail_from,
            params=transaction.params,
            recipients=tuple((copies[one].rcpt_to, transaction.recipients[one].params) for one, *_ in group),
            header=_header(transaction.message, edits),
            message=transaction.message,
            peer=transaction.peer,
        )
        answers = await next_hop.send(outgoing)
        for same, answer in zip(group, answers, strict=True):
            for index in same:
                outcomes[index] = answer


def _transactions(
    decisions: tuple[Decision, ...], copies: tuple[Copy, ...], indexes: list[int]
) -> dict[HeaderEdits, list[list[int]]]:
    """By edits, the deliveries of each transaction: recipients whose mail ends at one address share a delivery.

    What is said of them may differ ("one reply a message at most"), so they are brought together before the edits are compared:
    the first one's are used.
    """
    deliveries: dict[tuple[str, str], list[int]] = {}
    for index in indexes:
        owner, rcpt_to = decisions[index].owner, copies[index].rcpt_to
        place = (owner.id, addresses.normal(rcpt_to)) if owner else ("", rcpt_to)
        deliveries.setdefault(place, []).append(index)
    found: dict[HeaderEdits, list[list[int]]] = {}
    for same in deliveries.values():
        found.setdefault(copies[same[0]].edits, []).append(same)
    return found


def _header(message: Message, edits: HeaderEdits) -> bytes:
    try:
        return header_edits.apply(message, edits)
    except Exception:  # as in examine: a bug of ours never holds mail back
        log.exception("editing the header failed: passed on untouched")
        return message.header


def _offered_again(examination: Examination, refused: list[int]) -> Examination:
    return replace(
        examination,
        decisions=tuple(
            _as_it_came(one) if index in refused else one for index, one in enumerate(examination.decisions)
        ),
    )


def _as_it_came(decision: Decision) -> Decision:
    """A mail that was to be moved stays where it was sent: the reply that says it was moved would be a lie."""
    decision = reasons.because(decision, "filing-refused-next-hop")
    if decision.moved_to is None:
        return decision
    return replace(decision, disposition=Disposition.UNTOUCHED, actions=())


def _log(examination: Examination, replies: tuple[SmtpReply, ...], settled: Settled) -> None:
    """One line a transaction, at its end: codes and counts, never an address, a subject, or the next hop's words with either."""
    transaction, decisions = examination.transaction, examination.decisions
    again = sum(one is not None for one in examination.remembered)
    extra: dict[str, object] = {
        "door": transaction.door,
        "rcpts": len(replies),
        "size": transaction.message.size,
        "classes": ",".join(dict.fromkeys(one.sender_class or "-" for one in decisions)),
        "reasons": ",".join(dict.fromkeys(r.code for one in decisions for r in one.reasons)),
        "reply": " / ".join(dict.fromkeys(f"{one.code} {one.enhanced}".strip() for one in replies)),
    }
    if transaction.peer.queue_id:
        extra["queue_id"] = transaction.peer.queue_id
    if again:
        extra["remembered"] = again
    if any(one.disposition is Disposition.MARKED for one in decisions):
        extra["auth"] = _proof(examination.facts.authentication)
    if any(one.reply for one in decisions):
        extra["queued"] = "store-lost" if settled.lost else "store-away" if settled.waits else len(settled.claimed)
    log.info("carried" if all(one.accepted for one in replies) else "refused", extra=extra)


def _proof(found: Authentication | Missing) -> str:
    """The results, without the domains they are about; in words why there are none."""
    if isinstance(found, Missing):
        return found.why
    return ",".join(_RESULT.findall(found.summary)) or "none"
