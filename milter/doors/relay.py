"""Carries a transaction from a door to the next hop: examine, send, offer again what was refused because of us, settle."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from milter import logs
from milter.core import header_edits, reasons
from milter.core.envelope import Recipient, Transaction
from milter.doors.setup import Admit
from milter.delivery.next_hop import Outgoing, Sender, is_ours
from milter.errors import SmtpReply
from milter.service import Copy, Examination, Service

log = logging.getLogger("milter.doors")

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
    addressed = service.settings.policy.addressed(recipient.address)
    return (addressed.owner.id, addressed.identity.name) if addressed else None


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
    try:
        await service.settle(examination, replies)
    except Exception:  # noqa: BLE001 - the mail is delivered: whatever settling meets, the peer gets the next hop's reply
        log.exception("settling failed")
    _log(examination, replies)
    return replies


def _because_of_us(outcome: SmtpReply) -> bool:
    """The next hop itself said no. Not so for a lost connection: there the first copy may have been stored."""
    return not outcome.accepted and not is_ours(outcome)


async def _send(
    next_hop: Sender, examination: Examination, copies: tuple[Copy, ...], outcomes: list[SmtpReply | None]
) -> None:
    """One transaction a set of equal edits; recipients with one final address share a delivery. Fills the open outcomes."""
    transaction = examination.transaction
    groups: dict[object, dict[str, list[int]]] = {}
    for index, copy in enumerate(copies):
        if outcomes[index] is None:
            groups.setdefault(copy.edits, {}).setdefault(copy.rcpt_to, []).append(index)
    for group in groups.values():
        indexes = [same[0] for same in group.values()]
        header = header_edits.apply(transaction.message, copies[indexes[0]].edits)
        outgoing = Outgoing(
            mail_from=transaction.mail_from,
            params=transaction.params,
            recipients=tuple((copies[one].rcpt_to, transaction.recipients[one].params) for one in indexes),
            header=header,
            message=transaction.message,
            peer=transaction.peer,
        )
        answers = await next_hop.send(outgoing)
        for same, answer in zip(group.values(), answers, strict=True):
            for index in same:
                outcomes[index] = answer


def _offered_again(examination: Examination, refused: list[int]) -> Examination:
    reason = reasons.reason("filing-refused-next-hop")
    decisions = tuple(
        replace(one, reasons=(*one.reasons, reason)) if index in refused else one
        for index, one in enumerate(examination.decisions)
    )
    return replace(examination, decisions=decisions)


def _log(examination: Examination, replies: tuple[SmtpReply, ...]) -> None:
    """One line a transaction, at its end: codes and counts, never an address or a subject."""
    transaction = examination.transaction
    again = sum(one is not None for one in examination.remembered)
    extra: dict[str, object] = {
        "door": transaction.door,
        "rcpts": len(replies),
        "size": transaction.message.size,
        "classes": ",".join(dict.fromkeys(one.sender_class or "-" for one in examination.decisions)),
        "reasons": ",".join(dict.fromkeys(r.code for one in examination.decisions for r in one.reasons)),
        "reply": " / ".join(dict.fromkeys(str(one) for one in replies))[:200],
    }
    if transaction.peer.queue_id:
        extra["queue_id"] = transaction.peer.queue_id
    if again:
        extra["remembered"] = again
    log.info("carried" if all(one.accepted for one in replies) else "refused", extra=extra)
